"""Import Anthropic messages: roles user and assistant, content a string or blocks, `system` as metadata."""

from __future__ import annotations

from typing import Any

from ..transcript import Transcript
from .chat_file import Chat, content_text, message_error, role_of
from .chat_log import EventBuilder, import_transcripts, parsed

ROLES = ("system", "user", "assistant")


def anthropic(data: bytes, agent: str, name: str) -> list[Transcript]:
    """Return the conversations of a log file called `name`, each as a golden transcript of `agent`."""
    return import_transcripts("anthropic", _read, data, agent, name)


def _read(chat: Chat) -> EventBuilder:
    model = chat.metadata.get("model")
    tools = chat.metadata.get("tools")
    log = EventBuilder(
        model if isinstance(model, str) else "",
        [tool for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else [],
    )
    if chat.metadata.get("system"):
        log.system(content_text(chat.metadata["system"], chat.where))
    for index, message in enumerate(chat.messages):
        at = chat.at(index)
        match role_of(message, at, ROLES):
            case "system":
                log.system(content_text(message.get("content"), at))
            case "user":
                _user(log, message.get("content"), at)
            case _:
                blocks = _blocks(message.get("content"), at)
                log.answer(blocks, str(message.get("stop_reason") or ""), str(message.get("model") or ""))
    return log


def _user(log: EventBuilder, content: Any, at: str) -> None:
    """Record results first, as the API requires; text next to them starts the next turn."""
    blocks = _blocks(content, at)
    rest = [block for block in blocks if block["type"] != "tool_result"]
    for block in blocks:
        if block["type"] == "tool_result":
            failed = bool(block.get("is_error"))
            value = _value(block.get("content"), at)
            call_id = str(block.get("tool_use_id") or "")
            log.result(value, "error" if failed else "ok", at, call_id)
    if rest or not blocks:
        log.user(content_text(rest, at))


def _blocks(content: Any, at: str) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    if not isinstance(content, list):
        raise message_error("its content is neither a string nor a list of blocks", at)
    for block in content:
        if not isinstance(block, dict) or not isinstance(block.get("type"), str):
            raise message_error(f"{block!r:.60} is not a block with a type", at)
    return [dict(block) for block in content]


def _value(content: Any, at: str) -> Any:
    """Return a result: text, parsed if it is JSON; the blocks themselves if they contain more than text."""
    if isinstance(content, list) and any(not isinstance(b, dict) or b.get("type") != "text" for b in content):
        return content
    return parsed(content_text(content, at))
