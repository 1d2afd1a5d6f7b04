"""The formats of logs: a table of readers, each with the sign by which it recognizes a conversation.

A conversation is read as what it is, whatever the command expected. A format adds its messages to an
`EventBuilder` and returns what else the log says of the conversation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ...errors import TranscriptError
from .builder import EventBuilder
from .chats import ITEM_TYPES, Chat
from .exchange import Exchange, take_apart
from .messages import agent_blocks, content_text, joined_items, read_message
from .threads import THREAD_IDS, thread_of
from .unread import hidden_call

TAU_CLOCK = "2024-05-15T15:00:00-04:00"  # the tasks assume three in the afternoon, Eastern time
OWN_IDS = (*THREAD_IDS, "ticket_id", "trace_id", "custom_id", "id")
READ = frozenset({"messages", "system", "instructions", "model", "tools", "functions", "object", "type", *OWN_IDS})
WHOLE_HINT = "log every request with all messages before it, or each conversation as one record"


@dataclass
class Origin:
    """What a log says of a conversation besides its messages.

    `id` names the transcript, "" for one after the file; `source` is added to that of the transcript.
    `is_request`: it is one call of a model, which later calls may repeat with all its messages.
    `thread` separates conversations that begin alike. `conversation` is the id of the conversation that
    the record is of, "" if it has none.
    """

    source: dict[str, Any] = field(default_factory=dict)
    id: str = ""
    clock: str = ""
    is_request: bool = False
    thread: str = ""
    conversation: str = ""


@dataclass(frozen=True)
class Format:
    """A format of logs; `recognizes` decides by the content of a conversation."""

    name: str
    recognizes: Callable[[Any], bool]
    read: Callable[[Chat, EventBuilder], Origin]
    plain: bool = False
    """Whether a conversation without any sign of a format may be read as this one."""


def find_format(record: Any, expected: str) -> Format:
    """Return the format of a conversation: that of its content, the expected one if that leaves a choice."""
    found = [one for one in FORMATS.values() if one.recognizes(record)]
    found = found or [one for one in FORMATS.values() if one.plain]
    return next((one for one in found if one.name == expected), found[-1])


# recognition


def _signs(record: Any) -> Iterator[str]:
    """Yield what tells the format of a conversation: roles, types of parts, names of fields."""
    try:
        found = take_apart(Chat(record, ""))
    except TranscriptError:
        return
    yield from found.metadata
    for message in (*found.messages, *found.answer):
        if isinstance(message, dict):
            yield f"role={message.get('role')}"
            yield from (key for key in ("tool_calls", "function_call", "refusal", "audio") if message.get(key))
            yield from (f"type={message.get('type')}",) if message.get("type") in ITEM_TYPES else ()
            content = message.get("content")
            for part in content if isinstance(content, list) else ():
                yield f"type={part.get('type')}" if isinstance(part, dict) else ""


ANTHROPIC_SIGNS = frozenset(
    {"system", "anthropic_version", "stop_sequences", "type=tool_use", "type=tool_result", "type=thinking",
     "type=redacted_thinking", "type=server_tool_use", "type=image", "type=document"}
)  # fmt: skip
OPENAI_SIGNS = frozenset(
    {"role=tool", "role=function", "role=developer", "role=system", "tool_calls", "function_call", "refusal",
     "audio", "functions", "type=image_url", "type=input_audio", "type=input_text", "type=output_text",
     "instructions", *(f"type={kind}" for kind in ITEM_TYPES)}
)  # fmt: skip


def _has(signs: frozenset[str]) -> Callable[[Any], bool]:
    return lambda record: any(sign in signs for sign in _signs(record))


def _is_tau(record: Any) -> bool:
    return isinstance(record, dict) and isinstance(record.get("traj"), list) and "task_id" in record


# readers


def _read_chat(chat: Chat, log: EventBuilder) -> Origin:
    """Read OpenAI or Anthropic messages, which one log may mix."""
    found = take_apart(chat)
    if found.metadata.get("previous_response_id"):
        what = "it continues another response (previous_response_id), whose messages it does not repeat"
        raise TranscriptError(what, where=chat.where, hint=WHOLE_HINT)
    for kind, value in found.lost:
        log.lose(kind, chat.where, value)
    model = found.metadata.get("model")
    log.begin(model if isinstance(model, str) else "", list(_schemas(found.metadata, chat, log)))
    for key in ("system", "instructions"):
        if found.metadata.get(key):
            log.system(content_text(found.metadata[key], chat.where, log))
    for index, message in joined_items(found.messages):
        read_message(message, chat.at(index), log)
    if not _repeats_last(found, chat):
        for _, message in joined_items(found.answer):
            read_message(message, chat.where, log)
    unread = {key: value for key, value in found.metadata.items() if _is_unread(key, value)}
    if not log.has_calls and (hidden := hidden_call(unread)):
        what = f"no importer reads the calls in its field {hidden!r}"
        raise TranscriptError(what, where=chat.where, hint="export the calls as messages")
    log.fields += [(key, chat.where) for key in unread]
    ids = _own_ids(found.metadata)
    conversation = thread_of(found.metadata)[1]
    thread = conversation or next((str(v) for k, v in ids.items() if k != "id" or not found.is_request), "")
    return Origin(_named(ids), is_request=found.is_request, thread=thread, conversation=conversation)


def _is_unread(key: str, value: Any) -> bool:
    return key not in READ and value not in (None, "", [], {})


def _repeats_last(found: Exchange, chat: Chat) -> bool:
    """Return whether the messages already end with the answer beside them."""
    if len(found.answer) != 1 or not found.messages or not isinstance(found.messages[-1], dict):
        return False
    last, answer = found.messages[-1], found.answer[0]
    if last.get("role") != "assistant" or not isinstance(answer, dict):
        return False
    then, now = (agent_blocks(one, chat.where, EventBuilder()) for one in (last, answer))
    return bool(then) and then == now


def _own_ids(metadata: dict[str, Any]) -> dict[str, Any]:
    """Return the ids that a log gives a conversation, also those in its `metadata`."""
    inner = metadata.get("metadata")
    found = {**(inner if isinstance(inner, dict) else {}), **metadata}
    return {key: found[key] for key in OWN_IDS if isinstance(found.get(key), str | int) and found[key] != ""}


def _named(ids: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of `source` for the ids: the first is its `id`, others keep their names."""
    first, *others = [*ids.items(), ("", "")]
    more = {key if key != "id" else "request_id": value for key, value in others if key}
    return {"id": first[1], **more} if first[0] else {}


def _schemas(metadata: dict[str, Any], chat: Chat, log: EventBuilder) -> Iterator[dict[str, Any]]:
    """Yield the declared tools in the format of the Messages API."""
    for key in ("tools", "functions"):
        tools = metadata.get(key)
        for tool in tools if isinstance(tools, list) else []:
            body = tool.get("function", tool) if isinstance(tool, dict) else None
            if not isinstance(body, dict) or not isinstance(body.get("name"), str):
                log.lose("unknown-part", chat.where, tool)
            elif "parameters" in body or "input_schema" not in body:
                schema = body.get("parameters") or {"type": "object", "properties": {}}
                yield {"name": body["name"], "description": body.get("description") or "", "input_schema": schema}
            else:
                yield body


class _TauRun(msgspec.Struct):
    """One run of tau-bench; `info.reward_info` is null if it was not graded."""

    task_id: int
    traj: list[Any]
    trial: int = 0
    reward: float | None = None
    info: dict[str, Any] = {}


def _read_tau(chat: Chat, log: EventBuilder) -> Origin:
    """Read a run; the hidden instruction of its task and the reference actions belong to the grader."""
    try:
        run = msgspec.convert(chat.record, _TauRun)
    except msgspec.ValidationError as error:
        raise TranscriptError(
            f"not a run of tau-bench: {error}", where=chat.where, hint="expected: {task_id, trial, reward, traj}"
        ) from None
    for index, message in enumerate(run.traj):
        read_message(_with_failure(message), chat.at(index), log)
    source = {
        "task_id": run.task_id, "trial": run.trial, "reward": run.reward,
        "graded": bool(run.info.get("reward_info")),
    }  # fmt: skip
    return Origin(source, id=f"task-{run.task_id:02}-trial-{run.trial}", clock=TAU_CLOCK)


def _with_failure(message: Any) -> Any:
    """Mark a result that says "Error:", which is how tau-bench tells that a call failed."""
    if not isinstance(message, dict) or message.get("role") != "tool":
        return message
    return {**message, "is_error": str(message.get("content")).startswith("Error:")}


FORMATS: dict[str, Format] = {
    "tau-bench": Format("tau-bench", _is_tau, _read_tau),
    "anthropic": Format("anthropic", _has(ANTHROPIC_SIGNS), _read_chat, plain=True),
    "openai": Format("openai", _has(OPENAI_SIGNS), _read_chat, plain=True),
}
