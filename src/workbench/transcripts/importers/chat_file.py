"""Read a file of chat messages: split it into conversations and extract texts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

import msgspec

from ...errors import TranscriptError
from ...text import slug


@dataclass(frozen=True)
class Chat:
    """One conversation of a log: its messages, the metadata next to them, and its location.

    `lines` are the line numbers of its messages if each has its own line.
    """

    messages: list[Any]
    where: str
    metadata: dict[str, Any] = field(default_factory=dict)
    lines: list[int] = field(default_factory=list)

    def at(self, index: int) -> str:
        """Return the location of a message: "log.jsonl:7", or "log.json conversation 2 message 7"."""
        return f"{self.where}:{self.lines[index]}" if self.lines else f"{self.where} message {index + 1}"


def split_conversations(data: bytes, name: str) -> list[Chat]:
    """Split a file into conversations: a list of messages, a list of conversations, or JSON Lines of either."""
    try:
        found = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        rows = _rows(data, name)
        if rows is None:
            raise _not_json(data, name, error) from None
        if not rows:
            raise _shape("it contains no conversation", name) from None
        if all(_is_message(row) for _, row in rows):
            return [Chat([row for _, row in rows], name, lines=[line for line, _ in rows])]
        return [_conversation(row, f"{name}:{line}") for line, row in rows]
    if isinstance(found, dict):
        return [Chat([found], name) if _is_message(found) else _conversation(found, name)]
    if not isinstance(found, list) or not found:
        raise _shape("it contains no conversation", name)
    if any(_is_message(row) for row in found):
        return [Chat(found, name)]
    return [_conversation(row, f"{name} conversation {number}") for number, row in enumerate(found, 1)]


def _rows(data: bytes, name: str) -> list[tuple[int, Any]] | None:
    """Parse the lines of a file as JSON; None if its first line is not JSON by itself."""
    rows: list[tuple[int, Any]] = []
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if line.strip():
            try:
                rows.append((number, msgspec.json.decode(line)))
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                if not rows:
                    return None
                raise TranscriptError(
                    f"not JSON: {error}", where=f"{name}:{number}", hint="write one JSON value per line"
                ) from None
    return rows


def _not_json(data: bytes, name: str, error: Exception) -> TranscriptError:
    place = str(error).rpartition("(byte ")[2].rstrip(")")
    line = data[: int(place)].count(b"\n") + 1 if place.isdigit() else 1
    return TranscriptError(f"not JSON: {error}", where=f"{name}:{line}", hint="export the log again, as JSON")


def _conversation(row: Any, where: str) -> Chat:
    if isinstance(row, dict) and isinstance(row.get("messages"), list):
        return Chat(row["messages"], where, {k: v for k, v in row.items() if k != "messages"})
    if isinstance(row, list):
        return Chat(row, where)
    raise _shape("neither a conversation nor a message", where)


def _shape(what: str, where: str) -> TranscriptError:
    return TranscriptError(
        what,
        where=where,
        hint='expected: a list of {"role", "content"} messages, or of {"messages": [...]} objects, or a line each',
    )


def _is_message(row: Any) -> bool:
    return isinstance(row, dict) and "role" in row and "messages" not in row


def role_of(message: Any, at: str, known: tuple[str, ...]) -> str:
    """Return the role of a message. Raises TranscriptError if it is not one of `known`."""
    role = message.get("role") if isinstance(message, dict) else None
    if role not in known:
        said = (
            f"unknown role {role!r}, expected one of"
            if isinstance(message, dict)
            else "not a message; it needs a role, one of"
        )
        raise message_error(f"{said} {', '.join(known)}", at)
    return str(role)


def message_error(what: str, at: str) -> TranscriptError:
    """Return the error for an invalid message; `at` is its location."""
    return TranscriptError(what, where=at, hint="fix the message, or remove it from the file")


def content_text(content: Any, at: str) -> str:
    """Return the text of a content: a string, or parts; a part without text becomes its kind, "[image]"."""
    if content is None or isinstance(content, str):
        return content or ""
    if not isinstance(content, list):
        raise message_error("its content is neither a string nor a list of parts", at)
    return "\n".join(_part(part, at) for part in content)


def _part(part: Any, at: str) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict):
        raise message_error(f"a part of its content is {part!r:.40}, not an object", at)
    text = part.get("text", part.get("refusal"))
    return text if isinstance(text, str) else f"[{part.get('type', 'part')}]"


def conversation_id(name: str, number: int, of: int) -> str:
    """Return the id of conversation `number` of a file: the file's name, numbered if there are several."""
    stem = slug(PurePath(name).stem)
    return stem if of == 1 else f"{stem}-{number:0{max(3, len(str(of)))}}"


def source_metadata(format: str, name: str, number: int, chat: Chat) -> dict[str, Any]:
    """Return the `source` of an imported transcript: format, file, number, and its own id if it has one."""
    source: dict[str, Any] = {"format": format, "file": PurePath(name).name, "conversation": number}
    own = chat.metadata.get("id")
    if isinstance(own, str | int):
        source["id"] = own
    return source
