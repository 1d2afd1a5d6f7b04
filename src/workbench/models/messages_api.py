"""The wire format of the Messages API: outgoing messages, incoming events.

Pure: uses neither the SDK nor the network. Blocks stay the plain dicts that were
received, whatever their type.
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
    """Report an incomplete stream: an error event of this `kind`, or "" if the stream broke off."""

    def __init__(self, kind: str, words: str) -> None:
        super().__init__(words)
        self.kind = kind
        self.message = words


class UnsupportedResponse(StreamError):
    """Report an answer that is not in the format of the Messages API; retrying does not help."""

    def __init__(self, what: str) -> None:
        super().__init__("", f"the server does not implement the Messages API: {what}")


def signature(thought: Mapping[str, Any]) -> str:
    """Return the provider's signature of a thinking block; "" if there is none."""
    return str(thought.get("signature") or thought.get("data") or "")


def add_cache_breakpoint(blocks: list[dict[str, Any]]) -> None:
    """Add a cache breakpoint to the last block that may have one; replaces the block by a new dict."""
    for number in range(len(blocks) - 1, -1, -1):
        if blocks[number].get("type") not in THINKING_TYPES:
            blocks[number] = {**blocks[number], "cache_control": {"type": "ephemeral"}}
            return


# outgoing messages


def to_api_messages(
    messages: Sequence[Mapping[str, Any]], keep: Keep = lambda thought: True
) -> list[dict[str, Any]]:
    """Return a copy of `messages` that the API accepts; `keep` selects the thinking blocks to send.

    Removes empty texts, joins neighbors of one role, makes call ids unique (imported
    logs reuse them) and puts results first. A conversation starts with the user,
    and no message is empty. The originals are not changed.
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
    """Makes call ids unique within a conversation, deterministically, with matching results."""

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
        """Start a new answer: following results belong to its calls."""
        self._waiting = {}


# the answer, assembled from its events


class StreamedMessage:
    """An answer in progress; `shown` tells whether a part of it was displayed."""

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
        """Process one event and yield what to display. Raises StreamError or UnsupportedResponse."""
        if not isinstance(event, dict):
            raise UnsupportedResponse("an event is not an object")
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
            yield Delta("usage", usage=self._count_usage(self._model, 0.0))
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
        # counts are running totals; a missing one is unchanged
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
        """Return the complete answer, `seconds` after the request to the model `asked`.

        Raises StreamError if the stream ended too early, UnsupportedResponse for invalid blocks.
        """
        if not self._ended and self._stop is None:
            raise StreamError("", "the answer is incomplete")
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
    """Parse the arguments of a call; returns the text itself if it was cut off, so that the call is invalid."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


_NEEDED: dict[Any, tuple[str, ...]] = {"text": ("text",), "tool_use": ("id", "name")}


def _describe(error: Any) -> StreamError:
    """Read an error as servers send it: an object with type and message, or only text."""
    if isinstance(error, dict):
        return StreamError(str(error.get("type") or "api_error"), str(error.get("message") or ""))
    return StreamError("api_error", str(error or ""))


def events_from_response(body: Any) -> Iterator[dict[str, Any]]:
    """Yield a complete message as the events of a stream. Raises StreamError or UnsupportedResponse."""
    if isinstance(body, dict) and "content" not in body and body.get("error"):
        raise _describe(body["error"])
    if not isinstance(body, dict) or not isinstance(body.get("content"), list):
        raise UnsupportedResponse("the response has no content list")
    yield {"type": "message_start", "message": body}
    for index, block in enumerate(body["content"]):
        yield {"type": "content_block_start", "index": index, "content_block": block}
    yield {"type": "message_delta", "delta": {"stop_reason": body.get("stop_reason")}}
    yield {"type": "message_stop"}
