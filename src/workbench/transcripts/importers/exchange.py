"""Find the messages of a record, and the answer that is beside its request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ...errors import TranscriptError
from .chats import ITEM_TYPES, SHAPE_HINT, Chat
from .event_stream import assemble, is_event_stream
from .json_value import decode
from .threads import HINT as THREAD_HINT
from .threads import is_backwards, thread_of
from .unread import hidden_answer, is_failure

REQUESTS = ("request", "request_body", "body")
ANSWERS = ("response", "response_body", "output", "completion", "choices")
MODEL_TEXTS = ("completion", "text", "output_text", "generated_text")

Lost = Callable[[str, Any], None]


@dataclass
class Exchange:
    """A record taken apart: messages, the messages of the answer beside them, and all other fields."""

    messages: list[Any]
    answer: list[dict[str, Any]] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    is_request: bool = False
    """Whether it is one call of a model, so that the next one repeats its messages."""
    lost: list[tuple[str, Any]] = field(default_factory=list)
    """(kind of loss, value) of what the answer has besides its messages."""


def take_apart(chat: Chat) -> Exchange:
    """Return the parts of a record. Raises TranscriptError if it has no messages."""
    record = chat.record
    if isinstance(record, list):
        _check_messages(record, chat.where)
        return Exchange(record)
    fields, nested = _merged(record)
    source = "messages" if fields.get("messages") is not None else "input"
    metadata = {k: v for k, v in fields.items() if k not in (source, *ANSWERS)}
    messages = fields.get(source)
    if isinstance(messages, str) and source == "input":
        messages = [{"role": "user", "content": messages}]
    if isinstance(messages, dict):
        messages = messages.get("messages", [messages])
    if not isinstance(messages, list):
        raise TranscriptError("it has no messages", where=chat.where, hint=SHAPE_HINT)
    _check_messages(messages, chat.where)
    answered = any(fields.get(key) for key in ANSWERS)
    asks = "model" in metadata and bool(messages) and not _ends_with_answer(messages)
    found = Exchange(messages, metadata=metadata, is_request=nested or answered or asks)
    reader = _AnswerReader(found.lost)
    for answer in (fields[key] for key in ANSWERS if fields.get(key) not in (None, "", [], {})):
        if not found.answer:
            found.answer = reader.messages(answer)
        elif _AnswerReader([]).messages(answer) != found.answer:
            found.lost.append(("other-choice", answer))
    if not found.answer and not _ends_with_answer(messages):
        _check_answer(found, chat.where)
    return found


def _ends_with_answer(messages: list[Any]) -> bool:
    last = messages[-1] if messages else None
    return isinstance(last, dict) and last.get("role") == "assistant" and bool(last.get("content"))


def _check_answer(found: Exchange, where: str) -> None:
    """Raise TranscriptError if a record without an answer has something that may be one."""
    for kind, value in found.lost:
        if kind == "unknown-answer" and not is_failure(value):
            raise TranscriptError(f"no importer reads its answer: {value!r:.80}", where=where, hint=SHAPE_HINT)
    if name := hidden_answer(found.metadata):
        what = f"its last message has no answer, and no importer reads its field {name!r}"
        raise TranscriptError(what, where=where, hint=SHAPE_HINT)


def _check_messages(messages: list[Any], where: str) -> None:
    """Raise TranscriptError for messages of several conversations, and for those with the latest first."""
    if is_backwards(messages):
        hint = "export them from the first to the last"
        raise TranscriptError("its messages begin with the latest one", where=where, hint=hint)
    ids = dict.fromkeys(thread_of(message)[1] for message in messages)
    named = [id for id in ids if id]
    if len(named) > 1:
        what = f"its messages are of {len(named)} conversations: {', '.join(named[:3])}"
        raise TranscriptError(what, where=where, hint=THREAD_HINT)


def _merged(record: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Return the fields of a record with those of its request, which may be an object or its JSON text."""
    for key in REQUESTS:
        inner = _parsed(record.get(key))
        if isinstance(inner, dict) and not isinstance(record.get("messages"), list):
            rest = {k: v for k, v in record.items() if k != key and v is not None}
            return {**_merged(inner)[0], **rest}, True
    return record, False


def _parsed(value: Any) -> Any:
    """Return the value of a JSON text; any other value as it is."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return decode(value.encode("utf-8", "surrogatepass")).value
        except (ValueError, RecursionError):
            return value
    return value


class _AnswerReader:
    """Reads answers in the forms in which loggers keep them."""

    def __init__(self, lost: list[tuple[str, Any]]) -> None:
        self.lost = lost

    def messages(self, answer: Any) -> list[dict[str, Any]]:
        """Return an answer as messages of the agent."""
        if isinstance(answer, str):
            return self._text(answer)
        if isinstance(answer, list):
            return self._list(answer)
        if isinstance(answer, dict):
            return self._object(answer)
        self.lost.append(("unknown-answer", answer))
        return []

    def _text(self, answer: str) -> list[dict[str, Any]]:
        if is_event_stream(answer):
            whole = assemble(answer)
            if whole is not None:
                return self._object(whole)
        value = _parsed(answer)
        if isinstance(value, dict) and _is_answer(value):
            return self._object(value)
        return [{"role": "assistant", "content": answer}]

    def _list(self, answer: list[Any]) -> list[dict[str, Any]]:
        first = answer[0] if answer else None
        if isinstance(first, str) or (isinstance(first, dict) and _is_choice(first)):
            self.lost += [("other-choice", other) for other in answer[1:]]
            return self.messages(first) if isinstance(first, str) else self._choice(first)
        if isinstance(first, dict) and ("role" in first or first.get("type") in ("message", *ITEM_TYPES)):
            return [{"role": "assistant", **one} if _needs_role(one) else one for one in answer]
        if isinstance(first, dict) and "type" in first:
            return [{"role": "assistant", "content": answer}]
        return self._unknown(answer)

    def _object(self, answer: dict[str, Any]) -> list[dict[str, Any]]:
        if is_failure(answer):
            return self._unknown(answer)
        if not _is_answer(answer):
            body = next((answer[key] for key in ("body", "response", "data") if answer.get(key)), None)
            return self._unknown(answer) if body is None else self.messages(body)
        model = {"model": answer["model"]} if isinstance(answer.get("model"), str) else {}
        if isinstance(answer.get("choices"), list):
            found = self._list(answer["choices"]) if answer["choices"] else self._unknown(answer)
        elif isinstance(answer.get("message"), dict):
            found = self._choice(answer)
        elif isinstance(answer.get("messages"), list):
            found = self._list(answer["messages"])
        elif "content" in answer or answer.get("tool_calls"):
            return [{"role": "assistant", **answer}]
        elif isinstance(answer.get("output"), list | str):
            found = self.messages(answer["output"])
        else:
            text = next(answer[key] for key in MODEL_TEXTS if isinstance(answer.get(key), str))
            found = [{"role": "assistant", "content": text}]
        return [{**model, **one} for one in found]

    def _choice(self, choice: dict[str, Any]) -> list[dict[str, Any]]:
        stop = choice.get("finish_reason")
        more = {"stop_reason": stop} if isinstance(stop, str) else {}
        if isinstance(choice.get("message"), dict):
            return [{"role": "assistant", **more, **choice["message"]}]
        return [{"role": "assistant", **more, "content": str(choice.get("text") or "")}]

    def _unknown(self, answer: Any) -> list[dict[str, Any]]:
        self.lost.append(("unknown-answer", answer))
        return []


def _is_choice(value: dict[str, Any]) -> bool:
    return isinstance(value.get("message"), dict) or ("index" in value and isinstance(value.get("text"), str))


def _is_answer(value: dict[str, Any]) -> bool:
    """Return whether an object has the fields of an answer."""
    return (
        any(isinstance(value.get(key), list) for key in ("choices", "messages", "content", "tool_calls"))
        or isinstance(value.get("message"), dict)
        or ("role" in value and "content" in value)
        or isinstance(value.get("content"), str)
        or isinstance(value.get("output"), list | str)
        or any(isinstance(value.get(key), str) for key in MODEL_TEXTS)
    )


def _needs_role(value: Any) -> bool:
    return isinstance(value, dict) and "role" not in value and value.get("type") not in ITEM_TYPES
