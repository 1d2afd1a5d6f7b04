"""Writes a session to its store: its beginning, then every event as it happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..trace.events import AnyStep, TurnEnd

if TYPE_CHECKING:
    from .session import Session


class Log:
    """Writes one session to its store. `held` says why it cannot: another workbench has the session."""

    def __init__(self, session: Session, *, begun: bool = False) -> None:
        self.session = session
        self.held = ""
        self._begun = begun
        self._ours = False  # whether no other workbench can write to it

    def claim(self) -> None:
        """Reserve a past session for this workbench, and end the turn in which it stopped."""
        if not self._begun or self._ours:
            return
        session = self.session
        self.held = session.store.claim(session.id)
        self._ours = not self.held
        if self._ours and len(session.trace) and not isinstance(session.trace[-1], TurnEnd):
            turn = session.trace[-1].turn
            end = TurnEnd(turn=turn, reason="killed", detail="the workbench ended in the middle of this turn")
            self.step(end)
            session.tell("step", step=end)

    def begin(self) -> None:
        """Write what the session holds so far. Raises UsageError if it cannot be written."""
        self.claim()
        if self.held:
            raise UsageError(self.held, next="close it there, or fork it: a fork is yours")
        if self._begun:
            return
        session = self.session
        code = session.card.code if session.card else ""
        head = {"session": session.id, "setup": session.setup, "model": session.model, "code": code}
        session.store.begin(session.id, head)
        for key, value in session.trace.exhibits.items():
            self.append({"exhibit": key, "value": value})
        for step in session.trace:
            self.append({"step": step})
        for mark in session.marks.values():
            self.append({"mark": mark})
        for turn, off in session.lacked.items():
            self.append({"off": list(off), "turn": turn})
        self._begun = self._ours = True

    def append(self, record: dict[str, Any]) -> None:
        """Write one record."""
        self.session.store.append(self.session.id, record)

    def step(self, step: AnyStep) -> None:
        """Write a step and add it to the trace."""
        self.append({"step": step})
        self.session.trace.append(step)

    def exhibit(self, key: str, value: Any) -> None:
        """Write an exhibit and add it to the trace."""
        self.session.trace.exhibits[key] = value
        self.append({"exhibit": key, "value": value})

    def off(self) -> None:
        """Write which parts of the agent are off in the turn that begins."""
        session = self.session
        if session.off:
            turn = session.trace[-1].turn + 1 if len(session.trace) else 1
            session.lacked[turn] = session.off
            self.append({"off": list(session.off), "turn": turn})
