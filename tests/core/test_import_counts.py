"""An import loses nothing and invents nothing: its result is counted again, straight from the JSON of the log."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.realdata import data
from workbench.trace.events import Answer, Reply, ToolResult, UserMessage
from workbench.trace.setup import Setup
from workbench.transcripts.codec import decode, encode
from workbench.transcripts.importers.importing import LogImport
from workbench.transcripts.importers.log_file import Log
from workbench.transcripts.transcript import Transcript

# a neutral conversation: ("user", text), ("agent", text, calls), ("result", id, text)
Item = tuple[Any, ...]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
WORDS = TEXT.filter(lambda text: bool(text.strip()))
ARGS = st.dictionaries(TEXT, st.integers() | TEXT | st.none() | st.lists(st.booleans(), max_size=2), max_size=3)
CONTENT = WORDS | ARGS.map(json.dumps) | st.sampled_from(["", "null", "1.10", "[1, 2]", "{}", '{"a":1}'])


@st.composite
def conversations(draw: st.DrawFn) -> list[Item]:
    """Draw a conversation: ids may repeat, results may be missing, doubled, late, out of order or of nobody."""
    items: list[Item] = []
    number = 0
    for _ in range(draw(st.integers(1, 5))):
        items.append(("user", draw(WORDS)))
        for _ in range(draw(st.integers(0, 2))):
            calls = []
            for _ in range(draw(st.integers(0, 3))):
                number += 1
                calls.append((draw(st.sampled_from([f"c{number}", "same"])), draw(WORDS), draw(ARGS)))
            items.append(("agent", draw(WORDS), calls))
            ids = [id for id, _, _ in calls] + draw(
                st.lists(st.sampled_from(["nobody", "same", "c1"]), max_size=1)
            )
            for id in draw(st.permutations(ids)):
                if draw(st.integers(0, 9)):
                    items.append(("result", id, draw(CONTENT)))
            if not calls:
                break
    return items


def as_openai(items: list[Item]) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for item in items:
        if item[0] == "user":
            made.append({"role": "user", "content": item[1]})
        elif item[0] == "result":
            made.append({"role": "tool", "tool_call_id": item[1], "content": item[2]})
        else:
            calls = [{"id": i, "function": {"name": n, "arguments": json.dumps(a)}} for i, n, a in item[2]]
            made.append({"role": "assistant", "content": item[1], **({"tool_calls": calls} if calls else {})})
    return made


def as_anthropic(items: list[Item]) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for item in items:
        if item[0] == "user":
            made.append({"role": "user", "content": [{"type": "text", "text": item[1]}]})
        elif item[0] == "result":
            block = {"type": "tool_result", "tool_use_id": item[1], "content": item[2]}
            if made and made[-1]["role"] == "user" and made[-1]["content"][-1]["type"] == "tool_result":
                made[-1]["content"].append(block)
            else:
                made.append({"role": "user", "content": [block]})
        else:
            uses = [{"type": "tool_use", "id": i, "name": n, "input": a} for i, n, a in item[2]]
            made.append({"role": "assistant", "content": [{"type": "text", "text": item[1]}, *uses]})
    return made


# the independent counters: one per format


class Counted:
    def __init__(self) -> None:
        self.said: list[str] = []
        self.answered: list[str] = []
        self.calls: list[tuple[str, str, Any]] = []
        self.results: Counter[tuple[str, str]] = Counter()


def count_openai(messages: list[dict[str, Any]]) -> Counted:
    found = Counted()
    for message in messages:
        if message["role"] == "user":
            found.said.append(message["content"])
        elif message["role"] == "tool":
            found.results[message["tool_call_id"], message["content"]] += 1
        elif message["role"] == "assistant":
            found.answered += [message["content"]] if message["content"] else []
            for call in message.get("tool_calls") or []:
                arguments = json.loads(call["function"]["arguments"])
                found.calls.append((call["id"], call["function"]["name"], arguments))
    return found


def count_anthropic(messages: list[dict[str, Any]]) -> Counted:
    found = Counted()
    for message in messages:
        for block in message["content"]:
            match block["type"]:
                case "text" if message["role"] == "user":
                    found.said.append(block["text"])
                case "text":
                    found.answered.append(block["text"])
                case "tool_use":
                    found.calls.append((block["id"], block["name"], block["input"]))
                case "tool_result":
                    found.results[block["tool_use_id"], block["content"]] += 1
    return found


def count_transcript(transcript: Transcript) -> Counted:
    """Count what a transcript has, with what was kept aside."""
    found = Counted()
    ids = {}
    for event in transcript.events:
        if isinstance(event, UserMessage):
            found.said.append(str(event.text))
        elif isinstance(event, Answer):
            found.answered += [b["text"] for b in event.blocks if b["type"] == "text"]
            found.calls += [(call.id, call.tool, call.args) for call in event.calls]
            ids |= {(event.turn, event.answer, call.number): call.id for call in event.calls}
        elif isinstance(event, ToolResult):
            value = event.value if isinstance(event.value, str) else msgspec.json.encode(event.value).decode()
            found.results[ids[event.step_id], event.raw or value] += 1
    for aside in transcript.source.get("aside", []):
        found.results[aside["value"]["id"], aside["value"]["content"]] += 1
    return found


def taken(messages: Any, format: str) -> LogImport:
    work = LogImport(Log.of_bytes(json.dumps(messages).encode(), "log.json"), Setup("shop", imported=True), format)
    work.survey()
    return work


def assert_same(transcript: Transcript, counted: Counted) -> None:
    made = count_transcript(transcript)
    assert made.said == counted.said
    assert made.answered == counted.answered
    assert made.calls == counted.calls
    assert made.results == counted.results
    written = encode(transcript)
    assert decode(written).events == transcript.events
    assert encode(decode(written)) == written


@pytest.mark.parametrize(
    ("write", "count", "format"),
    [(as_openai, count_openai, "openai"), (as_anthropic, count_anthropic, "anthropic")],
    ids=["openai", "anthropic"],
)
@pytest.mark.parametrize("expected", ["openai", "anthropic", "tau-bench", ""])
def test_every_message_call_and_result_of_a_log_is_in_the_transcript(write, count, format, expected) -> None:
    @settings(max_examples=60, deadline=None)
    @given(conversations())
    def check(items: list[Item]) -> None:
        messages = write(items)
        work = taken(messages, expected)
        (transcript,) = work.transcripts()
        counted = count(messages)
        assert_same(transcript, counted)
        assert work.report.messages == len(counted.said)
        assert work.report.calls == len(counted.calls)
        lost = sum(work.report.losses[kind].times for kind in work.report.losses if kind.endswith("-result"))
        assert work.report.results + lost >= counted.results.total()
        if counted.calls:
            assert transcript.source["format"] == format

    check()


@settings(max_examples=40, deadline=None)
@given(st.lists(conversations(), min_size=1, max_size=4), st.booleans(), st.data())
def test_a_bad_conversation_never_changes_the_others(logs: list[list[Item]], lines: bool, dice: Any) -> None:
    bad = dice.draw(st.sampled_from(['{"messages": [{"role"', '{"messages": 7}', '{"messages": ["x"]}', "[7]"]))
    at = dice.draw(st.integers(0, len(logs)))
    rows = [json.dumps({"messages": as_openai(items)}) for items in logs]
    if lines:
        rows.insert(at, bad)
        text = "\n".join(rows) + "\n"
    else:
        text = "[\n" + ",\n".join(rows) + "\n]"
    work = LogImport(Log.of_bytes(text.encode(), "log.jsonl"), Setup("shop", imported=True))
    work.survey()
    made = list(work.transcripts())
    assert len(made) + work.report.repeated == len(logs)
    assert len(work.report.skipped) == (1 if lines else 0)
    if not work.report.repeated:
        for transcript, items in zip(made, logs, strict=True):
            assert_same(transcript, count_openai(as_openai(items)))


def test_the_airline_runs_are_counted_whole() -> None:
    path = data("tau-airline", "gpt-4o-airline-trial0.json")
    runs = json.loads(path.read_bytes())
    work = LogImport(Log.of_file(path), Setup("airline", imported=True), "tau-bench")
    work.survey()
    for run, transcript in zip(runs, work.transcripts(), strict=True):
        counted, made = count_openai(run["traj"]), count_transcript(transcript)
        assert (made.said, made.answered) == (counted.said, counted.answered)
        assert made.calls == counted.calls
        assert made.results == counted.results
    assert not work.report.skipped
    assert not work.report.repeated


@pytest.mark.parametrize(
    "name", ["anthropic-memory-tool", "anthropic-mixed-strict-tool-run", "strict-true-tool-no-output"]
)
def test_recorded_exchanges_with_a_server_are_one_conversation(name: str) -> None:
    path = data("anthropic-wire", f"{name}.json")
    exchanges = json.loads(path.read_bytes())
    work = LogImport(Log.of_file(path), Setup("shop", imported=True))
    work.survey()
    (transcript,) = work.transcripts()
    answer = exchanges[-1]["response"]
    messages = [*exchanges[-1]["request"]["messages"], {"role": "assistant", "content": answer["content"]}]
    blocks = [b if isinstance(b, dict) else {"type": "text", "text": b} for m in messages for b in m["content"]]
    events = transcript.events
    assert work.report.repeated == len(exchanges) - 1
    calls = [call for event in events if isinstance(event, Answer) for call in event.calls]
    assert [call.id for call in calls] == [b["id"] for b in blocks if b["type"] == "tool_use"]
    assert len([e for e in events if isinstance(e, ToolResult)]) == len(
        [b for b in blocks if b["type"] == "tool_result"]
    )
    replies = [str(event.text) for event in events if isinstance(event, Reply)]
    assert replies[-1:] == ["\n".join(b["text"] for b in answer["content"] if b["type"] == "text")]
