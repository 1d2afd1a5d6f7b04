"""The trace: the append-only record of a conversation.

An event is never changed or removed once appended, so a saved conversation is
exactly what was shown. `blobs` stores large texts (prompt sections, tool
schemas, policies) once each, by hash.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .events import AnyEvent, Prompt
from .step_id import StepId


class Trace:
    """Events in order, and the blobs they refer to. Iterating yields the events."""

    def __init__(self, events: Iterable[AnyEvent] = (), blobs: dict[str, Any] | None = None) -> None:
        self._events: list[AnyEvent] = list(events)
        self.append: Callable[[AnyEvent], None] = self._events.append
        self.blobs: dict[str, Any] = dict(blobs or {})

    def __iter__(self) -> Iterator[AnyEvent]:
        return iter(self._events)

    def __len__(self) -> int:
        return len(self._events)

    def __getitem__(self, index: int) -> AnyEvent:
        return self._events[index]

    def since(self, index: int) -> list[AnyEvent]:
        return self._events[index:]

    @property
    def events(self) -> tuple[AnyEvent, ...]:
        return tuple(self._events)

    def prompt_at(self, step_id: StepId) -> Prompt | None:
        """Return the prompt in effect at this step, or None before the first answer."""
        found = None
        for event in self._events:
            if (event.turn, event.answer) > (step_id.turn, step_id.answer):
                break
            if isinstance(event, Prompt):
                found = event
        return found
