"""What the messages of a log become: formats, calls and their arguments, results, answers beside requests."""

from __future__ import annotations

import json
from typing import Any

import pytest

from workbench.trace.describe import describe_step
from workbench.trace.events import Answer, Prompt, Reply, ToolResult, UserMessage
from workbench.trace.setup import Setup
from workbench.trace.steps import Step, group_steps
from workbench.transcripts.codec import decode, encode
from workbench.transcripts.importers import json_stream
from workbench.transcripts.importers.importing import LogImport
from workbench.transcripts.importers.log_file import Log
from workbench.transcripts.redaction import Redactor, redact
from workbench.transcripts.transcript import Transcript


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def agent(content: Any = None, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content, **more}


def calls(*made: tuple[str, str, Any]) -> dict[str, Any]:
    return agent(tool_calls=[{"id": id, "function": {"name": name, "arguments": args}} for id, name, args in made])


def tool(id: str, content: Any) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": id, "content": content}


def taken(record: Any, format: str = "") -> tuple[LogImport, list[Transcript]]:
    """Import a record; it is the same on one line and in a document of many lines."""
    work, made = imported(record if isinstance(record, str) else json.dumps(record), format)
    if not isinstance(record, str):
        pretty, same = imported(json.dumps(record, indent=2), format)
        assert [t.events for t in same] == [t.events for t in made]
        assert len(pretty.report.skipped) == len(work.report.skipped)
        assert (lost(pretty), pretty.report.fields.keys()) == (lost(work), work.report.fields.keys())
    return work, made


def imported(text: str, format: str = "") -> tuple[LogImport, list[Transcript]]:
    work = LogImport(Log.of_bytes(text.encode(), "log.jsonl"), Setup("shop", imported=True), format)
    work.survey()
    made = list(work.transcripts())
    for transcript in made:
        assert decode(encode(transcript)).events == transcript.events
    return work, made


def one(record: Any, format: str = "") -> tuple[LogImport, Transcript]:
    work, (transcript,) = taken(record, format)
    return work, transcript


def lost(work: LogImport) -> dict[str, int]:
    return {kind: noted.times for kind, noted in work.report.losses.items()}


def results(transcript: Transcript) -> list[tuple[str, str, Any]]:
    return [(str(e.step_id), e.outcome, e.value) for e in transcript.events if isinstance(e, ToolResult)]


def replies(transcript: Transcript) -> list[str]:
    return [str(e.text) for e in transcript.events if isinstance(e, Reply)]


def said(transcript: Transcript) -> list[str]:
    return [str(e.text) for e in transcript.events if isinstance(e, UserMessage)]


def steps(transcript: Transcript) -> list[Step]:
    return [step for turn in group_steps(transcript.events) for step in turn.steps]


# formats


ANTHROPIC = [
    user("weather in Ulm?"),
    agent([{"type": "tool_use", "id": "c1", "name": "weather", "input": {"city": "Ulm"}}]),
    user([{"type": "tool_result", "tool_use_id": "c1", "content": "21"}]),
    agent("21 degrees."),
]
OPENAI = [
    user("weather in Ulm?"),
    calls(("c1", "weather", '{"city": "Ulm"}')),
    tool("c1", "21"),
    agent("21 degrees."),
]


@pytest.mark.parametrize("expected", ["", "openai", "anthropic", "tau-bench"])
@pytest.mark.parametrize(("log", "format"), [(ANTHROPIC, "anthropic"), (OPENAI, "openai")])
def test_a_log_is_read_as_what_it_is(log: Any, format: str, expected: str) -> None:
    work, made = one(log, expected)
    assert dict(work.report.formats) == {format: 1}
    assert made.source["format"] == format
    assert said(made) == ["weather in Ulm?"]
    assert results(made) == [("1.1.1", "ok", 21)]
    assert replies(made) == ["21 degrees."]


def test_one_file_may_mix_formats() -> None:
    work, made = taken([{"messages": ANTHROPIC}, {"messages": OPENAI}, {"task_id": 1, "traj": OPENAI}], "openai")
    assert dict(work.report.formats) == {"anthropic": 1, "openai": 1, "tau-bench": 1}
    assert [results(t) for t in made] == [[("1.1.1", "ok", 21)]] * 3


@pytest.mark.parametrize(
    "record",
    [
        {"resourceSpans": []},
        {"gen_ai.operation.name": "chat", "input": "{}", "output": "{}"},
        {"parentUuid": None, "type": "user", "message": user("a")},
        {"trace": [{"event_type": "user_utterance"}]},
        {"conversations": [{"from": "human", "value": "Hi"}]},
        [{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}],
    ],
)
def test_another_format_is_refused_by_what_was_found(record: Any) -> None:
    work, made = taken(record)
    assert made == []
    assert len(work.report.skipped) == 1


ROLE_TOOL = {"type": "tool-result", "toolCallId": "t", "toolName": "f", "result": {"r": 1}}
NOT_READ = {  # messages after that of the customer; each has a call, a result or words that no importer reads
    "role bot": [{"role": "bot", "content": "yo"}],
    "role model": [{"role": "model", "content": "yo"}],
    "no role": [{"type": "ai", "content": "yo"}],
    "unknown part": [agent([{"type": "weird", "z": 1}, {"type": "text", "text": "b"}])],
    "vercel call": [agent([{"type": "tool-call", "toolCallId": "t", "toolName": "f", "args": {}}])],
    "vercel result": [calls(("t", "f", "{}")), {"role": "tool", "content": [ROLE_TOOL]}],
    "vercel invocations": [agent("", toolInvocations=[{"toolCallId": "t", "toolName": "f", "result": 1}])],
    "vercel parts": [agent("b", parts=[{"type": "tool-f", "toolCallId": "t", "input": {}, "output": 1}])],
    "parts instead of content": [agent("", parts=[{"type": "text", "text": "b"}])],
    "text instead of content": [agent(None, text="b")],
    "output instead of content": [agent(None, output="b")],
    "bedrock call": [agent([{"toolUse": {"toolUseId": "t", "name": "f", "input": {}}}])],
    "bedrock result": [calls(("t", "f", "{}")), user([{"toolResult": {"toolUseId": "t", "content": []}}])],
    "result beside text": [calls(("t", "f", "{}")), user([{"type": "tool-result", "toolCallId": "t"},
                                                          {"type": "text", "text": "c"}])],
    "gemini call": [agent([{"functionCall": {"name": "f", "args": {}}}])],
    "camel case": [agent("", toolCalls=[{"id": "t", "function": {"name": "f", "arguments": "{}"}}])],
    "langchain": [agent("", additional_kwargs={"tool_calls": [{"id": "t", "function": {"name": "f"}}]})],
    "an item with a role": [{"role": "assistant", "type": "function_call", "name": "f", "arguments": "{}"}],
    "a search by the server": [{"type": "web_search_call", "id": "w", "status": "completed"}],
    "a reference": [{"type": "item_reference", "id": "x"}],
    "only an unknown part": [agent("b"), user([{"type": "odd"}])],
}  # fmt: skip


@pytest.mark.parametrize("case", NOT_READ)
def test_a_conversation_with_a_call_or_a_message_that_no_importer_reads_is_skipped(case: str) -> None:
    work, made = taken([{"messages": [user("a"), *NOT_READ[case], agent("done")]}, {"messages": OPENAI}])
    assert [said(t) for t in made] == [["weather in Ulm?"]]
    (skipped,) = work.report.skipped
    assert "conversation 1 message" in skipped.where


@pytest.mark.parametrize(
    "beside",
    [
        {"tool_calls": [{"id": "t", "function": {"name": "f"}}], "response": "b"},
        {"metadata": {"function_calls": [{"name": "f"}]}, "response": "b"},
        {"response": {"weird": 1}},
        {"response": {"choices": []}},
        {"output": {"message": 7}},
        {"answer": "b"},
        {"outputs": {"text": "b"}},
        {"assistant_response": "b"},
        {"result": {"message": agent("b")}},
    ],
)
def test_a_record_with_a_call_or_an_answer_that_no_importer_reads_is_skipped(beside: Any) -> None:
    work, made = taken({"messages": [user("a")], **beside})
    assert made == []
    assert len(work.report.skipped) == 1


def test_results_of_an_evaluation_beside_a_whole_conversation_are_fields() -> None:
    beside = {
        "results": [{"score": 1}],
        "tool_calls": 1,
        "output": {"score": 1},
        "usage": {"server_tool_use": {"a": 1}},
    }
    work, made = one({"messages": OPENAI, **beside})
    assert replies(made) == ["21 degrees."]
    assert lost(work) == {"unknown-answer": 1}


@pytest.mark.parametrize("failed", [{"error": {"message": "overloaded"}}, {"status_code": 500, "body": "Sorry"},
                                    {"status": 200, "body": {"error": {"type": "x"}}}])  # fmt: skip
def test_an_error_beside_a_request_is_never_a_message_of_the_agent(failed: Any) -> None:
    work, made = one({"messages": [user("a")], "response": failed})
    assert replies(made) == []
    assert lost(work) == {"unknown-answer": 1}


def test_a_text_without_a_type_is_read_from_both() -> None:
    _, made = one([user([{"text": "a"}]), agent([{"text": "b"}])])
    assert (said(made), replies(made)) == (["a"], ["b"])


def test_unknown_parts_beside_the_text_of_the_customer_are_kept_aside() -> None:
    odd = {"type": "odd"}
    system = {"role": "system", "content": [odd]}
    work, made = one([system, user([{"type": "text", "text": "a"}, odd]), agent("b")])
    assert said(made) == ["a"]
    assert lost(work) == {"unknown-part": 2}
    assert [one["value"] for one in made.source["aside"]] == [{"type": "odd"}] * 2


def test_fields_without_a_place_are_counted() -> None:
    work, _ = one(
        {"messages": [{**user("a"), "name": "Ida"}, agent("b")], "temperature": 1, "user": "u1", "x": None}
    )
    assert {name: noted.times for name, noted in work.report.fields.items()} == {
        "message.name": 1, "temperature": 1, "user": 1,
    }  # fmt: skip


def test_citations_of_a_text_are_counted() -> None:
    part = {"type": "output_text", "text": "b", "annotations": [{"url": "x"}], "logprobs": []}
    work, made = one([user([{"type": "text", "text": "a", "citations": [1]}]), agent([part])])
    assert replies(made) == ["b"]
    assert sorted(work.report.fields) == ["part.annotations", "part.citations"]


@pytest.mark.parametrize("indent", [None, 1])
def test_fields_beside_a_list_of_conversations_are_counted(indent: int | None) -> None:
    work, made = taken(
        json.dumps({"owner": "x", "data": [{"messages": [user("a"), agent("b")]}], "page": 1}, indent=indent)
    )
    assert len(made) == 1
    assert sorted(work.report.fields) == ["owner", "page"]


def test_of_two_different_answers_beside_a_request_one_is_kept_aside() -> None:
    work, made = one({"messages": [user("a")], "response": "b", "output": "c", "completion": "b"})
    assert replies(made) == ["b"]
    assert lost(work) == {"other-choice": 1}


def test_system_messages_in_the_middle_count_from_the_next_answer_on() -> None:
    _, made = one(
        [{"role": "system", "content": "A"}, user("a"), agent("b"), {"role": "developer", "content": "B"},
         user("c"), agent("d")]
    )  # fmt: skip
    prompts = [e for e in made.events if isinstance(e, Prompt)]
    assert [(e.turn, len(e.sections)) for e in prompts] == [(1, 1), (2, 2)]
    assert replies(made) == ["b", "d"]


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (agent(audio={"id": "x", "transcript": "Hello there"}), "Hello there"),
        (agent(refusal="I cannot."), "I cannot."),
        (agent([{"type": "refusal", "refusal": "No."}]), "No."),
        (agent([{"type": "output_text", "text": "Yes."}]), "Yes."),
        (agent(["plain"]), "plain"),
        (agent("x", refusal="y"), "x\ny"),
    ],
)
def test_every_form_of_an_answer_is_read(message: Any, text: str) -> None:
    assert replies(one([user("a"), message])[1]) == [text]


def test_media_are_counted_and_their_place_is_marked() -> None:
    spoken = {"type": "input_audio", "input_audio": {"transcript": "two shoes", "data": "AAAA"}}
    work, made = one([user([{"type": "text", "text": "this:"}, {"type": "image", "source": {}}]), agent("b"),
                      user([spoken]), agent("c")])  # fmt: skip
    assert said(made) == ["this:\n[image]", "two shoes"]
    assert lost(work) == {"media": 2}


# calls and arguments


@pytest.mark.parametrize(
    ("given", "args", "shown", "readable"),
    [
        ("null", {}, "f(null)", True),
        ("", {}, "f()", True),
        (None, {}, "f(null)", True),
        ("{}", {}, "f()", True),
        ('{"n": 1}', {"n": 1}, "f(n=1)", True),
        ({"n": 1}, {"n": 1}, "f(n=1)", True),
        ('{"n": ', {}, 'f({"n":)', False),
        ("[1]", {}, "f([1])", False),
        ('"text"', {}, 'f("text")', False),
        ("7", {}, "f(7)", False),
        ([1], {}, "f([1])", False),
    ],
)
def test_a_call_that_ran_is_executed_whatever_its_arguments_look_like(given, args, shown, readable) -> None:
    work, made = one([user("a"), calls(("c", "f", given)), tool("c", "[1, 2]"), agent("b")])
    step = steps(made)[1]
    assert step.call is not None
    assert step.call.args == args
    assert step.executed
    assert describe_step(step) == f"{shown}: executed"
    assert lost(work) == ({} if readable else {"unreadable-arguments": 1})


def test_arguments_whose_object_does_not_show_all_keep_their_text() -> None:
    _, made = one([user("a"), calls(("c", "f", '{"n": 1, "n": 2}'), ("d", "g", '{"n":  1}')), agent("b")])
    answer = next(e for e in made.events if isinstance(e, Answer))
    assert [(call.args, call.raw) for call in answer.calls] == [({"n": 2}, '{"n": 1, "n": 2}'), ({"n": 1}, "")]


def test_an_old_function_call_and_its_result_belong_together() -> None:
    _, made = one(
        [user("a"), agent(function_call={"name": "f", "arguments": "{}"}),
         {"role": "function", "name": "f", "content": "ok"}, agent("b")]
    )  # fmt: skip
    assert results(made) == [("1.1.1", "ok", "ok")]


# results


def test_a_result_keeps_its_exact_text_where_its_value_does_not_show_it() -> None:
    _, made = one([user("a"), calls(("c", "f", "{}"), ("d", "f", "{}"), ("e", "f", "{}")), tool("c", '{"a":  1}'),
                   tool("d", '{"a":1}'), tool("e", "plain"), agent("b")])  # fmt: skip
    got = [(e.value, e.raw) for e in made.events if isinstance(e, ToolResult)]
    assert got == [({"a": 1}, '{"a":  1}'), ({"a": 1}, ""), ("plain", "")]
    sent = [b["content"] for m in made_messages(made) for b in m["content"] if b["type"] == "tool_result"]
    assert sent == ['{"a":  1}', '{"a":1}', "plain"]


def made_messages(transcript: Transcript) -> list[dict[str, Any]]:
    from workbench.trace.messages import Messages

    thread = Messages()
    for event in transcript.events:
        thread.add(event)
    return thread.to_list()


def test_a_result_of_no_call_and_a_second_one_are_kept_aside() -> None:
    two = [user("two"), calls(("a", "track", '{"n":1}'), ("b", "track", '{"n":2}'))]
    work, made = one([*two, tool("a", "Bonn"), tool("a", "Bonn again"), tool("zz", "who am I"), agent("done")])
    assert results(made) == [("1.1.1", "ok", "Bonn")]
    assert lost(work) == {"second-result": 1, "unknown-result": 1, "no-result": 1}
    assert [one["value"]["content"] for one in made.source["aside"]] == ["Bonn again", "who am I"]


def test_a_late_result_is_put_at_its_call() -> None:
    work, made = one(
        [user("both"), calls(("a", "track", '{"n":1}'), ("b", "track", '{"n":2}')), tool("a", "Bonn"),
         user("hurry"), tool("b", "Ulm"), agent("done")]
    )  # fmt: skip
    assert results(made) == [("1.1.1", "ok", "Bonn"), ("1.1.2", "ok", "Ulm")]
    assert [(type(e).__name__, e.turn) for e in made.events][-3:] == [
        ("UserMessage", 2),
        ("Answer", 2),
        ("Reply", 2),
    ]
    assert lost(work) == {"late-result": 1}


def test_a_second_result_is_not_taken_for_an_earlier_call_with_the_same_id() -> None:
    work, made = one([user("a"), calls(("same", "f", "{}")), user("b"), calls(("same", "f", '{"n":1}')),
                      tool("same", "one"), tool("same", "two"), agent("c")])  # fmt: skip
    assert results(made) == [("2.1.1", "ok", "one")]
    assert lost(work) == {"second-result": 1, "no-result": 1}


def test_results_without_ids_are_taken_only_where_no_call_has_one() -> None:
    old = agent(tool_calls=[{"function": {"name": n, "arguments": "{}"}} for n in ("f", "g")])
    _, made = one([user("a"), old, {"role": "tool", "content": "of f"}, {"role": "tool", "content": "of g"}])
    assert [value for *_, value in results(made)] == ["of f", "of g"]
    work, made = one(
        [user("a"), calls(("1", "f", "{}"), ("2", "g", "{}")), {"role": "tool", "content": "of whom"}]
    )
    assert results(made) == []
    assert lost(work) == {"unknown-result": 1, "no-result": 2}


def test_what_is_redacted_in_a_value_is_not_left_in_its_exact_text() -> None:
    secret = '{"password":  "hunter", "to": "ida@posteo.de"}'
    _, made = one([user("a"), calls(("c", "f", secret + " ")), tool("c", secret), agent("b")])
    clean = encode(redact(made, Redactor())).decode()
    assert "hunter" not in clean
    assert "posteo" not in clean


# answers beside their request


ANSWER = {"role": "assistant", "content": "It is in Bonn."}
STREAM = "".join(
    f"data: {json.dumps({'model': 'm', 'choices': [{'index': 0, 'delta': delta}]})}\n\n"
    for delta in ({"role": "assistant"}, {"content": "It is "}, {"content": "in Bonn."}, {})
)
ANTHROPIC_STREAM = "".join(
    f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"
    for event in (
        {"type": "message_start", "message": {"role": "assistant", "model": "m", "content": []}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "It is in Bonn."}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
    )
)
MESSAGES = [user("where?"), calls(("a", "track", "{}")), tool("a", "Bonn")]


@pytest.mark.parametrize(
    "beside",
    [
        {"response": {"choices": [{"message": ANSWER, "finish_reason": "stop"}]}},
        {"response": ANSWER},
        {"response": {"message": ANSWER}},
        {"response": "It is in Bonn."},
        {"response": json.dumps({"choices": [{"message": ANSWER}]})},
        {"response": {"type": "message", "content": [{"type": "text", "text": "It is in Bonn."}]}},
        {"response": {"status_code": 200, "body": {"choices": [{"message": ANSWER}]}}},
        {"response": STREAM + "data: [DONE]\n"},
        {"response": ANTHROPIC_STREAM},
        {"choices": [{"index": 0, "message": ANSWER}]},
        {"output": "It is in Bonn."},
        {"output": ANSWER},
        {"output": [ANSWER]},
        {"output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text",
                                                                           "text": "It is in Bonn."}]}]},
        {"completion": "It is in Bonn."},
        {"completion": {"choices": [{"text": "It is in Bonn.", "index": 0}]}},
        {"response": {"output_text": "It is in Bonn."}},
    ],
)  # fmt: skip
@pytest.mark.parametrize("nested", [False, True])
def test_an_answer_beside_its_request_is_the_last_message(beside: Any, nested: bool) -> None:
    request = {"model": "gpt-4o", "messages": MESSAGES}
    work, made = one({"request": request, **beside} if nested else {**request, **beside})
    assert replies(made) == ["It is in Bonn."]
    assert results(made) == [("1.1.1", "ok", "Bonn")]
    assert lost(work) == {}


def test_an_answer_that_the_messages_end_with_already_counts_once() -> None:
    assert replies(one({"messages": [*MESSAGES, ANSWER], "response": ANSWER})[1]) == ["It is in Bonn."]


def test_further_choices_and_errors_beside_a_request_are_kept_aside() -> None:
    choices = [{"message": ANSWER}, {"message": agent("Elsewhere.")}]
    work, made = one({"messages": MESSAGES, "choices": choices})
    assert replies(made) == ["It is in Bonn."]
    assert lost(work) == {"other-choice": 1}
    work, made = one({"messages": MESSAGES, "response": {"error": {"message": "overloaded"}}})
    assert replies(made) == []
    assert lost(work) == {"unknown-answer": 1}
    assert "overloaded" in json.dumps(made.source["aside"])


def test_streamed_calls_are_put_together() -> None:
    deltas = [
        {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "track", "arguments": '{"n"'}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": ": 7}"}}]},
    ]
    stream = "".join(f"data: {json.dumps({'choices': [{'index': 0, 'delta': d}]})}\n\n" for d in deltas)
    _, made = one({"messages": [user("where?")], "response": stream})
    (answer,) = (e for e in made.events if isinstance(e, Answer))
    assert [(call.id, call.tool, call.args) for call in answer.calls] == [("a", "track", {"n": 7})]


def test_a_streamed_function_call_is_put_together() -> None:
    deltas = [{"function_call": {"name": "f", "arguments": '{"n"'}}, {"function_call": {"arguments": ": 7}"}}]
    stream = "".join(f"data: {json.dumps({'choices': [{'index': 0, 'delta': d}]})}\n\n" for d in deltas)
    _, made = one({"messages": [user("where?")], "response": stream})
    assert [(c.tool, c.args) for e in made.events if isinstance(e, Answer) for c in e.calls] == [("f", {"n": 7})]


def test_items_of_the_responses_api_are_read() -> None:
    items = [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]},
        {"type": "function_call", "call_id": "1", "name": "f", "arguments": "{}"},
        {"type": "function_call", "call_id": "2", "name": "g", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "2", "output": "of g"},
        {"type": "function_call_output", "call_id": "1", "output": "of f"},
    ]
    _, made = one({"model": "m", "instructions": "Be kind.", "input": [user("a"), *items], "output": [ANSWER]})
    assert results(made) == [("1.1.2", "ok", "of g"), ("1.1.1", "ok", "of f")]
    assert replies(made) == ["It is in Bonn."]
    assert made.events[2].thinking == "hm"  # type: ignore[union-attr]


# requests that repeat the history


def growing(*texts: str) -> list[dict[str, Any]]:
    """The requests of one conversation, each with all messages before it."""
    messages: list[dict[str, Any]] = []
    rows = []
    for text in texts:
        messages = [*messages, user(text)]
        rows.append({"messages": messages, "response": {"choices": [{"message": agent(f"re {text}")}]}})
        messages = [*messages, agent(f"re {text}")]
    return rows


@pytest.mark.parametrize("order", ["as logged", "latest first", "mixed"])
def test_of_requests_that_repeat_the_history_the_longest_counts_once(order: str) -> None:
    rows = [*growing("a", "b", "c"), *growing("x", "y")]
    rows = {"as logged": rows, "latest first": rows[::-1], "mixed": rows[::2] + rows[1::2]}[order]
    work, made = taken("\n".join(map(json.dumps, rows)))
    assert sorted(said(t) for t in made) == [["a", "b", "c"], ["x", "y"]]
    assert work.report.repeated == 3


def test_each_longer_conversation_takes_the_place_of_one_that_begins_alike() -> None:
    rows = [*growing("hi"), *growing("hi"), *growing("hi", "there")[1:]]
    work, made = taken("\n".join(map(json.dumps, rows)))
    assert sorted(said(t) for t in made) == [["hi"], ["hi", "there"]]
    assert work.report.repeated == 1


def test_a_complete_conversation_or_one_with_another_id_is_never_a_repetition() -> None:
    short, long = [user("hi"), agent("hello")], [user("hi"), agent("hello"), user("bye"), agent("bye")]
    assert len(taken([short, short, long])[1]) == 3
    threads = [{"thread_id": n, **row} for n, row in enumerate([growing("hi")[0], growing("hi", "there")[1]])]
    assert len(taken(threads)[1]) == 2


def test_a_conversation_without_an_answer_is_not_a_repetition_but_a_request_without_one_is() -> None:
    short, long = [user("hi")], [user("hi"), agent("yo")]
    assert len(taken([{"messages": short}, {"messages": long}])[1]) == 2
    assert len(taken([short, long])[1]) == 2
    work, made = taken([{"model": "m", "messages": short}, {"model": "m", "messages": [*long, user("bye")]}])
    assert (len(made), work.report.repeated) == (1, 1)


@pytest.mark.parametrize("name", ["session", "chat_id", "sessionId", "conversation", "thread_id", "ticket_id"])
@pytest.mark.parametrize("inside", [True, False])
def test_requests_of_different_conversations_do_not_repeat_each_other(name: str, inside: bool) -> None:
    ids = [{name: "s1"}, {name: "s2"}]
    ids = [{"metadata": id} for id in ids] if inside else ids
    rows = [{**ids[0], **growing("hi")[0]}, {**ids[1], **growing("hi", "there")[1]}]
    assert [t.source["id"] for t in taken(rows)[1]] == ["s1", "s2"]


def test_ids_of_the_log_are_kept() -> None:
    _, made = one({"messages": MESSAGES, "id": "r-1", "metadata": {"session_id": "S-7"}})
    assert made.source["id"] == "S-7"
    assert made.source["request_id"] == "r-1"


# messages that stand alone


def labelled(id: Any, message: dict[str, Any], name: str = "conversation_id") -> dict[str, Any]:
    return {**message, name: id}


MIXED = [("A", user("a1")), ("B", user("b1")), ("A", agent("to a")), ("B", agent("to b")), ("A", user("a2"))]
FORMS = {
    "lines": lambda rows: "\n".join(map(json.dumps, rows)),
    "a list": json.dumps,
    "a pretty list": lambda rows: json.dumps(rows, indent=1),
    "a list in a line": lambda rows: json.dumps(rows) + "\n" + json.dumps([user("other"), agent("b")]),
    "a container": lambda rows: json.dumps({"object": "list", "data": rows}),
    "a pretty container": lambda rows: json.dumps({"object": "list", "data": rows}, indent=1),
}


@pytest.mark.parametrize("name", ["conversation_id", "thread_id", "sessionId", "chat_id", "session"])
@pytest.mark.parametrize("form", FORMS)
def test_messages_of_two_conversations_are_never_one(form: str, name: str) -> None:
    work, made = taken(FORMS[form]([labelled(id, message, name) for id, message in MIXED]))
    assert [(t.source["id"], said(t), replies(t)) for t in made[:2]] == [
        ("A", ["a1", "a2"], ["to a"]), ("B", ["b1"], ["to b"]),
    ]  # fmt: skip
    assert not work.report.skipped
    assert "message." + name not in work.report.fields


def test_the_id_of_a_conversation_may_be_in_the_metadata_of_its_messages() -> None:
    rows = [{**message, "metadata": {"session_id": id}} for id, message in MIXED]
    assert [said(t) for t in taken("\n".join(map(json.dumps, rows)))[1]] == [["a1", "a2"], ["b1"]]


def test_an_id_that_only_some_messages_of_one_conversation_have_is_that_of_all() -> None:
    rows = [user("a"), labelled("A", agent("b")), user("c"), agent("d")]
    _, made = one("\n".join(map(json.dumps, rows)))
    assert (said(made), replies(made), made.source["id"]) == (["a", "c"], ["b", "d"], "A")


def test_a_message_without_an_id_among_several_conversations_makes_all_bad() -> None:
    rows = [labelled(id, message) for id, message in MIXED]
    work, made = taken("\n".join(map(json.dumps, [*rows, agent("to whom?")])))
    assert made == []
    assert {skipped.where for skipped in work.report.skipped} == {"log.jsonl:6"}


def test_a_broken_line_makes_the_conversation_bad_that_it_names() -> None:
    rows = [json.dumps(labelled(id, message)) for id, message in MIXED]
    work, made = taken("\n".join([*rows[:3], rows[2][:-2] + ",}", *rows[3:]]))
    assert [said(t) for t in made] == [["b1"]]
    assert [skipped.where for skipped in work.report.skipped] == ["log.jsonl:4"]


def test_a_record_whose_messages_have_the_ids_of_several_is_skipped() -> None:
    work, made = taken({"messages": [labelled(id, message) for id, message in MIXED]})
    assert made == []
    assert len(work.report.skipped) == 1


@pytest.mark.parametrize("name", ["results", "items", "data", "runs", "logs", "traces"])
@pytest.mark.parametrize("content", [[{"score": 1}], [], [{"input": "x"}], [[user("other")]]])
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("rows", [1, 2])
def test_a_list_beside_the_messages_of_a_conversation_is_a_field_of_it(name, content, first, rows) -> None:
    fields = {name: content, "messages": OPENAI} if first else {"messages": OPENAI, name: content}
    work, made = taken(fields if rows == 1 else [fields, {"messages": ANTHROPIC}])
    assert [results(t) for t in made] == [[("1.1.1", "ok", 21)]] * rows
    assert list(work.report.fields) == [name] * bool(content)


def test_the_list_that_has_conversations_is_opened() -> None:
    work, made = taken({"items": [{"sku": 1}], "conversations": [{"messages": OPENAI}, {"messages": ANTHROPIC}]})
    assert len(made) == 2
    assert list(work.report.fields) == ["items"]


@pytest.mark.parametrize("first", [True, False])
def test_messages_beside_a_list_of_a_large_document_are_taken_or_reported(monkeypatch, first) -> None:
    monkeypatch.setattr(json_stream, "MAX_WHOLE", 100)
    fields = {"runs": [{"score": 1}], "messages": OPENAI}
    work, made = imported(json.dumps(fields if first else dict(reversed(fields.items())), indent=1))
    assert (len(made), len(work.report.skipped)) == ((0, 2) if first else (1, 0))


# conversations in pieces


@pytest.mark.parametrize(
    "rows",
    [
        [{"input": "a", "output": "ra"}, {"input": "b", "output": "rb"}],
        [{"messages": [user("a"), agent("ra")]}, {"messages": [user("b"), agent("rb")]}],
        [{"messages": [user(t), agent("r")]} for t in "abc"],
        [{"model": "m", "messages": [user("a")]}, {"model": "m", "messages": [agent("ra"), user("b")]}],
    ],
)
@pytest.mark.parametrize("name", ["session_id", "conversation_id", "chatId"])
def test_a_conversation_whose_turns_are_records_of_their_own_is_skipped(rows: Any, name: str) -> None:
    others = [{name: "B", **row} for row in growing("x", "y")]
    work, made = taken([*({name: "A", **row} for row in rows), *others])
    assert [said(t) for t in made] == [["x", "y"]]
    assert len(work.report.skipped) == len(rows)
    assert all("'A'" in skipped.reason for skipped in work.report.skipped)


def test_a_response_that_continues_another_one_is_skipped() -> None:
    first = {"request": {"model": "m", "input": "hi"}, "response": {"id": "r1", "output": [ANSWER]}}
    then = {
        "request": {"model": "m", "input": "more", "previous_response_id": "r1"},
        "response": {"output": [ANSWER]},
    }
    work, made = taken([first, then])
    assert [said(t) for t in made] == [["hi"]]
    assert "previous_response_id" in work.report.skipped[0].reason


def test_conversations_that_begin_alike_may_have_one_id() -> None:
    rows = [{"session_id": "A", **row} for row in growing("a", "b")]
    fork = {"session_id": "A", "messages": [user("a"), agent("re a"), user("c"), agent("d")]}
    work, made = taken([*rows, fork])
    assert [said(t) for t in made] == [["a", "b"], ["a", "c"]]
    assert not work.report.skipped


@pytest.mark.parametrize("times", [(2, 1), ("2026-01-01T10:00:02Z", "2026-01-01T10:00:01Z")])
@pytest.mark.parametrize("name", ["created_at", "timestamp"])
@pytest.mark.parametrize("form", ["a list", "a record", "a container", "lines"])
def test_messages_from_the_last_to_the_first_are_skipped(times: Any, name: str, form: str) -> None:
    rows = [{**agent("b"), name: times[0]}, {**user("a"), name: times[1]}]
    text = {"a list": json.dumps(rows), "a record": json.dumps({"messages": rows}), "lines": FORMS["lines"](rows),
            "a container": json.dumps({"data": rows}, indent=1)}[form]  # fmt: skip
    work, made = taken(text)
    assert (made, len(work.report.skipped)) == ([], 1)
    rows = [{**user("a"), name: times[1]}, {**agent("b"), name: times[1]}, {**user("c"), name: times[0]}]
    assert said(one(rows)[1]) == ["a", "c"]
