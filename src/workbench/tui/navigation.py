"""Navigation between conversations and screens."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import WorkbenchError
from ..text import pluralize
from ..trace.step_id import StepId
from ..workspace.comparison import Side, ensure_comparable
from ..workspace.library import Entry, StoredConversation
from ..workspace.open_conversations import WorkspaceSnapshot
from ..workspace.session import Session

if TYPE_CHECKING:
    from .app import WorkbenchApp


class Navigation:
    """Switches conversations and screens."""

    def __init__(self, app: WorkbenchApp) -> None:
        self.app = app
        self.baseline: Side | None = None  # what other conversations are compared with
        self.compared: tuple[Side, Side] | None = None
        self.pending_id = ""  # the re-recorded transcript on view in Compare
        self.previous_mode = "develop"  # the screen before Compare

    @property
    def baseline_title(self) -> str:
        return self.baseline.title if self.baseline is not None else ""

    # the live conversation

    def switch(self, session: Session) -> None:
        """Make another conversation the live one."""
        self.app.conversations.switch_to(session)
        self.show_live()

    def show_live(self) -> None:
        """Show the live conversation in Develop, and load its code if it is not loaded yet."""
        from .screens.develop import Develop

        app, session = self.app, self.app.session
        if session.agent_info is None and session.code.state in ("not run", "loading"):
            app.run_in_background(session.code_service.reload, "reload")
        else:
            app.run_in_background(session.reruns.rerun_if_code_changed, "reload")
        app.switch_mode("develop")
        if isinstance(app.screen, Develop):
            app.screen.show(session)

    def open_agent(self, agent: str) -> None:
        """Begin a conversation with another agent of the project."""
        self.switch(Session(self.app.conversations.code_service(agent), self.app.session.store))

    def read_only_session(self, entry: Entry, record: StoredConversation) -> Session:
        """Return a session over a stored conversation: annotations are stored, nothing else is added to it."""
        known = self.app.conversations.find(entry.id)
        if known is not None:
            return known
        store = self.app.library.annotation_store(entry, self.app.session.store)
        code_service = self.app.conversations.code_service(entry.agent)
        session = Session(code_service, store, id=entry.id, history=self.app.history)
        session.load_stored(replace(record, disabled=()))
        return session

    def continued_session(self, entry: Entry, record: StoredConversation) -> Session:
        """Continue a stored conversation: sessions are resumed in place, everything else is copied."""
        past = entry.kind == "session"
        code_service = self.app.conversations.code_service(entry.agent)
        session = Session(code_service, self.app.session.store, id=entry.id if past else "")
        session.load_stored(record, begun=past)
        return session

    # of the last session

    def restore(self) -> None:
        """Restore the open conversations of the last workspace, its cursor position and its unsent draft."""
        conversations = self.app.conversations
        snapshot, conversations.previous = conversations.previous, None
        if snapshot is None:
            return
        missing = [problem for id in snapshot.open if (problem := self._reopen(id))]
        ids = snapshot.open
        conversations.open.sort(key=lambda s: ids.index(s.id) if s.id in ids else len(ids))
        conversations.switch_to(conversations.find(snapshot.current) or conversations.session)
        self.show_live()
        self.app.call_after_refresh(self._restore_cursor, snapshot, missing)

    def _reopen(self, id: str) -> str:
        """Open a session of the last workspace again. Returns why it cannot be opened, or ""."""
        conversations = self.app.conversations
        if conversations.find(id) is None:
            entry = Entry("session", id, id, "", "session")
            try:
                record = self.app.library.open(entry)
            except WorkbenchError as error:
                return f"{id}: {error.message}"
            service = conversations.code_service(record.setup.agent, record.model, record.params)
            session = Session(service, self.app.session.store, id=id)
            session.load_stored(record)
            session.log.lock()  # before another workbench continues it
            conversations.open.append(session)
        return ""

    def _restore_cursor(self, snapshot: WorkspaceSnapshot, missing: list[str]) -> None:
        from .screens.develop import Develop

        screen, log = self.app.screen, self.app.session.log
        if isinstance(screen, Develop):
            screen.restore(snapshot.step, snapshot.draft)
            if missing:
                screen.notify_user(f"not restored: {'; '.join(missing)}", "bad")
            elif log.locked_by:
                screen.notify_user(log.locked_by, "warn")
            else:
                screen.notify_user(self._restored(snapshot.open), "good")

    def _restored(self, ids: list[str]) -> str:
        """Describe what was restored, and the parts that are disabled in it."""
        sessions = [session for session in self.app.conversations.open if session.id in ids]
        off = dict.fromkeys(part.name for session in sessions for part in session.disabled)
        without = f" · ⊘ disabled again: {', '.join(off)}" if off else ""
        return f"{pluralize(len(sessions), 'conversation')} restored{without}"

    # comparing

    def compare(self, left: Side, right: Side) -> None:
        """Show two runs in Compare. Raises UsageError if they cannot be compared."""
        from .screens.compare import Compare

        ensure_comparable(left, right)
        app = self.app
        if app.current_mode != "compare":
            self.previous_mode = app.current_mode
        self.compared, self.pending_id = (left, right), ""
        app.switch_mode("compare")
        if isinstance(app.screen, Compare):
            app.screen.show(left, right)

    def leave_compare(self) -> None:
        """Return to the screen before Compare."""
        self.app.switch_mode(self.previous_mode)

    def go_to(self, step_ids: dict[str, StepId]) -> None:
        """Leave Compare, and go to a step in the run on view there; `step_ids` by the id of a side."""
        from .screens.conversation import ConversationScreen

        self.leave_compare()
        screen = self.app.screen
        if isinstance(screen, ConversationScreen):
            here = screen.side.id if screen.side is not None else ""
            screen.go_to_step(step_ids.get(here) or list(step_ids.values())[-1])
