"""The streaming answer, until it is recorded."""

from __future__ import annotations

from typing import Any

from ...trace.events import Answer, AnyEvent, PolicyDecision, Reply, TurnEnded
from ..view.chat import Draft
from ..view.text import one_line

TAIL = 8_000  # characters of a draft that are shown while it grows


class DraftStream:
    """Collects the text of an answer. `changed` is true if there is something new to paint."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._doing = ""
        self._answer: tuple[int, int] = (0, 0)  # turn and answer
        self.changed = False

    def clear(self) -> None:
        self._parts, self._doing, self.changed = [], "", True

    def add(self, turn: int, answer: int, delta: Any) -> None:
        """Add a delta of an answer; the first of another answer clears the draft."""
        if delta.kind in ("usage", "policy"):  # nothing to paint
            return
        if (turn, answer) != self._answer:
            self._answer = (turn, answer)
            self.clear()
        self.changed = True
        match delta.kind:
            case "text":
                self._parts.append(delta.text)
                self._doing = ""
            case "thinking":
                self._doing = "thinking"
            case "tool":
                self._doing = f"calling {one_line(delta.text, 60)}"
            case "wait":
                self._doing = f"waiting {delta.seconds:.0f} s: {one_line(delta.text, 200)}"
            case _:
                self.clear()

    def settle(self, event: AnyEvent) -> None:
        """Clear the draft when its text is recorded, or will not be sent."""
        blocked = (
            isinstance(event, PolicyDecision)
            and event.hook == "before_reply"
            and event.effect in ("block", "escalate")
        )
        if isinstance(event, Reply | TurnEnded) or (isinstance(event, Answer) and event.calls) or blocked:
            self.clear()

    def take(self, pending: str) -> Draft:
        """Return the draft to paint; `pending` is the customer's message until it is recorded."""
        self.changed = False
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        text = self._parts[0] if self._parts else ""
        return Draft(text if len(text) <= TAIL else "…" + text[-TAIL:], self._doing, pending)
