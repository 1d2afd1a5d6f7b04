"""What an engineer gets from the live model: its words as they come, its calls, its troubles in plain words."""

from __future__ import annotations

import asyncio
import copy
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anthropic
import pytest

from support.loopback import (
    Loopback,
    Scripted,
    breaks,
    calls,
    event,
    events,
    recorded,
    refuses,
    says,
    streams,
    whole,
)
from support.realdata import data
from workbench.engine.conversation import ConversationRun
from workbench.engine.model import Delta, ModelAnswer, ModelRequest
from workbench.engine.model_params import ModelParams
from workbench.engine.sandbox import Sandbox
from workbench.engine.turn import run_turn
from workbench.engine.world import World
from workbench.errors import NoAnswer, UsageError
from workbench.models.claude import Claude, configured, credentials
from workbench.models.messages_api import to_api_messages
from workbench.models.pricing import cost, family
from workbench.runtime.loader import load
from workbench.trace.blobs import PromptSection
from workbench.trace.events import Answer, Prompt, Reply, ToolResult
from workbench.trace.messages import Messages
from workbench.trace.setup import Setup

KEYS = (
    "API_KEY",
    "AUTH_TOKEN",
    "BASE_URL",
    "CUSTOM_HEADERS",
    "FEDERATION_RULE_ID",
    "IDENTITY_TOKEN",
    "IDENTITY_TOKEN_FILE",
    "ORGANIZATION_ID",
    "PROFILE",
)
THOUGHT = {"type": "thinking", "thinking": "They want shoes.", "signature": "sig-1"}
TOOL = {"name": "find_order", "description": "Find an order.", "input_schema": {"type": "object"}}

Serve = Callable[..., Loopback]


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No key, no profile: whatever the machine has is out of sight."""
    for name in KEYS:
        monkeypatch.delenv(f"ANTHROPIC_{name}", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("ANTHROPIC_CONFIG_DIR", raising=False)


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """serve(*script) starts a loopback server and points the SDK at it."""
    running: list[Loopback] = []

    def start(*script: Scripted) -> Loopback:
        server = Loopback(*script)
        server.__enter__()
        running.append(server)
        for name, value in server.env.items():
            monkeypatch.setenv(name, value)
        return server

    yield start
    for server in running:
        server.__exit__(None, None, None)


class Waits(list[float]):
    """Stands in for sleeping: remembers for how long."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


def user(*texts: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "text", "text": text} for text in texts]}


def assistant(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


def request(
    *messages: dict[str, Any], system: tuple[str, ...] = (), tools: tuple[dict[str, Any], ...] = ()
) -> ModelRequest:
    sections = tuple(PromptSection(f"span {number}", text) for number, text in enumerate(system))
    return ModelRequest(1, 1, sections, Messages.from_list(list(messages or (user("Hello"),))), tools, None)


async def _ask(model: Claude, asked: ModelRequest) -> tuple[list[Delta], ModelAnswer]:
    shown: list[Delta] = []
    answer = await model.answer(asked, shown.append)
    return [delta for delta in shown if delta.kind != "usage"], answer


def ask(model: Claude | None = None, asked: ModelRequest | None = None) -> tuple[list[Delta], ModelAnswer]:
    """Ask once; the model never really sleeps."""
    return asyncio.run(_ask(model or Claude(sleep=Waits()), asked or request()))


def stopped(model: Claude | None = None, asked: ModelRequest | None = None) -> str:
    """Ask for an answer that does not come: what the engineer is told."""
    with pytest.raises(NoAnswer) as caught:
        ask(model, asked)
    assert caught.value.reason == "model_error"
    return caught.value.message


# the answer


def test_text_and_thinking_are_shown_as_they_arrive(serve: Serve) -> None:
    serve(streams([THOUGHT, {"type": "text", "text": "Good morning!"}]))
    deltas, answer = ask()
    assert deltas == [
        Delta("thinking", "They wan"),
        Delta("thinking", "t shoes."),
        Delta("text", "Good mo"),
        Delta("text", "rning!"),
    ]
    assert answer.blocks == [THOUGHT, {"type": "text", "text": "Good morning!"}]
    assert (answer.stop, answer.model) == ("end_turn", "claude-sonnet-5-5")


def test_an_answer_can_call_several_tools_and_each_is_announced(serve: Serve) -> None:
    serve(calls(("find_order", {"number": "OL-1"}), ("find_order", {"number": "Größe “42”"}), text="Looking."))
    deltas, answer = ask()
    assert [d.text for d in deltas if d.kind == "tool"] == ["find_order", "find_order"]
    assert [b["input"] for b in answer.blocks[1:]] == [{"number": "OL-1"}, {"number": "Größe “42”"}]
    assert answer.stop == "tool_use"


def test_the_cost_of_an_answer_is_counted(serve: Serve) -> None:
    usage = {
        "input_tokens": 1_000,
        "output_tokens": 2_000,
        "cache_read_input_tokens": 10_000,
        "cache_creation_input_tokens": 4_000,
        "cache_creation": {"ephemeral_5m_input_tokens": 3_000, "ephemeral_1h_input_tokens": 1_000},
    }
    serve(says("Hi", usage=usage))
    ticks = iter([100.0, 103.5])
    _, answer = ask(Claude(clock=lambda: next(ticks)))
    meter = answer.usage
    assert meter is not None
    assert (meter.tokens_in, meter.tokens_out, meter.cache_read, meter.cache_write) == (
        1_000,
        2_000,
        10_000,
        4_000,
    )
    assert (meter.seconds, meter.request_id) == (3.5, "req_loopback")
    # $2 in, $10 out, $0.10 read from the cache, 1.25 and 2 times the input written to it
    assert meter.cost == pytest.approx((2 * (1_000 + 1.25 * 3_000 + 2 * 1_000) + 0.1 * 10_000 + 10 * 2_000) / 1e6)


def test_a_response_without_streaming_is_accepted(serve: Serve) -> None:
    body = {
        "type": "message",
        "model": "qwen",
        "content": [{"type": "text", "text": "Hi"}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 3, "output_tokens": 1},
    }
    serve(whole(body))
    deltas, answer = ask()
    assert deltas == [Delta("text", "Hi")]
    assert (answer.blocks, answer.stop, answer.model) == (body["content"], "end_turn", "qwen")
    assert answer.usage is not None
    assert answer.usage.cost is None


def test_blocks_of_an_unknown_type_are_kept_unchanged(serve: Serve) -> None:
    strange = {"type": "hologram", "payload": {"deep": [1, None, "x"]}, "note": None}
    cited = {"type": "text", "text": "By the book.", "citations": [{"type": "char_location", "cited_text": "x"}]}
    parts = events([strange, {"type": "text", "text": "By the book."}])
    place = next(n for n, part in enumerate(parts) if '"content_block_stop", "index": 1' in part)
    parts.insert(
        place,
        event(
            "content_block_delta", index=1, delta={"type": "citations_delta", "citation": cited["citations"][0]}
        ),
    )
    serve(Scripted(tuple(parts)))
    assert ask()[1].blocks == [strange, cited]


def test_a_stream_without_event_lines_is_accepted(serve: Serve) -> None:
    bare = [part.split("\n", 1)[1] for part in events([{"type": "text", "text": "Hi"}])]
    serve(Scripted((*bare, "data: [DONE]\n\n")))
    assert ask()[1].blocks == [{"type": "text", "text": "Hi"}]


# what is sent


def test_the_prompt_the_tools_and_the_last_message_are_cached(serve: Serve) -> None:
    server = serve(says("Hi"))
    asked = request(
        user("Hello"),
        assistant({"type": "text", "text": "Hi"}),
        user("a", "b"),
        system=("A", " ", "B"),
        tools=(TOOL,),
    )
    before = copy.deepcopy(asked.messages)
    ask(Claude("claude-opus-5-5", max_tokens=500, effort="low"), asked)
    sent = server.requests[0]
    mark = {"cache_control": {"type": "ephemeral"}}
    assert sent.path == "/v1/messages"
    assert sent.body == {
        "model": "claude-opus-5-5",
        "max_tokens": 500,
        "thinking": {"type": "adaptive", "display": "summarized"},
        "output_config": {"effort": "low"},
        "stream": True,
        "system": [{"type": "text", "text": "A"}, {"type": "text", "text": "B", **mark}],
        "tools": [TOOL],
        "messages": [
            user("Hello"),
            assistant({"type": "text", "text": "Hi"}),
            {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b", **mark}]},
        ],
    }
    assert asked.messages == before, "the messages belong to the engine"


def test_duplicate_call_ids_of_an_imported_log_are_made_unique() -> None:
    def call(name: str) -> dict[str, Any]:
        return {"type": "tool_use", "id": name, "name": "find_order", "input": {}}

    def result(name: str, text: str) -> dict[str, Any]:
        return {"type": "tool_result", "tool_use_id": name, "content": text}

    messages = [
        user("Hello"),
        assistant(call("call.1"), call("call.1")),
        {"role": "user", "content": [result("call.1", "one"), result("call.1", "two")]},
        assistant(call("call.1")),
        {"role": "user", "content": [{"type": "text", "text": "and?"}, result("call.1", "three")]},
    ]
    sent = to_api_messages(messages)
    assert [b["id"] for m in sent for b in m["content"] if "id" in b] == ["call_1", "call_1_2", "call_1_3"]
    results = [b for m in sent for b in m["content"] if b["type"] == "tool_result"]
    assert [(b["tool_use_id"], b["content"]) for b in results] == [
        ("call_1", "one"),
        ("call_1_2", "two"),
        ("call_1_3", "three"),
    ]
    assert sent[-1]["content"][0]["type"] == "tool_result", "results come before words"
    assert to_api_messages(messages[:3]) == sent[:3], "what was sent once is sent the same way again"


def test_content_that_the_api_does_not_accept_is_omitted_or_corrected() -> None:
    broken = {"type": "tool_use", "id": "t", "name": "x", "input": '{"a": '}
    sent = to_api_messages(
        [
            assistant({"type": "text", "text": "Welcome!"}),
            user("  "),
            assistant({"type": "text", "text": ""}),
            user("Hello"),
            assistant({"type": "text", "text": ""}, broken),
        ]
    )
    assert sent == [
        user("(The agent speaks first.)"),
        assistant({"type": "text", "text": "Welcome!"}),
        user("(no words)", "Hello"),
        assistant({**broken, "input": {"unreadable": '{"a": '}}),
    ]


def test_thinking_is_sent_back_until_the_prompt_changes(serve: Serve) -> None:
    server = serve(streams([THOUGHT, {"type": "text", "text": "Hi"}]), says("Hm"), says("Hm"))
    model = Claude()
    _, first = ask(model, request(system=("Be kind.",)))
    history = [user("Hello"), assistant(*first.blocks), user("And?")]
    ask(model, request(*history, system=("Be kind.",)))
    ask(model, request(*history, system=("Be brief.",)))
    assert server.requests[1].body["messages"][1]["content"][0] == THOUGHT
    assert [b["type"] for b in server.requests[2].body["messages"][1]["content"]] == ["text"]


def test_an_older_model_keeps_its_thinking_when_the_prompt_changes_within_a_turn(serve: Serve) -> None:
    called = {"type": "tool_use", "id": "t", "name": "enter_journey", "input": {}}
    server = serve(streams([THOUGHT, called]), says("Hi"))
    model = Claude(thinking={"type": "enabled", "budget_tokens": 1_024})
    _, first = ask(model, request(system=("Be kind.",)))
    result = {"type": "tool_result", "tool_use_id": "t", "content": "entered"}
    history = [user("Hello"), assistant(*first.blocks), {"role": "user", "content": [result]}]
    ask(model, request(*history, system=("Be kind.", "Look it up.")))
    assert server.requests[1].body["messages"][1] == assistant(THOUGHT, called)


# waiting and trying again


def test_an_overloaded_server_is_retried_and_the_wait_is_shown(serve: Serve) -> None:
    busy = refuses(529, "overloaded_error", "Overloaded")
    serve(busy, busy, says("Hi"))
    waits = Waits()
    deltas, answer = ask(Claude(sleep=waits))
    assert [d.text for d in deltas] == [
        "the server is overloaded (529): Overloaded",
        "the server is overloaded (529): Overloaded",
        "H",
        "i",
    ]
    assert [d.seconds for d in deltas if d.kind == "wait"] == waits
    assert 0.75 <= waits[0] <= 1.0 <= 1.5 <= waits[1] <= 2.0
    assert answer.blocks == [{"type": "text", "text": "Hi"}]


def test_the_wait_that_a_server_requests_is_limited(serve: Serve) -> None:
    def limited(**headers: str) -> Scripted:
        return refuses(429, "rate_limit_error", "Slow down", **headers)

    serve(
        limited(retry_after="7"),
        limited(retry_after_ms="250"),
        limited(retry_after="86400"),
        limited(retry_after="Thu, 01 Jan 1970 00:00:00 GMT"),
        says("Hi"),
    )
    waits = Waits()
    ask(Claude(sleep=waits))
    assert waits == [7.0, 0.25, 60.0, 0.0]


def test_a_server_that_stays_overloaded_ends_the_answer_after_a_few_retries(serve: Serve) -> None:
    server = serve(*[refuses(529, "overloaded_error", "Overloaded")] * 3)
    waits = Waits()
    message = stopped(Claude(tries=3, sleep=waits))
    assert message == "the server is overloaded (529): Overloaded (tried 3 times). Try again later"
    assert (len(waits), server.left) == (2, 0)


BODY = {
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [],
    "stop_reason": "end_turn",
    "usage": {},
}
START = events([])[0]


@pytest.mark.parametrize(
    "answer",
    [
        whole({"choices": [{"message": {"content": "Hello"}}]}),
        whole({**BODY, "content": None}),
        whole({**BODY, "content": "Hello"}),
        whole({**BODY, "content": ["Hello"]}),
        whole({**BODY, "content": [{"type": "text", "text": None}]}),
        whole({**BODY, "content": [{"type": "tool_use", "id": "a", "input": {}}]}),
        whole({**BODY, "usage": "none"}),
        whole({**BODY, "usage": {"input_tokens": "many"}}),
        Scripted(("null",), headers={"Content-Type": "application/json"}),
        Scripted(("<html>please log in</html>",), headers={"Content-Type": "text/html"}),
        Scripted((event("message_start", message="Hello"),)),
        Scripted((START, event("content_block_start", index=0, content_block="Hello"))),
        Scripted((START, event("content_block_delta", index="a", delta={}))),
        Scripted((START, event("content_block_delta", index=0, delta="Hello"))),
        Scripted((START, "data: [1]\n\n")),
    ],
)
def test_a_response_that_is_not_in_the_format_of_the_messages_api_is_reported_at_once(
    serve: Serve, answer: Scripted
) -> None:
    server = serve(answer)
    message = stopped(Claude(sleep=Waits()))
    assert message.startswith("the server does not implement the Messages API: ")
    assert message.endswith("Check ANTHROPIC_BASE_URL (without /v1)")
    assert len(server.requests) == 1


@pytest.mark.parametrize("error", ["overloaded", {"message": "overloaded"}, {"type": "overloaded_error"}])
@pytest.mark.parametrize("streamed", [True, False])
def test_an_error_in_any_form_is_retried(serve: Serve, error: Any, streamed: bool) -> None:
    told = Scripted((START, event("error", error=error))) if streamed else whole({"error": error})
    serve(told, says("Good morning!"))
    waits = Waits()
    _, answer = ask(Claude(sleep=waits))
    assert answer.blocks == [{"type": "text", "text": "Good morning!"}]
    assert len(waits) == 1


HALF = events([{"type": "text", "text": "Good morning!"}])[:4]  # up to the first words


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        (breaks(HALF), "the answer is incomplete"),
        (breaks(HALF, "reset"), "the connection was lost (ReadError)"),
        (breaks(HALF, "close"), "the connection was lost (RemoteProtocolError)"),
        (
            breaks([*HALF, event("error", error={"type": "overloaded_error", "message": "Overloaded"})]),
            "the server is overloaded: Overloaded",
        ),
        (
            breaks([*HALF, event("error", error={"type": "api_error", "message": "Internal"})]),
            "internal error of the server: Internal",
        ),
        (breaks([*HALF, "event: content_block_delta\ndata: {oh\n\n"]), "the server sent invalid JSON"),
    ],
    ids=["clean end", "reset", "closed", "overloaded", "server fault", "garbage"],
)
def test_an_incomplete_answer_is_discarded_and_requested_again(serve: Serve, trouble: Scripted, why: str) -> None:
    serve(trouble, says("Hi"))
    deltas, answer = ask()
    assert [d.kind for d in deltas] == ["text", "restart", "wait", "text", "text"]
    assert deltas[2].text == why
    assert answer.blocks == [{"type": "text", "text": "Hi"}]


def test_a_permanent_error_in_the_stream_ends_the_answer(serve: Serve) -> None:
    serve(breaks([*HALF, event("error", error={"type": "permission_error", "message": "Not this model"})]))
    assert stopped() == (
        "the key has no permission for this: Not this model. "
        "Choose another model, or a key with access to this one"
    )


def test_a_request_is_not_repeated_if_the_server_forbids_it(serve: Serve) -> None:
    server = serve(refuses(500, "api_error", "No", x_should_retry="false"), says("Hi"))
    assert stopped() == "internal error of the server (500): No"
    assert server.left == 1


def test_a_tool_call_cut_off_by_the_token_limit_is_invalid(serve: Serve) -> None:
    cut = {"type": "tool_use", "id": "toolu_1", "name": "find_order", "input": '{"number": "OL-'}
    serve(streams([cut], "max_tokens"))
    _, answer = ask()
    assert (answer.stop, answer.blocks) == ("max_tokens", [cut])
    assert Answer(turn=1, blocks=answer.blocks).calls[0].error


# less thinking, where a server refuses it


def test_an_older_model_is_retried_with_older_thinking_and_then_without(serve: Serve) -> None:
    server = serve(
        refuses(400, "invalid_request_error", "adaptive thinking is not supported on this model"),
        refuses(400, "invalid_request_error", "thinking: unknown field"),
        says("Hi"),
        says("Hi"),
    )
    model = Claude("old", max_tokens=4_000, sleep=Waits())
    recorded_params = model.params
    deltas, _ = ask(model)
    ask(model)
    assert [r.body.get("thinking") for r in server.requests] == [
        {"type": "adaptive", "display": "summarized"},
        {"type": "enabled", "budget_tokens": 2_000},
        None,
        None,
    ]
    assert [d.text for d in deltas if d.kind == "wait"] == [
        "the server rejected the thinking setting: retrying for the enabled kind",
        "the server rejected the thinking setting: retrying without it",
    ]
    assert model.params == {"max_tokens": 4_000}
    assert "thinking" in recorded_params, "what is on record is not changed"


def test_thinking_of_another_prompt_or_account_is_omitted(serve: Serve) -> None:
    words = (
        "messages.1.content.0: Invalid `signature` in `thinking` block. It is bound to a different conversation."
    )
    server = serve(refuses(400, "invalid_request_error", words), says("Hi"), says("Hi"))
    model = Claude()
    history = request(user("Hello"), assistant(THOUGHT, {"type": "text", "text": "Hi"}), user("And?"))
    deltas, _ = ask(model, history)
    ask(model, history)
    assert deltas[0].kind == "wait"
    assert [len(r.body["messages"][1]["content"]) for r in server.requests] == [2, 1, 1]
    assert server.requests[2].body["thinking"] == {"type": "adaptive", "display": "summarized"}


def test_thinking_without_a_signature_is_not_sent(serve: Serve) -> None:
    server = serve(says("Hi"))
    bare = {"type": "thinking", "thinking": "…"}
    ask(asked=request(user("Hello"), assistant(bare, {"type": "text", "text": "Hi"}), user("And?")))
    assert [b["type"] for b in server.requests[0].body["messages"][1]["content"]] == ["text"]


# troubles in plain words


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (
            refuses(401, "authentication_error", "invalid x-api-key"),
            "the API key was not accepted (401): invalid x-api-key. "
            "Check the key: `workbench doctor` shows its source",
        ),
        (
            refuses(400, "invalid_request_error", "max_tokens: 999999 > 128000, which is the maximum allowed"),
            "the server refused the request (400): max_tokens: 999999 > 128000, which is the maximum allowed. "
            "Choose another max_tokens",
        ),
        (
            refuses(400, "invalid_request_error", "prompt is too long: 1200000 tokens > 1000000 maximum"),
            "the server refused the request (400): prompt is too long: 1200000 tokens > 1000000 maximum. "
            "Start a new conversation",
        ),
        (Scripted(("<html>\n<h1>Not  here</h1></html>",), 404, {"Content-Type": "text/html"}), "(404)"),
        (Scripted(("",), 418, {"Content-Type": "text/plain"}), "the server refused the request (418)"),
    ],
    ids=["key", "max_tokens", "too long", "html", "nothing"],
)
def test_a_refused_request_is_explained_and_not_retried(serve: Serve, reply: Scripted, told: str) -> None:
    server = serve(reply, says("never"))
    assert told in stopped()
    assert server.left == 1, "it is not tried again"


def test_missing_credentials_are_an_error_that_names_the_solutions() -> None:
    assert stopped() == (
        "no credentials for the model. Set ANTHROPIC_API_KEY (any value for a local server), or use the rehearsal"
    )


@pytest.mark.parametrize("key", ["sk-ant-very-secret\n", "sk-ant\nvery-secret"])
def test_a_key_that_cannot_be_sent_is_reported_without_showing_it(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    serve(says("never"))
    monkeypatch.setenv("ANTHROPIC_API_KEY", key)
    assert stopped() == ("the key contains invalid characters. Check ANTHROPIC_API_KEY for line breaks and quotes")


def test_a_key_in_an_error_of_the_server_is_not_shown(serve: Serve) -> None:
    serve(refuses(401, "authentication_error", "Incorrect key provided: sk-ant-api03-abcdef"))
    assert "[key]" in stopped()


def test_an_unreachable_server_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with Loopback() as gone:
        url = gone.url
    monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    assert stopped() == (
        "cannot reach 127.0.0.1 (tried 5 times). Check the network and, if it is set, ANTHROPIC_BASE_URL"
    )


def test_an_invalid_url_is_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "localhost:11434")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    assert stopped().startswith("invalid server URL")


def test_a_custom_client_is_used_and_stays_open(serve: Serve) -> None:
    server = serve(refuses(529, "overloaded_error", "Overloaded"), says("Hi"))

    async def twice() -> bool:
        async with anthropic.AsyncAnthropic(api_key="mine", base_url=server.url) as client:
            await _ask(Claude(client=client, sleep=Waits()), request())
            return client.is_closed()

    assert not asyncio.run(twice())
    assert [r.headers["authorization"] for r in server.requests] == ["Bearer mine", "Bearer mine"]


def test_an_interrupted_answer_closes_its_connection(serve: Serve) -> None:
    serve(says("Good morning, and welcome."))

    async def first_words() -> list[Delta]:
        shown: list[Delta] = []

        def show(delta: Delta) -> None:
            shown.append(delta)
            if delta.kind == "text":
                asking.cancel()

        asking = asyncio.create_task(Claude().answer(request(), show))
        with pytest.raises(asyncio.CancelledError):
            await asking
        return shown

    assert asyncio.run(first_words())[-1].kind == "text"


# credentials and prices


def test_the_source_of_the_credentials_is_shown_without_their_values(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert credentials() is None
    monkeypatch.setenv("ANTHROPIC_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("ANTHROPIC_PROFILE", "work")
    with pytest.raises(UsageError, match="profile"):
        credentials()
    (tmp_path / "configs").mkdir()
    profile = {"authentication": {"type": "user_oauth"}, "organization_id": "o"}
    (tmp_path / "configs" / "work.json").write_text(json.dumps(profile))
    assert credentials() == "profile work"
    monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", "Authorization: Bearer x")
    monkeypatch.delenv("ANTHROPIC_PROFILE")
    monkeypatch.delenv("ANTHROPIC_CONFIG_DIR")
    assert credentials() == "ANTHROPIC_CUSTOM_HEADERS"
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "t")
    assert credentials() == "ANTHROPIC_AUTH_TOKEN"
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    assert credentials() == "ANTHROPIC_API_KEY"


def test_the_sdk_is_imported_only_when_it_is_needed() -> None:
    code = "import sys, workbench.models.claude; sys.exit('anthropic' in sys.modules or 'httpx2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_prices_do_not_apply_to_models_with_similar_names() -> None:
    assert family("claude-sonnet-4-5-20250929") == "claude-sonnet-4-5"
    assert family("us.anthropic.claude-opus-4-6-v1:0") == "claude-opus-4-6"
    assert family("claude-opus-4-20250514") == "claude-opus-4"
    assert [family(m) for m in ("claude-opus-5-9", "claude-opus-55", "qwen3", "")] == ["", "", "", ""]
    assert cost("qwen3", {"input_tokens": 1}) is None
    assert cost("claude-haiku-5-5", {"input_tokens": 100_000}) == pytest.approx(0.01)
    assert cost("claude-haiku-5-5", {"input_tokens": 200_000}) == pytest.approx(0.1)


# the recordings, and a whole turn


def _exchanges(*, streamed: bool, good: bool = True) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for path in sorted(data("anthropic-wire").glob("*.json")):
        for exchange in json.loads(path.read_text("utf-8")):
            if isinstance(exchange["response"], str) == streamed and (exchange["status"] == 200) == good:
                found.append((path.name, exchange))
    assert found
    return found


def test_every_recorded_message_is_received_unchanged(serve: Serve) -> None:
    for name, exchange in _exchanges(streamed=False):
        body = exchange["response"]
        as_stream = streams(body["content"], body["stop_reason"], model=body["model"], usage=body["usage"])
        serve(recorded(exchange), as_stream)
        for _ in range(2):
            _, answer = ask()
            assert answer.blocks == body["content"], name
            assert (answer.stop, answer.model) == (body["stop_reason"], body["model"]), name
            assert answer.usage is not None
            assert answer.usage.tokens_in == body["usage"]["input_tokens"], name
            assert answer.usage.tokens_out == body["usage"]["output_tokens"], name
            assert answer.usage.cost is not None, name


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
def test_every_recorded_stream_has_the_same_blocks_as_in_the_sdk(serve: Serve) -> None:
    async def sdk() -> dict[str, Any]:
        async with anthropic.AsyncAnthropic(max_retries=0) as client:
            hello = [{"role": "user", "content": "Hello"}]
            async with client.beta.messages.stream(model="m", max_tokens=9, messages=hello) as stream:  # type: ignore[arg-type]
                return (await stream.get_final_message()).to_dict()

    for name, exchange in _exchanges(streamed=True):
        serve(recorded(exchange), recorded(exchange))
        expected: Any = asyncio.run(sdk())
        deltas, answer = ask()
        assert answer.blocks == expected["content"], name
        assert (answer.stop, answer.model) == (expected["stop_reason"], expected["model"]), name
        assert answer.usage is not None
        assert answer.usage.tokens_in == expected["usage"]["input_tokens"], name
        assert answer.usage.tokens_out == expected["usage"]["output_tokens"], name
        spoken = "".join(d.text for d in deltas if d.kind == "text")
        assert spoken == "".join(b["text"] for b in answer.blocks if b["type"] == "text"), name


def test_the_recorded_errors_are_shown_as_sentences(serve: Serve) -> None:
    told = []
    for _, exchange in _exchanges(streamed=False, good=False):
        serve(recorded(exchange))
        told.append(stopped())
    assert told == [
        "the server refused the request (400): This model does not support effort level 'xhigh'. "
        "Supported levels: high, low, max, medium. Choose another effort",
        "unknown model or address (404): model: claude-sonet-4-5. "
        "Check the name of the model and, if it is set, ANTHROPIC_BASE_URL (without /v1)",
    ]


AGENT = """
from workbench import Agent, Journey

orders = Journey("orders", goal="Say where an order is", manual="manual.md")

@orders.tool
def find_order(number: str) -> str:
    \"\"\"Find an order by its number.\"\"\"
    return f"{number} is on its way"

agent = Agent("shop", journeys=[orders])
"""


@pytest.fixture
def conversation(tmp_path: Path) -> ConversationRun:
    """A conversation with a small agent that can look up orders."""
    folder = tmp_path / "journeys" / "shop"
    folder.mkdir(parents=True)
    (folder / "agent.py").write_text(AGENT)
    (folder / "persona.md").write_text("You are the voice of a shoe shop.\n")
    (folder / "manual.md").write_text("Look the order up, then say where it is.\n")
    return ConversationRun(load(tmp_path / "journeys", "shop").agent, Setup("shop"))


def test_a_turn_can_make_two_calls_at_once_and_then_reply(serve: Serve, conversation: ConversationRun) -> None:
    two = [
        THOUGHT,
        {"type": "tool_use", "id": "toolu_1", "name": "find_order", "input": {"number": "OL-1"}},
        {"type": "tool_use", "id": "toolu_2", "name": "find_order", "input": {"number": "OL-2"}},
    ]
    server = serve(streams(two), refuses(529, "overloaded_error", "Overloaded"), says("Both are on their way."))
    heard: list[str] = []
    world = World(now=conversation.state.now, seed=1)
    end = asyncio.run(
        run_turn(
            conversation,
            "Where are OL-1 and OL-2?",
            Claude(sleep=Waits()),
            Sandbox(world),
            lambda step_id, delta: heard.append(f"{step_id} {delta.kind}"),
        )
    )
    assert end.reason == "replied"
    assert [s.value for s in conversation.trace if isinstance(s, ToolResult)] == [
        "OL-1 is on its way",
        "OL-2 is on its way",
    ]
    assert [s.text for s in conversation.trace if isinstance(s, Reply)] == ["Both are on their way."]
    assert next(s.blocks for s in conversation.trace if isinstance(s, Answer)) == two
    assert [s.model for s in conversation.trace if isinstance(s, Prompt)] == ["claude-sonnet-5-5"]
    assert "1.2.0 wait" in heard
    last = server.requests[-1].body["messages"]
    assert last[1] == assistant(*two)
    assert [(b["type"], b["tool_use_id"], b["content"]) for b in last[2]["content"]] == [
        ("tool_result", "toolu_1", "OL-1 is on its way"),
        ("tool_result", "toolu_2", "OL-2 is on its way"),
    ]


def test_a_turn_that_the_model_cannot_answer_ends_with_the_reason(
    serve: Serve, conversation: ConversationRun
) -> None:
    serve(refuses(401, "authentication_error", "invalid x-api-key"))
    end = asyncio.run(
        run_turn(conversation, "Hello", Claude(), Sandbox(World(now=conversation.state.now, seed=1)))
    )
    assert end.reason == "model_error"
    assert end.detail.startswith("the API key was not accepted (401)")


OFF = {"type": "disabled"}
BUDGET = {"type": "enabled", "budget_tokens": 2_000}


@pytest.mark.parametrize(
    ("params", "sent"),
    [
        (ModelParams(), {"max_tokens": 16_000, "thinking": {"type": "adaptive", "display": "summarized"}}),
        (ModelParams(temperature=0.2), {"max_tokens": 16_000, "temperature": 0.2, "thinking": OFF}),
        (ModelParams(1, 900, "off"), {"max_tokens": 900, "temperature": 1, "thinking": OFF}),
        (ModelParams(None, 9_000, 2_000), {"max_tokens": 9_000, "thinking": BUDGET}),
    ],
)
def test_chosen_parameters_are_sent(params, sent):
    assert configured("", params).params == sent
    assert configured("claude-x", params).name == "claude-x"
