"""Read chat messages in the forms of OpenAI and of Anthropic; one log may mix them.

A message is read by its role, a part of its content by its type. One that has no reader, or a call where
none is read, makes the conversation bad; it never becomes text of the customer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ...errors import TranscriptError
from .builder import EventBuilder, call_block
from .threads import thread_of
from .unread import hidden_call, hidden_content, is_call

MEDIA = frozenset(
    {"image", "image_url", "input_image", "audio", "input_audio", "file", "input_file", "document", "video",
     "video_url"}
)  # fmt: skip
TEXTS = ("text", "input_text", "output_text", "refusal", "summary_text", "reasoning_text")
PART_READ = ("type", "text", "refusal", "id", "status")
KEPT_BLOCKS = ("thinking", "redacted_thinking", "server_tool_use", "mcp_tool_use")  # and what ends in _tool_result
READ = frozenset(
    {"role", "content", "tool_calls", "function_call", "refusal", "audio", "reasoning", "reasoning_content",
     "tool_call_id", "id", "type", "model", "stop_reason", "stop_sequence", "status", "object", "index",
     "is_error"}
)  # fmt: skip
ITEM_READ = frozenset({"name", "arguments", "input", "call_id", "output", "summary", "encrypted_content"})
CONTENTS = frozenset(  # fields of which a message has one
    {"content", "tool_calls", "function_call", "refusal", "audio", "reasoning", "reasoning_content"}
)

Reader = Callable[[dict[str, Any], str, EventBuilder], None]


def read_message(message: Any, at: str, log: EventBuilder) -> None:
    """Add one message to a conversation. Raises TranscriptError if it is none."""
    if not isinstance(message, dict):
        raise message_error(f"{message!r:.40} is not a message; it needs a role", at)
    role = message.get("role")
    reader = ROLES.get(role) if isinstance(role, str) else ITEMS.get(str(message.get("type")))
    if reader is None:
        what = f"the role {role!r}" if role else f"a message of the type {message.get('type')!r}"
        raise message_error(f"no importer reads {what}", at)
    known = READ if role else READ | ITEM_READ
    known |= {"name"} if role in ("tool", "function") else set()
    known |= {thread_of(message)[0]}
    unread = {key: value for key, value in message.items() if key not in known and value}
    _check_whole(message, unread, at)
    log.fields += [(f"message.{key}", at) for key in unread]
    reader(message, at, log)


def _check_whole(message: dict[str, Any], unread: dict[str, Any], at: str) -> None:
    """Raise TranscriptError if fields without a reader have a call, a result or what the message says."""
    content = CONTENTS if "role" in message else CONTENTS | ITEM_READ
    if unread and not content & message.keys():
        raise message_error(f"it has no content, but {', '.join(map(repr, [*unread][:5]))}", at)
    if hidden := hidden_call(unread):
        raise message_error(f"no importer reads the calls in its field {hidden!r}", at)
    if not any(message.get(key) for key in content) and (hidden := hidden_content(unread)):
        raise message_error(f"its content is empty, and no importer reads its field {hidden!r}", at)


def message_error(what: str, at: str) -> TranscriptError:
    """Return the error for an invalid message; `at` is its location."""
    return TranscriptError(what, where=at, hint="fix the message, or remove it from the file")


# roles


def _system(message: dict[str, Any], at: str, log: EventBuilder) -> None:
    log.system(content_text(message.get("content"), at, log))


def _user(message: dict[str, Any], at: str, log: EventBuilder) -> None:
    """Record results first, as the API requires; text next to them starts the next turn."""
    content = message.get("content")
    if not isinstance(content, list):
        log.user(content_text(content, at, log))
        return
    rest: list[Any] = []
    for part in content:
        if isinstance(part, dict) and part.get("type") == "tool_result":
            value = result_content(part.get("content"), at)
            log.result(value, _failed(part), at, str(part.get("tool_use_id") or ""))
        else:
            rest.append(part)
    shown = [part for part in rest if isinstance(part, str) or _is_shown(part, at)]
    unknown = [part for part in rest if part not in shown]
    for part in unknown:
        if not shown or is_call(part):
            raise _unknown_part(part, at)
    text = content_text(rest, at, log)
    if shown or not content:
        log.user(text)


def _unknown_part(part: dict[str, Any], at: str) -> TranscriptError:
    kind = part.get("type")
    what = f"of the type {kind!r}" if kind else f"with the fields {', '.join(list(part)[:5])}"
    return message_error(f"no importer reads a part {what}", at)


def _is_shown(part: Any, at: str) -> bool:
    if not isinstance(part, dict):
        raise message_error(f"a part of its content is {part!r:.40}, not an object", at)
    return part.get("type") in MEDIA or isinstance(part.get("text", part.get("refusal")), str)


def _assistant(message: dict[str, Any], at: str, log: EventBuilder) -> None:
    stop, model = message.get("stop_reason"), message.get("model")
    log.answer(
        agent_blocks(message, at, log),
        at,
        stop if isinstance(stop, str) else "",
        model if isinstance(model, str) else "",
    )


def _tool(message: dict[str, Any], at: str, log: EventBuilder) -> None:
    content = result_content(message.get("content"), at)
    id, name = str(message.get("tool_call_id") or ""), str(message.get("name") or "")
    log.result(content, _failed(message), at, id, name)


def _failed(message: dict[str, Any]) -> bool:
    """Return whether a log says that a call failed; its text alone never does."""
    return bool(message.get("is_error")) or message.get("status") in ("error", "failed")


ROLES: dict[str, Reader] = {
    "system": _system,
    "developer": _system,
    "user": _user,
    "assistant": _assistant,
    "tool": _tool,
    "function": _tool,
}


# items of the Responses API


def _output(item: dict[str, Any], at: str, log: EventBuilder) -> None:
    content = result_content(item.get("output"), at)
    log.result(content, _failed(item), at, str(item.get("call_id") or ""))


ITEMS: dict[str, Reader] = {
    "message": _assistant,
    "function_call": _assistant,
    "custom_tool_call": _assistant,
    "reasoning": _assistant,
    "function_call_output": _output,
    "custom_tool_call_output": _output,
}


def joined_items(messages: list[Any]) -> Iterator[tuple[int, Any]]:
    """Yield messages with their index; calls that follow each other as items of their own are one message."""
    held: dict[str, Any] | None = None
    start = 0
    for index, message in enumerate(messages):
        kind = message.get("type") if isinstance(message, dict) and "role" not in message else None
        if kind in ("function_call", "custom_tool_call", "reasoning"):
            if held is None:
                held, start = {"role": "assistant", "content": []}, index
            held["content"].append(message)
            continue
        if held is not None:
            yield start, held
            held = None
        yield index, message
    if held is not None:
        yield start, held


# content


def content_text(content: Any, at: str, log: EventBuilder) -> str:
    """Return the text of a content: a string, or parts; of media only the kind is shown, "[image]"."""
    if content is None or isinstance(content, str):
        return content or ""
    if not isinstance(content, list):
        raise message_error("its content is neither a string nor a list of parts", at)
    texts = (_part(part, at, log) for part in content)
    return "\n".join(text for text in texts if text is not None)


def _part(part: Any, at: str, log: EventBuilder) -> str | None:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict):
        raise message_error(f"a part of its content is {part!r:.40}, not an object", at)
    kind, text = part.get("type"), part.get("text", part.get("refusal"))
    if kind in MEDIA:
        spoken = _spoken(part.get(str(kind)))
        log.lose("media", at)
        return spoken or f"[{kind}]"
    if isinstance(text, str):
        _count_fields(part, at, log)
        return text
    log.lose("unknown-part", at, part)
    return None


def _count_fields(part: dict[str, Any], at: str, log: EventBuilder) -> None:
    """Count the fields of a text that are not taken, such as citations."""
    log.fields += [(f"part.{key}", at) for key, value in part.items() if key not in PART_READ and value]


def _spoken(audio: Any) -> str:
    """Return the words of a sound, if the log has them."""
    return str(audio.get("transcript") or "") if isinstance(audio, dict) else ""


def result_content(content: Any, at: str) -> Any:
    """Return the content of a result: text, or the parts themselves if they contain more than text."""
    if content is None:
        return ""
    if isinstance(content, list) and content:
        texts = [p if isinstance(p, str) else p.get("text") if _is_text(p) else None for p in content]
        for part in filter(is_call, content):
            raise _unknown_part(part, at)
        return content if any(text is None for text in texts) else "\n".join(map(str, texts))
    return "" if content == [] else content


def _is_text(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") in TEXTS and isinstance(part.get("text"), str)


def agent_blocks(message: dict[str, Any], at: str, log: EventBuilder) -> list[dict[str, Any]]:
    """Convert a message of the agent to the blocks of the Messages API."""
    blocks: list[dict[str, Any]] = []
    thinking = message.get("reasoning_content") or message.get("reasoning")
    if isinstance(thinking, str):
        blocks.append({"type": "thinking", "thinking": thinking})
    item = message.get("type") in ITEMS and "role" not in message and message.get("type") != "message"
    content = [message] if item else message.get("content")
    if isinstance(content, str):
        content = [{"type": "text", "text": content}] if content else []
    if not isinstance(content, list | None):
        raise message_error("its content is neither a string nor a list of parts", at)
    for part in content or []:
        blocks += _agent_part(part, at, log)
    said = {block["text"] for block in blocks if block.get("type") == "text"}
    sound = message.get("audio")
    if sound and not _spoken(sound):
        log.lose("media", at)
    for text in (message.get("refusal"), _spoken(sound) or ("[audio]" if sound else "")):
        if isinstance(text, str) and text and text not in said:
            blocks.append({"type": "text", "text": text})
    return [*blocks, *_calls(message, at)]


def _agent_part(part: Any, at: str, log: EventBuilder) -> list[dict[str, Any]]:
    if isinstance(part, str):
        return [{"type": "text", "text": part}]
    if not isinstance(part, dict):
        raise message_error(f"a part of its content is {part!r:.40}, not an object", at)
    kind, text = str(part.get("type")), part.get("text", part.get("refusal"))
    if kind in ("tool_use", "function_call", "custom_tool_call"):
        if not isinstance(part.get("name"), str):
            raise message_error("a tool call without a name", at)
        given = part.get("arguments", part.get("input"))
        return [call_block(part.get("call_id") or part.get("id"), part["name"], given)]
    if kind == "reasoning":
        thought = content_text(part.get("summary") or part.get("content") or "", at, log)
        return [{"type": "thinking", "thinking": thought}] if thought else []
    if (kind in KEPT_BLOCKS or kind.endswith("_tool_result")) and all(
        isinstance(part.get(key, ""), str) for key in ("text", "thinking")
    ):
        return [dict(part)]
    if (kind in TEXTS or "type" not in part) and isinstance(text, str):
        if kind == "text":
            return [dict(part)]
        _count_fields(part, at, log)
        return [{"type": "text", "text": text}]
    if kind in MEDIA:
        spoken = _spoken(part.get(kind)) or _spoken(part)
        log.lose("media", at)
        return [{"type": "text", "text": spoken or f"[{kind}]"}]
    raise _unknown_part(part, at)


def _calls(message: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:
    calls = message.get("tool_calls") or []
    if not isinstance(calls, list):
        raise message_error("tool_calls is not a list", at)
    if message.get("function_call"):
        calls = [*calls, {"function": message["function_call"]}]
    for call in calls:
        body = (call.get("function") or call.get("custom") or call) if isinstance(call, dict) else None
        if not isinstance(body, dict) or not isinstance(body.get("name"), str):
            raise message_error("a tool call without a function name", at)
        given = body.get("arguments", body.get("input", body.get("args")))
        yield call_block(call.get("id"), body["name"], given)
