"""Put an answer together from the text of its event stream, as servers send it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .json_value import decode


def is_event_stream(text: str) -> bool:
    """Return whether a text is a recorded event stream."""
    return text.lstrip().startswith(("event:", "data:", ": "))


def assemble(text: str) -> Any:
    """Return the answer of an event stream in the form of one that was not streamed; None if it has none."""
    events = list(_events(text))
    if any("choices" in event for event in events):
        return _from_choices(events)
    whole = next((e["response"] for e in reversed(events) if isinstance(e.get("response"), dict)), None)
    return whole if whole is not None else _from_blocks(events)  # the Responses API repeats it at the end


def _events(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        data = line.removeprefix("data:").strip()
        if line.startswith("data:") and data != "[DONE]":
            try:
                found = decode(data.encode("utf-8", "surrogatepass")).value
            except (ValueError, RecursionError):
                continue  # cut off
            if isinstance(found, dict):
                yield found


_DELTAS = {"text": "text", "thinking": "thinking", "signature": "signature", "partial_json": "partial_json"}


def _from_blocks(events: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Assemble the content blocks of the Messages API."""
    message: dict[str, Any] = {}
    blocks: dict[int, dict[str, Any]] = {}
    for event in events:
        match event.get("type"):
            case "message_start" if isinstance(event.get("message"), dict):
                message = dict(event["message"])
            case "content_block_start" if isinstance(event.get("content_block"), dict):
                blocks[event.get("index", len(blocks))] = dict(event["content_block"])
            case "content_block_delta" if isinstance(event.get("delta"), dict):
                block = blocks.setdefault(event.get("index", len(blocks)), {"type": "text"})
                for name, key in _DELTAS.items():
                    if isinstance(event["delta"].get(name), str):
                        block[key] = str(block.get(key) or "") + event["delta"][name]
            case "message_delta" if isinstance(event.get("delta"), dict):
                message |= {k: v for k, v in event["delta"].items() if v is not None}
            case "error":
                return event
    if not message and not blocks:
        return None
    for block in blocks.values():
        if "partial_json" in block:
            block["input"] = block.pop("partial_json") or {}
    return {"role": "assistant", **message, "content": [blocks[index] for index in sorted(blocks)]}


def _from_choices(events: list[dict[str, Any]]) -> dict[str, Any]:
    """Assemble the choices of the Chat Completions API."""
    choices: dict[int, dict[str, Any]] = {}
    model = ""
    for event in events:
        model = model or str(event.get("model") or "")
        for choice in event.get("choices") or []:
            if isinstance(choice, dict):
                made = choices.setdefault(choice.get("index", 0), {"message": {"role": "assistant"}})
                made["finish_reason"] = choice.get("finish_reason") or made.get("finish_reason")
                _add_delta(made["message"], choice.get("delta") or {})
    for made in choices.values():
        calls = made["message"].pop("_calls", None)
        if calls:
            made["message"]["tool_calls"] = [calls[index] for index in sorted(calls)]
    return {"model": model, "choices": [choices[index] for index in sorted(choices)]}


def _add_delta(message: dict[str, Any], delta: dict[str, Any]) -> None:
    for key in ("content", "refusal", "reasoning_content"):
        if isinstance(delta.get(key), str):
            message[key] = message.get(key, "") + delta[key]
    if isinstance(old := delta.get("function_call"), dict):
        made = message.setdefault("function_call", {"name": "", "arguments": ""})
        for key in made:
            made[key] += str(old.get(key) or "")
    for call in delta.get("tool_calls") or []:
        calls = message.setdefault("_calls", {})
        empty = {"id": "", "function": {"name": "", "arguments": ""}}
        made = calls.setdefault(call.get("index", len(calls)), empty)
        made["id"] = made["id"] or str(call.get("id") or "")
        for key in ("name", "arguments"):
            made["function"][key] += str((call.get("function") or {}).get(key) or "")
