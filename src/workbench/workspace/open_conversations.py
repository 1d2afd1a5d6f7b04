"""The open conversations, the current one, and the code services of their agents.

The store contains a snapshot, so that after a crash the same conversations, the
cursor position and the unsent draft are restored.
"""

from __future__ import annotations

import msgspec

from .code_service import CodeService
from .ports import SessionStore
from .session import Session


class WorkspaceSnapshot(msgspec.Struct, omit_defaults=True):
    """The open conversations by id, the current one, its step, and the unsent draft.

    `clean_exit`: the workbench exited cleanly; False after a crash.
    """

    open: list[str] = []
    current: str = ""
    step: str = ""
    draft: str = ""
    clean_exit: bool = False


class OpenConversations:
    """`session` is the current conversation, `open` all of them in the order of opening."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.open: list[Session] = [session]
        self.code_services: dict[str, CodeService] = {session.agent: session.code_service}
        self.step_id = ""
        self.draft = ""
        self._last_snapshot = b""
        session.log.lock()

    @property
    def store(self) -> SessionStore:
        return self.session.store

    def code_service(self, agent: str) -> CodeService:
        """Return the code service of an agent; not loaded yet on first use."""
        if agent not in self.code_services:
            first = self.session.code_service
            self.code_services[agent] = CodeService(first.host, agent, first.model, first.permission)
        return self.code_services[agent]

    def switch_to(self, session: Session) -> None:
        """Switch to a conversation; an empty one that was never started is closed."""
        before, self.session = self.session, session
        session.log.lock()
        if session not in self.open:
            self.open.append(session)
        if before is not session and not len(before.trace) and not before.busy:
            self.open.remove(before)

    def close(self, session: Session) -> Session:
        """Close a conversation and return the new current one; its content stays stored."""
        session.turn.interrupt()
        at = self.open.index(session)
        self.open.remove(session)
        if not self.open:
            self.open.append(session.fork(events=[]))
        if session is self.session:
            self.session = self.open[min(at, len(self.open) - 1)]
        return self.session

    def find(self, id: str) -> Session | None:
        """Return the open conversation with this id, or None."""
        return next((session for session in self.open if session.id == id), None)

    def snapshot(self, *, clean_exit: bool = False) -> None:
        """Save a snapshot if it has changed, and retry failed writes."""
        self.store.retry_writes()
        started = [s.id for s in self.open if len(s.trace)]
        current = self.session.id if self.session.id in started else ""
        data = msgspec.json.encode(WorkspaceSnapshot(started, current, self.step_id, self.draft, clean_exit))
        if data != self._last_snapshot:
            self._last_snapshot = data
            self.store.save_workspace(data)
