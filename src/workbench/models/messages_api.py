"""The Messages API as it stands on the wire: messages going out, events coming in.

Pure: it neither knows the SDK nor the network. Blocks stay the plain dicts that
were received, whatever their type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from ..engine.model import Delta, ModelAnswer
from ..trace.events import Usage
from .pricing import cost

THINKING_TYPES = ("thinking", "redacted_thinking")
Keep = Callable[[Mapping[str, Any]], bool]


class StreamError(Exception):
    """A stream that brings no whole answer: an error event of this `kind`, or "" for one that broke off."""

    def __init__(self, kind: str, words: str) -> None:
        super().__init__(words)
        self.kind = kind
        self.message = words


class UnsupportedResponse(StreamError):
    """An answer in another form than the Messages API's: nothing that a further try would mend."""

    def __init__(self, what: str) -> None:
        super().__init__("", f"the server does not answer as the Messages API does: {what}")


def signature(thought: Mapping[str, Any]) -> str:
    """What the provider knows a thinking block by; "" where there is nothing."""
    return str(thought.get("signature") or thought.get("data") or "")


def add_cache_breakpoint(blocks: list[dict[str, Any]]) -> None:
    """Put a cache breakpoint on the last block that may carry one: a new dict in its place."""
    for number in range(len(blocks) - 1, -1, -1):
        if blocks[number].get("type") not in THINKING_TYPES:
            blocks[number] = {**blocks[number], "cache_control": {"type": "ephemeral"}}
            return


# the messages as the API takes them


def to_api_messages(
    messages: Sequence[Mapping[str, Any]], keep: Keep = lambda thought: True
) -> list[dict[str, Any]]:
    """A copy of `messages` that the API accepts; `keep` says which thinking blocks go along.

    Empty texts are left out, neighbours of one role joined, call ids made
    unique (imported logs reuse them) and results put first; a conversation
    starts with the user, and no message is empty. The originals are not touched.
    """
    sent: list[dict[str, Any]] = []
    ids = _Ids()
    for message in messages:
        role, content = message["role"], message["content"]
        joins = bool(sent) and sent[-1]["role"] == role
        if role == "assistant" and not joins:
            ids.forget()
        blocks = [made for block in content if (made := _sendable(block, ids, keep)) is not None]
        if joins:
            sent[-1]["content"] += blocks
        elif blocks or role == "user":
            sent.append({"role": role, "content": blocks or [{"type": "text", "text": "(no words)"}]})
    if sent and sent[0]["role"] == "assistant":
        sent.insert(0, {"role": "user", "content": [{"type": "text", "text": "(The agent speaks first.)"}]})
    for message in sent:
        if message["role"] == "user":
            message["content"].sort(key=lambda block: block.get("type") != "tool_result")
    return sent


def _sendable(block: Mapping[str, Any], ids: _Ids, keep: Keep) -> dict[str, Any] | None:
    kind = block.get("type")
    if kind == "text" and not str(block.get("text") or "").strip():
        return None
    if kind in THINKING_TYPES and not keep(block):
        return None
    if kind == "tool_use":
        given = block.get("input")
        return {
            **block,
            "id": ids.call(str(block.get("id") or "")),
            "input": given if isinstance(given, dict) else {"unreadable": given},
        }
    if kind == "tool_result":
        return {**block, "tool_use_id": ids.result(str(block.get("tool_use_id") or ""))}
    return dict(block)


class _Ids:
    """Makes call ids unique within a conversation, the same way every time, results along with their calls."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._waiting: dict[str, list[str]] = {}

    def call(self, recorded: str) -> str:
        base = re.sub(r"[^a-zA-Z0-9_-]", "_", recorded) or "call"
        name, number = base, 2
        while name in self._taken:
            name, number = f"{base}_{number}", number + 1
        self._taken.add(name)
        self._waiting.setdefault(recorded, []).append(name)
        return name

    def result(self, recorded: str) -> str:
        waiting = self._waiting.get(recorded)
        return waiting.pop(0) if waiting else recorded

    def forget(self) -> None:
        """A new answer: results from here on belong to its calls."""
        self._waiting = {}


# the answer, put together from its events


class StreamedMessage:
    """An answer on its way. `shown` says whether anything of it was shown."""

    def __init__(self) -> None:
        self.shown = False
        self.request_id = ""
        self.server = ""
        self._model = ""
        self._stop: str | None = None
        self._ended = False
        self._usage: dict[str, Any] = {}
        self._blocks: dict[int, dict[str, Any]] = {}
        self._arguments: dict[int, list[str]] = {}

    def feed(self, event: Any) -> Iterator[Delta]:
        """Take one event in; yields what there is to show. Raises StreamError for an error event, or Foreign."""
        if not isinstance(event, dict):
            raise UnsupportedResponse("an event is no object")
        try:
            yield from self._take(event)
        except (TypeError, ValueError, AttributeError, KeyError) as error:
            raise UnsupportedResponse(f"its event {event.get('type')!r} cannot be read ({error})") from error

    def _take(self, event: dict[str, Any]) -> Iterator[Delta]:
        kind, index = event.get("type"), int(event.get("index") or 0)
        if kind == "message_start":
            message = event.get("message") or {}
            self._model = str(message.get("model") or "")
            self._count(message.get("usage"))
        elif kind == "content_block_start":
            yield from self._begin(index, dict(event.get("content_block") or {}))
        elif kind == "content_block_delta":
            yield from self._grow(index, event.get("delta") or {})
        elif kind == "message_delta":
            self._stop = (event.get("delta") or {}).get("stop_reason") or self._stop
            self._count(event.get("usage"))
        elif kind == "message_stop":
            self._ended = True
        elif kind == "error":
            raise _describe(event.get("error"))

    def _count(self, usage: Mapping[str, Any] | None) -> None:
        # the counts are running totals, and one that is left out stands as it was
        self._usage.update({k: v for k, v in (usage or {}).items() if v is not None})

    def _begin(self, index: int, block: dict[str, Any]) -> Iterator[Delta]:
        self._blocks[index] = block
        if "input" in block and block.get("name"):
            yield self._show("tool", block["name"])
        yield from self._words(block)

    def _grow(self, index: int, delta: Mapping[str, Any]) -> Iterator[Delta]:
        block = self._blocks.setdefault(index, {})
        kind = delta.get("type")
        if kind == "input_json_delta":
            self._arguments.setdefault(index, []).append(delta.get("partial_json") or "")
        elif kind == "citations_delta":
            block["citations"] = [*(block.get("citations") or []), delta.get("citation")]
        elif kind == "signature_delta":
            block["signature"] = delta.get("signature")
        else:
            for field, piece in delta.items():
                if field != "type":
                    before = block.get(field)
                    block[field] = before + piece if isinstance(before, str) and isinstance(piece, str) else piece
            yield from self._words(delta)

    def _words(self, source: Mapping[str, Any]) -> Iterator[Delta]:
        if isinstance(source.get("text"), str) and source["text"]:
            yield self._show("text", source["text"])
        if isinstance(source.get("thinking"), str) and source["thinking"]:
            yield self._show("thinking", source["thinking"])

    def _show(self, kind: Literal["text", "thinking", "tool"], text: str) -> Delta:
        self.shown = True
        return Delta(kind, text)

    def finish(self, asked: str, seconds: float) -> ModelAnswer:
        """The whole answer, `seconds` after it was asked of the model `asked`.

        Raises StreamError where the stream ended cleanly, but too early; Foreign for blocks that are none.
        """
        if not self._ended and self._stop is None:
            raise StreamError("", "the answer broke off before its end")
        for index, pieces in self._arguments.items():
            text = "".join(pieces)
            if text.strip():
                self._blocks[index]["input"] = _parsed(text)
        blocks = [self._blocks[index] for index in sorted(self._blocks)]
        for block in blocks:
            for field in _NEEDED.get(block.get("type"), ()):
                if not isinstance(block.get(field), str):
                    raise UnsupportedResponse(f"a block of type {block['type']} has no {field}")
        calls = any(block.get("type") == "tool_use" for block in blocks)
        model = self._model or asked
        try:
            meter = self._count_usage(model, seconds)
        except (TypeError, ValueError, AttributeError) as error:
            raise UnsupportedResponse(f"its usage cannot be read ({error})") from error
        return ModelAnswer(blocks, self._stop or ("tool_use" if calls else "end_turn"), model, meter)

    def _count_usage(self, model: str, seconds: float) -> Usage:
        count = self._usage.get
        return Usage(
            tokens_in=int(count("input_tokens") or 0),
            tokens_out=int(count("output_tokens") or 0),
            cache_read=int(count("cache_read_input_tokens") or 0),
            cache_write=int(count("cache_creation_input_tokens") or 0),
            cost=cost(model, self._usage),
            seconds=seconds,
            request_id=self.request_id,
            server=self.server,
        )


def _parsed(text: str) -> Any:
    """The arguments of a call; the text itself where it was cut off, so that the call counts as broken."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


_NEEDED: dict[Any, tuple[str, ...]] = {"text": ("text",), "tool_use": ("id", "name")}


def _describe(error: Any) -> StreamError:
    """An error as a server tells it: an object with type and message, or only words."""
    if isinstance(error, dict):
        return StreamError(str(error.get("type") or "api_error"), str(error.get("message") or ""))
    return StreamError("api_error", str(error or ""))


def events_from_response(body: Any) -> Iterator[dict[str, Any]]:
    """A whole message as the events it would have been streamed as. Raises StreamError, or Foreign."""
    if isinstance(body, dict) and "content" not in body and body.get("error"):
        raise _describe(body["error"])
    if not isinstance(body, dict) or not isinstance(body.get("content"), list):
        raise UnsupportedResponse("what it sent holds no list of content")
    yield {"type": "message_start", "message": body}
    for index, block in enumerate(body["content"]):
        yield {"type": "content_block_start", "index": index, "content_block": block}
    yield {"type": "message_delta", "delta": {"stop_reason": body.get("stop_reason")}}
    yield {"type": "message_stop"}
