"""Import OpenAI chat messages: roles system, developer, user, assistant, tool (and the older function)."""

from __future__ import annotations

from typing import Any

import msgspec

from ..transcript import Transcript
from .chat_file import Chat, content_text, message_error, role_of
from .chat_log import EventBuilder, import_transcripts, parsed

ROLES = ("system", "developer", "user", "assistant", "tool", "function")


def openai(data: bytes, agent: str, name: str) -> list[Transcript]:
    """Return the conversations of a log file called `name`, each as a golden transcript of `agent`."""
    return import_transcripts("openai", read_messages, data, agent, name)


def read_messages(chat: Chat) -> EventBuilder:
    """Add every message of a conversation to an EventBuilder, in order."""
    model = chat.metadata.get("model")
    log = EventBuilder(model if isinstance(model, str) else "", _schemas(chat.metadata.get("tools")))
    for index, message in enumerate(chat.messages):
        at = chat.at(index)
        match role_of(message, at, ROLES):
            case "system" | "developer":
                log.system(content_text(message.get("content"), at))
            case "user":
                log.user(content_text(message.get("content"), at))
            case "assistant":
                log.answer(_blocks(message, at))
            case _:
                text = content_text(message.get("content"), at)
                failed = text.startswith("Error:")
                log.result(
                    text if failed else parsed(text),
                    "error" if failed else "ok",
                    at,
                    str(message.get("tool_call_id") or ""),
                    str(message.get("name") or ""),
                )
    return log


def _blocks(message: dict[str, Any], at: str) -> list[dict[str, Any]]:
    """Convert an assistant message to the blocks of the Messages API."""
    blocks: list[dict[str, Any]] = []
    thinking = message.get("reasoning_content") or message.get("reasoning")
    if isinstance(thinking, str):
        blocks.append({"type": "thinking", "thinking": thinking})
    text = content_text(message.get("content"), at) or content_text(message.get("refusal"), at)
    if text:
        blocks.append({"type": "text", "text": text})
    calls = message.get("tool_calls") or []
    if not isinstance(calls, list):
        raise message_error("tool_calls is not a list", at)
    if message.get("function_call"):
        calls = [*calls, {"function": message["function_call"]}]
    return [*blocks, *(_call(call, at) for call in calls)]


def _call(call: Any, at: str) -> dict[str, Any]:
    body = (call.get("function") or call.get("custom")) if isinstance(call, dict) else None
    if not isinstance(body, dict) or not isinstance(body.get("name"), str):
        raise message_error("a tool call without a function name", at)
    given = body.get("arguments", body.get("input"))
    return {"type": "tool_use", "id": str(call.get("id") or ""), "name": body["name"], "input": _arguments(given)}


def _arguments(given: Any) -> Any:
    """Return the arguments as an object; the original text if it is not a JSON object."""
    if given is None or given == "":
        return {}
    if not isinstance(given, str):
        return given
    try:
        value = msgspec.json.decode(given)
    except (msgspec.DecodeError, RecursionError):
        return given
    return value if isinstance(value, dict) else given


def _schemas(tools: Any) -> list[dict[str, Any]]:
    """Convert the declared tools to the format of the Messages API."""
    found = []
    for tool in tools if isinstance(tools, list) else []:
        body = tool.get("function", tool) if isinstance(tool, dict) else None
        if isinstance(body, dict) and isinstance(body.get("name"), str):
            schema = body.get("parameters") or {"type": "object", "properties": {}}
            found.append(
                {"name": body["name"], "description": body.get("description") or "", "input_schema": schema}
            )
    return found
