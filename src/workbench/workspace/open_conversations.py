"""The desk: the conversations that are open, one of them in hand, and the code of their agents.

What lay on it is kept by the store, so that a crash gives back the same
conversations, the same place and the words that were not sent yet.
"""

from __future__ import annotations

import msgspec

from .code_service import CodeService
from .ports import SessionStore
from .session import Session


class WorkspaceSnapshot(msgspec.Struct, omit_defaults=True):
    """How the desk lay: ids of the open conversations, the one in hand, its step, the words not sent yet.

    `left`: the workbench was left in the ordinary way; False after a crash.
    """

    open: list[str] = []
    current: str = ""
    step: str = ""
    draft: str = ""
    clean_exit: bool = False


class OpenConversations:
    """`session` is the conversation in hand; `open` all of them, in the order in which they were opened."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.open: list[Session] = [session]
        self.servings: dict[str, CodeService] = {session.agent: session.serving}
        self.step_id = ""
        self.draft = ""
        self._kept = b""
        session.log.lock()

    @property
    def store(self) -> SessionStore:
        return self.session.store

    def serving(self, agent: str) -> CodeService:
        """The code of an agent; not loaded yet where nobody asked for it before."""
        if agent not in self.servings:
            first = self.session.serving
            self.servings[agent] = CodeService(first.host, agent, first.model)
        return self.servings[agent]

    def switch_to(self, session: Session) -> None:
        """Take a conversation in hand. One that never began and is empty makes room for it."""
        before, self.session = self.session, session
        session.log.lock()
        if session not in self.open:
            self.open.append(session)
        if before is not session and not len(before.trace) and not before.busy:
            self.open.remove(before)

    def close(self, session: Session) -> Session:
        """Close a conversation; the one in hand from now on. What was said is kept, whoever closes it."""
        session.turn.interrupt()
        at = self.open.index(session)
        self.open.remove(session)
        if not self.open:
            self.open.append(session.fork(events=[]))
        if session is self.session:
            self.session = self.open[min(at, len(self.open) - 1)]
        return self.session

    def find(self, id: str) -> Session | None:
        return next((session for session in self.open if session.id == id), None)

    def snapshot(self, *, left: bool = False) -> None:
        """Write down how the desk lies, where that is another way than before, and what could not be written."""
        if self.store.write_error:
            self.store.retry_writes()
        said = [s.id for s in self.open if len(s.trace)]
        hand = self.session.id if self.session.id in said else ""
        data = msgspec.json.encode(WorkspaceSnapshot(said, hand, self.step_id, self.draft, left))
        if data != self._kept:
            self._kept = data
            self.store.save_workspace(data)
