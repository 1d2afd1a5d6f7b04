"""Write a session to its store: its start, then every event as it happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..trace.events import AnyEvent, TurnEnded

if TYPE_CHECKING:
    from .session import Session


class LogWriter:
    """Writes one session to its store; `locked_by` is the reason if another workbench has locked it."""

    def __init__(self, session: Session, *, begun: bool = False) -> None:
        self.session = session
        self.locked_by = ""
        self.begun = begun  # whether anything is stored
        self._locked = False  # this workbench holds the lock

    def lock(self) -> None:
        """Lock a past session for this workbench, and end its unfinished turn."""
        if not self.begun or self._locked:
            return
        session = self.session
        self.locked_by = session.store.lock(session.id)
        self._locked = not self.locked_by
        if self._locked and len(session.trace) and not isinstance(session.trace[-1], TurnEnded):
            turn = session.trace[-1].turn
            end = TurnEnded(turn=turn, reason="killed", detail="the workbench exited during this turn")
            self.event(end)
            session.notify("event", event=end)

    def lock_again(self) -> None:
        """Lock a session whose file was deleted and restored."""
        self._locked = False
        self.lock()

    def begin(self) -> None:
        """Write what the session contains so far. Raises UsageError if it cannot be written."""
        self.lock()
        if self.locked_by:
            raise UsageError(self.locked_by, hint="close it there, or fork it")
        if self.begun:
            return
        session = self.session
        code = session.agent_info.code if session.agent_info else ""
        head = {
            "session": session.id, "setup": session.setup, "model": session.model, "code": code,
            "params": session.code_service.params, "origin": session.origin,
        }  # fmt: skip
        session.store.begin(session.id, head)
        for key, value in session.trace.blobs.items():
            self.append({"blob": key, "value": value})
        for event in session.trace:
            self.append({"event": event})
        for annotation in session.annotations.values():
            self.append({"annotation": annotation})
        for turn, off in session.disabled_by_turn.items():
            self.append({"disabled": list(off), "turn": turn})
        self.begun = self._locked = True
        if session.name:
            self.append({"name": session.name})
        if session.disabled:
            self.disabled_from_now()

    def append(self, record: dict[str, Any]) -> None:
        """Write one record."""
        self.session.store.append(self.session.id, record)

    def event(self, event: AnyEvent) -> None:
        """Write an event and append it to the trace."""
        self.append({"event": event})
        self.session.trace.append(event)

    def blob(self, key: str, value: Any) -> None:
        """Write a blob and add it to the trace."""
        self.session.trace.blobs[key] = value
        self.append({"blob": key, "value": value})

    def rename(self, name: str) -> None:
        """Give the session a name; "" removes it. Raises UsageError if another workbench has locked it."""
        if self.begun:
            self.begin()
        self.session.name = name
        if self.begun:
            self.append({"name": name})
        self.session.notify("name")

    def model(self) -> None:
        """Write the model that answers from now on, if anything else is written."""
        if self.begun:
            self.append({"model": self.session.model, "params": self.session.code_service.params})

    def disabled_from_now(self) -> None:
        """Write the parts that are disabled from now on, if anything else is written."""
        if self.begun:
            self.append({"disabled_from_now": list(self.session.disabled)})

    def disabled(self) -> None:
        """Write the disabled parts of the turn that begins."""
        session = self.session
        if session.disabled:
            turn = session.trace[-1].turn + 1 if len(session.trace) else 1
            session.disabled_by_turn[turn] = session.disabled
            self.append({"disabled": list(session.disabled), "turn": turn})
