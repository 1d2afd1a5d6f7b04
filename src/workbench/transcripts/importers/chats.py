"""Divide the values of a log into conversations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ...errors import TranscriptError
from .json_stream import CONTAINERS, REQUEST_KEYS, Piece, split
from .json_value import decode
from .log_file import Log
from .threads import Threads

SHAPE_HINT = 'expected: {"role", "content"} messages, {"messages": [...]} objects, or requests with their answer'


FOREIGN: dict[str, str] = {  # a field of what no importer reads, and what it is
    "gen_ai.operation.name": "a span of OpenTelemetry",
    "gen_ai.system": "a span of OpenTelemetry",
    "openinference.span.kind": "a span of OpenInference",
    "resourceSpans": "spans of OpenTelemetry",
    "resource_spans": "spans of OpenTelemetry",
    "parentUuid": "a session of Claude Code",
    "schema_version": "a trajectory (ATIF)",
    "user_scenario": "a task of tau2-bench",
    "observations": "a trace of Langfuse",
    "run_type": "a run of LangSmith",
}


@dataclass
class Chat:
    """One conversation of a log as it is there: `record` is an object or a list of messages.

    `places` are those of its messages if they stood alone. `wrong` is why it cannot be
    read. `altered` are kinds of losses that happened while it was decoded. One with `beside` is not a
    conversation: it has the names of fields next to a list of conversations.
    """

    record: Any
    where: str
    number: int = 0
    places: list[str] = field(default_factory=list)
    name: str = ""
    wrong: TranscriptError | None = None
    altered: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)

    def at(self, index: int) -> str:
        """Return the location of a message: "log.jsonl:7", or "log.json conversation 2 message 7"."""
        return self.places[index] if self.places else f"{self.where} message {index + 1}"


class Unfinished(Exception):
    """The log ends in the middle of a value: `where`; `by_line`: only its last line is left out."""

    def __init__(self, where: str, by_line: bool) -> None:
        super().__init__(where)
        self.where = where
        self.by_line = by_line


def conversations(log: Log) -> Iterator[Chat]:
    """Yield the conversations of a log in order, numbered from 1, also those that cannot be read.

    Raises Unfinished after the last one if the log ends in the middle of a value.
    """
    number = 0
    for chat in _Divider(log.name).chats(split(log.chunks())):
        number += not chat.beside
        chat.number = 0 if chat.beside else number
        yield chat


class _Divider:
    """Joins messages that stand alone to one conversation, and opens lists of conversations."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._open: Threads | None = None  # messages of one array, or of the lines of the file
        self._array = 0
        self._at = 0  # messages in it so far
        self._begins = ""  # where it starts
        self._listed = 0  # conversations in lists so far
        self._documents = 0

    def chats(self, pieces: Iterator[Piece]) -> Iterator[Chat]:
        unfinished: Unfinished | None = None
        for piece in pieces:
            if piece.unfinished:
                unfinished = Unfinished(f"{self.name}:{piece.line}", piece.by_line)
            else:
                yield from self._piece(piece)
        yield from self._close()
        if unfinished is not None:
            raise unfinished

    def _piece(self, piece: Piece) -> Iterator[Chat]:
        try:
            found = decode(piece.data)
        except ValueError as error:
            yield from self._invalid(piece, f"not JSON: {error}", _line_of(piece, str(error)))
            return
        except RecursionError:
            yield from self._invalid(piece, "it is nested too deeply", piece.line)
            return
        value, joins = found.value, self._open is not None and self._array == piece.array
        if is_message(value) or (joins and not is_conversation(value)):
            if not joins:
                yield from self._close()
                self._array, self._at, self._open = piece.array, 0, Threads()
                self._begins = f"{self.name}:{piece.line}" if piece.array > 1 else self.name
            assert self._open is not None
            self._at += 1
            place = f"{self.name}:{piece.line}" if piece.by_line else f"{self._begins} message {self._at}"
            self._open.add(value, place, found.altered)
            return
        yield from self._close()
        if piece.beside and is_conversation(value):
            what = "a conversation that is after a large list in the same object"
            yield from self._invalid(piece, what, piece.line)
        elif piece.beside:
            yield self._beside(value, piece)
        else:
            for chat in self._records(value, piece):
                chat.altered += found.altered
                yield chat

    def _records(self, value: Any, piece: Piece) -> Iterator[Chat]:
        """Yield the conversations in a value: itself, or those that it lists."""
        listed = _listed(value)
        if listed is None:
            self._listed += bool(piece.array)
            self._documents += not piece.array
            plain = self.name if self._documents == 1 and not piece.by_line else f"{self.name}:{piece.line}"
            yield from self._chats(value, f"{self.name} conversation {self._listed}" if piece.array else plain)
            return
        where = f"{self.name}:{piece.line}" if piece.line > 1 else self.name
        others = {k: v for k, v in value.items() if v is not listed} if isinstance(value, dict) else {}
        if others:
            yield self._beside(others, piece)
        if any(is_message(one) for one in listed):
            yield from self._chats(listed, where)
            return
        for number, one in enumerate(listed, 1):
            yield from self._chats(one, f"{where} conversation {number}")

    def _beside(self, fields: dict[str, Any], piece: Piece) -> Chat:
        return Chat(None, f"{self.name}:{piece.line}", beside=list(fields))

    def _chats(self, value: Any, where: str) -> Iterator[Chat]:
        """Yield a conversation; messages in a list are several if they have the ids of several."""
        if not (isinstance(value, list) and any(is_message(one) for one in value)):
            yield self._chat(value, where)
            return
        threads = Threads()
        for number, message in enumerate(value, 1):
            threads.add(message, f"{where} message {number}")
        yield from self._joined(threads, where)

    def _joined(self, threads: Threads, where: str) -> Iterator[Chat]:
        records = threads.records()
        for record, thread in records:
            at = where if len(records) == 1 else thread.place
            yield Chat(record, at, 0, thread.places, self.name, thread.wrong, thread.altered)

    def _chat(self, value: Any, where: str) -> Chat:
        chat = Chat(value, where, name=self.name)
        foreign = (
            next((what for key, what in FOREIGN.items() if key in value), "") if isinstance(value, dict) else ""
        )
        if foreign:
            chat.wrong = TranscriptError(f"it is {foreign}: no importer reads it", where=where, hint=SHAPE_HINT)
        elif not is_conversation(value):
            found = f": an object with the fields {', '.join(list(value)[:8])}" if isinstance(value, dict) else ""
            what = f"neither a conversation nor a message{found}"
            chat.wrong = TranscriptError(what, where=where, hint=SHAPE_HINT)
        return chat

    def _invalid(self, piece: Piece, reason: str, line: int) -> Iterator[Chat]:
        """Report an invalid value; among messages, their conversation lacks one and is not taken."""
        wrong = TranscriptError(reason, where=f"{self.name}:{line}", hint="export the log again, as JSON")
        if self._open is not None and self._array == piece.array and (piece.array or piece.by_line):
            self._open.add_invalid(piece.data, f"{self.name}:{line}", wrong)
        else:
            yield Chat(None, f"{self.name}:{line}", name=self.name, wrong=wrong)

    def _close(self) -> Iterator[Chat]:
        if self._open is not None:
            threads, self._open = self._open, None
            yield from self._joined(threads, self._begins)


def is_message(value: Any) -> bool:
    """Return whether a value is one message of a conversation."""
    if not isinstance(value, dict) or any(isinstance(value.get(key), list | dict) for key in REQUEST_KEYS):
        return False
    return "role" in value or value.get("type") in ITEM_TYPES


ITEM_TYPES = frozenset(  # messages of the Responses API that have no role
    {"function_call", "function_call_output", "custom_tool_call", "custom_tool_call_output", "reasoning"}
)


def is_conversation(value: Any) -> bool:
    """Return whether a value is a conversation: a list of messages, or an object that has one."""
    if isinstance(value, list):
        return any(is_message(one) for one in value) or value == []
    return isinstance(value, dict) and any(isinstance(value.get(key), list | dict | str) for key in REQUEST_KEYS)


def _listed(value: Any) -> list[Any] | None:
    """Return the conversations that a value lists; None if it is a single one."""
    if isinstance(value, list) and value and not any(is_message(one) for one in value):
        return value
    if isinstance(value, dict) and isinstance(value.get("messages"), list):
        inner = value["messages"]
        return inner if inner and all(is_conversation(one) for one in inner) else None
    if isinstance(value, dict) and not is_conversation(value):
        lists = [v for k, v in value.items() if k in CONTAINERS and isinstance(v, list)]
        talks = [one for one in lists if any(is_conversation(v) or is_message(v) for v in one)]
        return next(iter(talks or lists), None)
    return None


def _line_of(piece: Piece, reason: str) -> int:
    """Return the line of an error that names its byte."""
    at = reason.rpartition("(byte ")[2].rstrip(")")
    return piece.line + (piece.data[: int(at)].count(b"\n") if at.isdigit() else 0)
