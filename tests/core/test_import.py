"""Importing logs: nothing lost, nothing invented, and bad input said where it stands."""

from __future__ import annotations

import json
from collections import Counter
from functools import partial
from typing import Any

import pytest

from support.realdata import data
from workbench.errors import TranscriptError
from workbench.trace.blobs import blob_text
from workbench.trace.events import Answer, Prompt, Reply, ToolResult, UserMessage
from workbench.transcripts.codec import decode, encode
from workbench.transcripts.importers.importing import import_bytes
from workbench.transcripts.transcript import Transcript

openai = partial(import_bytes, format="openai")
anthropic = partial(import_bytes, format="anthropic")
tau_bench = partial(import_bytes, format="tau-bench")

TAU = ("tau-airline", "gpt-4o-airline-trial0.json")


def call(tool: str, id: str = "c1", **args: Any) -> dict[str, Any]:
    return {"id": id, "type": "function", "function": {"name": tool, "arguments": json.dumps(args)}}


def tool(content: str, id: str = "c1", name: str = "") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": id, "name": name, "content": content}


def says(text: str, *calls: dict[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": text, **({"tool_calls": list(calls)} if calls else {})}


def asks(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def one(messages: list[Any], read: Any = openai) -> Transcript:
    (transcript,) = read(json.dumps(messages).encode(), "shop", "log.json")
    return transcript


def kinds(transcript: Transcript) -> list[str]:
    return [type(event).__name__ for event in transcript.events]


def results(transcript: Transcript) -> list[tuple[str, str, Any]]:
    return [(str(s.step_id), s.outcome, s.value) for s in transcript.events if isinstance(s, ToolResult)]


# the real runs


def test_all_fifty_runs_become_golden_transcripts_and_no_message_or_call_is_lost() -> None:
    path = data(*TAU)
    runs = json.loads(path.read_bytes())
    transcripts = tau_bench(path.read_bytes(), "airline", str(path))

    assert len(transcripts) == 50
    assert {t.kind for t in transcripts} == {"golden"}
    assert len({t.id for t in transcripts}) == 50
    counted = Counter(type(event).__name__ for t in transcripts for event in t.events)
    assert (counted["Answer"], counted["UserMessage"], counted["ToolResult"]) == (642, 410, 282)
    assert sum(len(s.calls) for t in transcripts for s in t.events if isinstance(s, Answer)) == 282
    for run, transcript in zip(runs, transcripts, strict=True):
        said = [m["content"] for m in run["traj"] if m["role"] == "user"]
        assert [s.text for s in transcript.events if isinstance(s, UserMessage)] == said
        made = [
            (c["function"]["name"], json.loads(c["function"]["arguments"]))
            for m in run["traj"]
            for c in m.get("tool_calls") or []
        ]
        answers = [s for s in transcript.events if isinstance(s, Answer)]
        assert [(c.tool, c.args) for a in answers for c in a.calls] == made
        assert [a.text for a in answers] == [m["content"] or "" for m in run["traj"] if m["role"] == "assistant"]
        sent = [m["content"] for m in run["traj"] if m["role"] == "assistant" and not m.get("tool_calls")]
        assert [s.text for s in transcript.events if isinstance(s, Reply)] == sent
        got = [m["content"] for m in run["traj"] if m["role"] == "tool"]
        assert len([s for s in transcript.events if isinstance(s, ToolResult)]) == len(got)


def test_task_trial_and_reward_are_kept_and_the_hidden_instruction_is_not() -> None:
    path = data(*TAU)
    runs = json.loads(path.read_bytes())
    for run, transcript in zip(runs, tau_bench(path.read_bytes(), "airline", str(path)), strict=True):
        assert transcript.id == f"airline-task-{run['task_id']:02}-trial-0"
        assert transcript.source["task_id"] == run["task_id"]
        assert transcript.source["trial"] == run["trial"]
        assert transcript.source["reward"] == run["reward"]
        assert transcript.source["graded"] == (run["info"]["reward_info"] is not None)
        assert transcript.setup.clock == "2024-05-15T15:00:00-04:00"
        assert run["info"]["task"]["instruction"] not in encode(transcript).decode()


def test_an_imported_file_reads_back_as_it_was() -> None:
    path = data(*TAU)
    for transcript in tau_bench(path.read_bytes(), "airline", str(path)):
        written = encode(transcript)
        assert decode(written).events == transcript.events
        assert encode(decode(written)) == written


# the traps, on a plain clone


def tau(*messages: dict[str, Any], **run: Any) -> bytes:
    run = {"task_id": 3, "trial": 1, "reward": 1.0, "info": {"reward_info": {"reward": 1.0}}, **run}
    return json.dumps([{**run, "traj": [{"role": "system", "content": "Be kind."}, *messages]}]).encode()


def test_a_run_without_tool_calls_or_reward_info_is_still_a_transcript() -> None:
    (transcript,) = tau_bench(
        tau(asks("Hi"), says("Hello"), reward=0.0, info={"reward_info": None}), "air", "r.json"
    )
    assert kinds(transcript) == ["UserMessage", "Prompt", "Answer", "Reply"]
    assert transcript.source == {
        "format": "tau-bench", "file": "r.json", "conversation": 1,
        "task_id": 3, "trial": 1, "reward": 0.0, "graded": False,
    }  # fmt: skip


def test_two_runs_of_one_task_and_trial_get_different_ids() -> None:
    runs = json.loads(tau(asks("Hi"), says("Hello"))) * 2
    ids = [t.id for t in tau_bench(json.dumps(runs).encode(), "air", "r.json")]
    assert ids == ["air-task-03-trial-1", "air-task-03-trial-1-2"]


def test_the_system_message_is_the_prompt_of_the_first_answer() -> None:
    (transcript,) = tau_bench(tau(asks("Hi"), says("Hello")), "air", "r.json")
    prompt = transcript.events[1]
    assert isinstance(prompt, Prompt)
    assert prompt.step_id == (1, 1, 0)
    assert blob_text(transcript.blobs[prompt.sections[0]]) == "Be kind."


def test_results_find_their_calls_even_if_all_ids_are_equal() -> None:
    transcript = one(
        [
            asks("Both, please"),
            says("", call("first", n=1), call("second", n=2)),
            tool('{"n": 1}'),
            tool('{"n": 2}'),
            says("", call("third")),
            tool("done"),
            says("There"),
        ]
    )
    assert results(transcript) == [("1.1.1", "ok", {"n": 1}), ("1.1.2", "ok", {"n": 2}), ("1.2.1", "ok", "done")]


def test_results_out_of_order_find_their_calls_by_id() -> None:
    transcript = one([asks("Go"), says("", call("a", "x"), call("b", "y")), tool("of b", "y"), tool("of a", "x")])
    assert results(transcript) == [("1.1.2", "ok", "of b"), ("1.1.1", "ok", "of a")]


def test_text_next_to_a_call_is_reasoning_and_is_not_sent() -> None:
    transcript = one([asks("Go"), says("Let me look.", call("look")), tool("[]"), says("Nothing there.")])
    assert kinds(transcript) == ["UserMessage", "Answer", "ToolResult", "Answer", "Reply"]
    assert transcript.trace[1].text == "Let me look."  # type: ignore[union-attr]


def run_of(*messages: dict[str, Any]) -> Transcript:
    (transcript,) = tau_bench(tau(*messages), "air", "r.json")
    return transcript


def test_a_tool_error_of_tau_bench_keeps_its_text() -> None:
    transcript = run_of(asks("Go"), says("", call("look")), tool("Error: no such thing"), says("Sorry"))
    assert results(transcript) == [("1.1.1", "error", "Error: no such thing")]


@pytest.mark.parametrize("read", [openai, anthropic])
def test_a_result_that_begins_with_error_failed_only_in_tau_bench(read: Any) -> None:
    text = "Error: none found in the log. All good."
    assert results(one([asks("Go"), says("", call("look")), tool(text), says("None")], read)) == [
        ("1.1.1", "ok", text)
    ]
    items = [asks("Go"), {"type": "function_call", "call_id": "c", "name": "look", "arguments": "{}"},
             {"type": "function_call_output", "call_id": "c", "output": text}]  # fmt: skip
    assert results(one(items, read)) == [("1.1.1", "ok", text)]


@pytest.mark.parametrize("mark", [{"is_error": True}, {"status": "error"}])
def test_a_call_failed_if_the_log_says_so(mark: dict[str, Any]) -> None:
    transcript = one([asks("Go"), says("", call("look")), {**tool("no such thing"), **mark}, says("Sorry")])
    assert results(transcript) == [("1.1.1", "error", "no such thing")]


def test_the_same_call_twice_may_have_two_results() -> None:
    again = [says("", call("look", n=1)), tool("Error: busy"), says("", call("look", n=1)), tool('{"n": 1}')]
    assert [r[1:] for r in results(run_of(asks("Go"), *again))] == [("error", "Error: busy"), ("ok", {"n": 1})]


def test_a_log_that_stops_at_a_call_has_no_result_for_it() -> None:
    transcript = one([asks("Go"), says("", call("look"))])
    assert kinds(transcript) == ["UserMessage", "Answer"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": [1, 2.5]}', {"a": [1, 2.5]}),
        ("[]", []),
        ("305.0", 305.0),
        ("1.10", "1.10"),
        ("007", "007"),
        ("true", True),
        ("", ""),
        ("Transfer successful", "Transfer successful"),
        ('"quoted"', '"quoted"'),
        ("NaN", "NaN"),
    ],
)
def test_a_result_is_data_if_it_is_json_and_text_if_not(text: str, value: Any) -> None:
    got = results(one([asks("Go"), says("", call("look")), tool(text)]))[0][2]
    assert (got, type(got)) == (value, type(value))


def test_arguments_that_are_not_json_are_kept_unchanged_and_the_call_is_invalid() -> None:
    broken = {"id": "c1", "function": {"name": "look", "arguments": '{"n": '}}
    transcript = run_of(asks("Go"), says("", broken), tool("Error: cannot read that"))
    answer = transcript.events[2]
    assert isinstance(answer, Answer)
    assert answer.blocks[0]["input"] == '{"n": '
    assert answer.calls[0].error
    assert results(transcript) == [("1.1.1", "rejected", "Error: cannot read that")]


def test_text_of_the_agent_before_the_first_message_is_turn_0() -> None:
    transcript = one([says("Welcome!"), asks("Hi"), says("Hello")])
    assert [(type(s).__name__, s.turn) for s in transcript.events] == [
        ("Answer", 0), ("Reply", 0), ("UserMessage", 1), ("Answer", 1), ("Reply", 1),
    ]  # fmt: skip


def test_two_messages_of_the_customer_in_a_row_are_two_turns() -> None:
    transcript = one([asks("Hi"), asks("Are you there?"), says("Yes")])
    assert [(type(s).__name__, s.turn) for s in transcript.events][:2] == [("UserMessage", 1), ("UserMessage", 2)]


def test_consecutive_messages_of_the_agent_are_one_answer() -> None:
    transcript = one([asks("Hi"), says("One moment."), says("", call("look")), tool("[]"), says("A."), says("B.")])
    answers = [s for s in transcript.events if isinstance(s, Answer)]
    assert [(a.text, len(a.calls)) for a in answers] == [("One moment.", 1), ("A.\nB.", 0)]


def test_older_and_richer_message_formats_are_supported() -> None:
    transcript = one(
        [
            {"role": "developer", "content": [{"type": "text", "text": "Be brief."}]},
            asks([{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {}}]),  # type: ignore[arg-type]
            {"role": "assistant", "content": None, "function_call": {"name": "look", "arguments": ""}},
            {"role": "function", "name": "look", "content": "a shoe"},
            {"role": "assistant", "content": None, "refusal": "I cannot say."},
        ]
    )
    assert [s.text for s in transcript.events if isinstance(s, UserMessage)] == ["What is this?\n[image_url]"]
    assert results(transcript) == [("1.1.1", "ok", "a shoe")]
    assert [s.text for s in transcript.events if isinstance(s, Reply)] == ["I cannot say."]


# Anthropic messages


def test_anthropic_blocks_are_kept_and_results_precede_the_text_next_to_them() -> None:
    look = {"type": "tool_use", "id": "t1", "name": "look", "input": {"n": 1}}
    thought = {"type": "thinking", "thinking": "hm", "signature": "s"}
    (transcript,) = anthropic(
        json.dumps(
            {
                "model": "m-1",
                "system": [{"type": "text", "text": "Be kind."}],
                "tools": [{"name": "look", "input_schema": {"type": "object"}}],
                "messages": [
                    {"role": "user", "content": "Hi"},
                    {"role": "assistant", "content": [thought, look]},
                    {
                        "role": "user",
                        "content": [
                            {"type": "tool_result", "tool_use_id": "t1", "is_error": True, "content": "no"},
                            {"type": "text", "text": "Well?"},
                        ],
                    },
                    {"role": "assistant", "content": "Sorry."},
                ],
            }
        ).encode(),
        "shop",
        "log.json",
    )
    assert kinds(transcript) == ["UserMessage", "Prompt", "Answer", "ToolResult", "UserMessage", "Answer", "Reply"]
    assert transcript.events[2].blocks == [thought, look]  # type: ignore[union-attr]
    assert results(transcript) == [("1.1.1", "error", "no")]
    prompt = transcript.events[1]
    assert isinstance(prompt, Prompt)
    assert (prompt.model, len(prompt.tools)) == ("m-1", 1)


def test_an_anthropic_result_of_blocks_is_its_text_or_the_blocks() -> None:
    def asked(content: Any) -> Any:
        use = {"type": "tool_use", "id": "t", "name": "look", "input": {}}
        result = {"type": "tool_result", "tool_use_id": "t", "content": content}
        messages = [
            asks("Go"),
            {"role": "assistant", "content": [use]},
            {"role": "user", "content": [result]},
        ]
        return results(one(messages, anthropic))[0][2]

    assert asked([{"type": "text", "text": '{"n": 1}'}]) == {"n": 1}
    assert asked([{"type": "image", "source": {}}]) == [{"type": "image", "source": {}}]
    assert asked(None) == ""


# the forms a file may have


HELLO = [asks("Hi"), says("Hello")]


@pytest.mark.parametrize("read", [openai, anthropic])
@pytest.mark.parametrize(
    ("text", "ids"),
    [
        (json.dumps(HELLO), ["my-log"]),
        (json.dumps({"messages": HELLO}), ["my-log"]),
        (json.dumps([HELLO, HELLO]), ["my-log-001", "my-log-002"]),
        (json.dumps([{"messages": HELLO, "id": "x"}, HELLO]), ["my-log-001", "my-log-002"]),
        ("\n".join(json.dumps(m) for m in HELLO), ["my-log"]),
        (
            "\n\n".join(json.dumps({"messages": HELLO}) for _ in range(3)),
            ["my-log-001", "my-log-002", "my-log-003"],
        ),
        ("\ufeff" + "\n".join(json.dumps(HELLO) for _ in range(2)), ["my-log-001", "my-log-002"]),
    ],
    ids=["messages", "object", "conversations", "mixed", "message lines", "object lines", "list lines"],
)
def test_a_file_may_contain_one_or_many_conversations(read: Any, text: str, ids: list[str]) -> None:
    made = read(text.encode(), "shop", "logs/My Log.jsonl")
    assert [t.id for t in made] == ids
    assert all(kinds(t) == ["UserMessage", "Answer", "Reply"] for t in made)
    assert all(t.title == "Hi" and t.agent == t.setup.agent == "shop" for t in made)
    assert made[0].source["file"] == "My Log.jsonl"


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ('[{"role": "user",\n "content": }]', "log.json:2", "not JSON"),
        ('{"role": "user", "content": "a"}\n{"role":', "log.json:2", "not JSON"),
        ("[]", "log.json", "no conversation"),
        ("3", "log.json", "neither a conversation"),
        ("[1, 2]", "log.json conversation 1", "neither a conversation nor a message"),
        ("", "log.json", "no conversation"),
        (json.dumps([asks("a"), "b"]), "log.json message 2", "not a message"),
        (json.dumps([HELLO, [asks("a"), 3]]), "log.json conversation 2 message 2", "not a message"),
        (json.dumps([asks({"a": 1})]), "log.json message 1", "content"),  # type: ignore[arg-type]
        (json.dumps([says("", {"id": "c"})]), "log.json message 1", "without a function name"),
        (json.dumps([{"role": "system", "content": "Be kind."}]), "log.json", "no conversation"),
        ("\n".join(json.dumps(m) for m in [asks("a"), says("", {"id": "c"})]), "log.json:2", "function name"),
    ],
)
def test_invalid_input_is_refused_with_its_location_and_a_hint(text: str, where: str, what: str) -> None:
    with pytest.raises(TranscriptError) as caught:
        openai(text.encode(), "shop", "log.json")
    assert caught.value.where == where
    assert what in caught.value.message
    assert caught.value.hint


def test_invalid_utf8_is_refused() -> None:
    for read in (openai, anthropic, tau_bench):
        with pytest.raises(TranscriptError):
            read(b"\xff\xfe\x00[", "shop", "log.json")


def test_a_file_that_is_not_from_tau_bench_is_read_as_what_it_is() -> None:
    (transcript,) = tau_bench(json.dumps(HELLO).encode(), "air", "r.json")
    assert transcript.source["format"] == "openai"


def test_an_invalid_run_among_valid_ones_is_named() -> None:
    runs = json.loads(tau(asks("Hi"), says("Hello"))) + json.loads(tau(asks("Hi"), says("", {"id": "x"})))
    with pytest.raises(TranscriptError) as caught:
        tau_bench(json.dumps(runs).encode(), "air", "r.json")
    assert caught.value.where == "r.json conversation 2 message 3"
