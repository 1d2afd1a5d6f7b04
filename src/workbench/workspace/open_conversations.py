"""The open conversations, the current one, and the code services of their agents.

The store contains a snapshot, so that the next start can restore the same
conversations, the cursor position and the unsent draft, after a crash and after
a clean exit.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import msgspec

from ..engine.model_params import ModelParams
from ..errors import UsageError
from ..file_edits import changed_since
from .code_service import CodeService
from .history import Change, History
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
    """`session` is the current conversation, `open` all of them in the order of opening.

    `previous` is the snapshot of the last workbench until it is restored. `history`
    has the conversations that were closed, deleted or named.
    """

    def __init__(self, session: Session, previous: WorkspaceSnapshot | None = None) -> None:
        self.session = session
        self.open: list[Session] = [session]
        self.previous = previous
        self.history = History()
        first = session.code_service
        self.code_services = {(first.agent, first.model, first.params): first}
        self.step_id = ""
        self.draft = ""
        self._last_snapshot = b""
        session.log.lock()

    @property
    def store(self) -> SessionStore:
        return self.session.store

    def code_service(self, agent: str, model: str = "", params: ModelParams | None = None) -> CodeService:
        """Return the code service of an agent and a model, by default the current one; not loaded on first use."""
        now = self.session.code_service
        key = (agent, model, params or ModelParams()) if model else (agent, now.model, now.params)
        if key not in self.code_services:
            self.code_services[key] = CodeService(now.host, *key[:2], now.permission, key[2])
        return self.code_services[key]

    def choose_model(self, session: Session, model: str, params: ModelParams) -> None:
        """Let another model answer from the next turn on. Raises UsageError while the agent is answering."""
        if session.busy:
            raise UsageError("the agent is still answering", hint="wait, or interrupt it")
        service = self.code_service(session.agent, model, params)
        session.code_service.listeners.discard(session)
        session.code_service = service
        service.listeners.add(session)
        session.log.model()
        session.code_changed()

    @property
    def started(self) -> list[str]:
        """Return the ids of the conversations of which something is stored."""
        return [session.id for session in self.open if session.log.begun]

    def find(self, id: str) -> Session | None:
        """Return the open conversation with this id, or None."""
        return next((session for session in self.open if session.id == id), None)

    def switch_to(self, session: Session) -> None:
        """Switch to a conversation; an empty one that was never started is closed."""
        before, self.session = self.session, session
        session.log.lock()
        if session not in self.open:
            self.open.append(session)
        if before is not session and not len(before.trace) and not before.busy:
            self.open.remove(before)

    # changes that can be undone

    def close(self, session: Session) -> None:
        """Close a conversation; its content stays stored."""
        reopen = self._reopening(session)
        self._close(session)
        if len(session.trace):
            self.history.add(Change(f"closing of “{session.title}”", reopen, partial(self._close, session)))

    def delete(self, session: Session) -> None:
        """Close a conversation and delete what is stored of it. Raises WorkbenchError if it cannot be deleted."""
        if session.log.locked_by:
            raise UsageError(session.log.locked_by, hint="delete it there")
        reopen, deleted = self._reopening(session), session.store.delete(session.id)
        self._close(session)

        def restore() -> None:
            deleted.undo()
            session.log.lock_again()
            reopen()

        def again() -> None:
            deleted.redo()
            self._close(session)

        self.history.add(Change(f"deletion of “{session.title}”", restore, again))

    def rename(self, session: Session, name: str) -> None:
        """Give a conversation a name; "" removes it. Raises UsageError if it cannot be stored."""
        before = session.name
        session.log.rename(name)
        what = f"naming of “{session.title}”"
        self.history.add(Change(what, partial(session.log.rename, before), partial(session.log.rename, name)))

    def _close(self, session: Session) -> None:
        session.turn.interrupt()
        at = self.open.index(session)
        self.open.remove(session)
        if not self.open:
            self.open.append(session.fork(events=[]))
        if session is self.session:
            self.session = self.open[min(at, len(self.open) - 1)]

    def _reopening(self, session: Session) -> partial[None]:
        """Return the function that opens a conversation again where it is now."""
        return partial(self._reopen, session, self.open.index(session), session is self.session)

    def _reopen(self, session: Session, at: int, current: bool) -> None:
        if self.find(session.id) is not None:
            raise changed_since(f"“{session.title}” was opened again")
        self.open.insert(at, session)
        if current:
            self.switch_to(session)

    # the snapshot

    def snapshot(self, *, clean_exit: bool = False) -> None:
        """Save a snapshot if it has changed, and retry failed writes.

        As long as nothing has been started, this is the previous one: it can still be restored.
        """
        self.store.retry_writes()
        started = self.started
        current = self.session.id if self.session.id in started else ""
        now = WorkspaceSnapshot(started, current, self.step_id, self.draft, clean_exit)
        data = msgspec.json.encode(now if started or self.previous is None else self.previous)
        if data != self._last_snapshot:
            self._last_snapshot = data
            self.store.save_workspace(data)


def as_tree(sessions: Iterable[Session]) -> list[tuple[Session, int]]:
    """Return the conversations with their depth, each fork below its parent if that is open."""
    sessions = list(sessions)
    ids = {session.id for session in sessions}
    found: list[tuple[Session, int]] = []

    def add(parent: str, depth: int) -> None:
        for session in sessions:
            if (session.origin.parent if session.origin.parent in ids else "") == parent:
                found.append((session, depth))
                add(session.id, depth + 1)

    add("", 0)
    return found
