"""Join messages that stand alone to conversations, by the ids that they have."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ...errors import TranscriptError

THREAD_IDS = (  # fields that name a conversation, the narrowest first
    "conversation_id", "conversationId", "thread_id", "threadId", "chat_id", "chatId", "dialogue_id", "dialog_id",
    "session_id", "sessionId", "conversation", "thread", "chat", "session",
)  # fmt: skip
TIMES = ("created_at", "createdAt", "timestamp", "created", "time", "ts", "date")
_IN_BYTES = re.compile(rb'"(?:%s)"\s*:\s*"?([^",}\s]+)' % "|".join(THREAD_IDS).encode())
HINT = "give every message the id of its conversation, or export one conversation a line"


def thread_of(fields: Any) -> tuple[str, str]:
    """Return the field that names the conversation of a message or record, and the id; ("", "") without one."""
    inner = fields.get("metadata") if isinstance(fields, dict) else None
    for place in (fields, inner):
        if not isinstance(place, dict):
            continue
        for name in THREAD_IDS:
            value = place.get(name)
            value = value.get("id") if isinstance(value, dict) else value
            if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
                return name, str(value)
    return "", ""


def is_backwards(messages: list[Any]) -> bool:
    """Return whether the last message is the oldest one, by a time that all have in one form."""
    for name in TIMES:
        times: list[Any] = [message.get(name) for message in messages if isinstance(message, dict)]
        if len(times) > 1 and len(times) == len(messages):
            for kind in (str, int | float):
                if all(isinstance(time, kind) for time in times) and times[-1] < times[0]:
                    return times == sorted(times, reverse=True)
    return False


def thread_in(data: bytes) -> str:
    """Return the id of the conversation in the bytes of a message that is not JSON; "" without one."""
    found = _IN_BYTES.search(data)
    return found[1].decode("utf-8", "replace") if found else ""


@dataclass
class Thread:
    """The messages of one conversation with the place of each, and the first error among them."""

    place: str
    name: str = ""
    messages: list[Any] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    altered: list[str] = field(default_factory=list)
    wrong: TranscriptError | None = None


class Threads:
    """The conversations of messages that stand alone, by their ids; without ids they are one.

    A message without an id among messages of several conversations may be of any of them: none is taken.
    """

    def __init__(self) -> None:
        self._by_id: dict[str, Thread] = {}
        self._order: list[tuple[str, int]] = []  # (id, index there), as in the log

    def add(self, message: Any, place: str, altered: Iterable[str] = ()) -> None:
        """Take the next message."""
        name, id = thread_of(message)
        thread = self._by_id.setdefault(id, Thread(place, name))
        self._order.append((id, len(thread.messages)))
        thread.messages.append(message)
        thread.places.append(place)
        thread.altered += altered

    def add_invalid(self, data: bytes, place: str, wrong: TranscriptError) -> None:
        """Take the bytes of a message that is not JSON: the conversation it is of lacks one."""
        thread = self._by_id.setdefault(thread_in(data), Thread(place))
        thread.wrong = thread.wrong or wrong

    def records(self) -> list[tuple[Any, Thread]]:
        """Return the conversations in the order in which they begin, each with its record."""
        named = [id for id in self._by_id if id]
        loose = self._by_id.get("")
        if not named:
            return [(thread.messages, thread) for thread in self._by_id.values()]
        if loose is not None and len(named) == 1:
            return [self._whole(named[0])]
        for thread in self._by_id.values() if loose is not None else ():
            thread.wrong = thread.wrong or (loose and loose.wrong) or TranscriptError(
                "a message without the id of a conversation is among messages of several",
                where=loose.place if loose else thread.place, hint=HINT,
            )  # fmt: skip
        return [({"messages": t.messages, t.name or THREAD_IDS[0]: id}, t) for id, t in self._by_id.items()]

    def _whole(self, id: str) -> tuple[Any, Thread]:
        """Return the only conversation that has an id, with the messages that do not repeat it."""
        named, loose = self._by_id[id], self._by_id[""]
        whole = Thread(self._by_id[self._order[0][0]].place, named.name, wrong=named.wrong or loose.wrong)
        for thread, index in ((self._by_id[key], index) for key, index in self._order):
            whole.messages.append(thread.messages[index])
            whole.places.append(thread.places[index])
        whole.altered = [*named.altered, *loose.altered]
        return {"messages": whole.messages, whole.name or THREAD_IDS[0]: id}, whole
