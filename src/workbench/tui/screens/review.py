"""Review: transcripts, past and imported conversations, read in the same panes and with the same keys."""

from __future__ import annotations

from dataclasses import replace

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget

from ...trace.step_id import StepId
from ...workspace.comparison import Side
from ...workspace.library import StoredConversation
from ...workspace.session import Session
from .. import actions
from ..groups.choosing import ChooseGroup, ReviewedGroup
from ..groups.entries import EntryGroup, ReviewAnnotateGroup, ReviewLeaveGroup
from ..groups.pending import PendingGroup
from ..groups.query_line import ReviewSearchGroup
from ..groups.queue import QueueGroup
from ..view.status import storage_problem
from ..view.text import one_line
from ..widgets.chat import ChatPane
from ..widgets.library_list import LEGEND, STATES, LibraryList
from ..widgets.list import ListPane
from ..widgets.query_line import KEYS, QueryBox, QueryLine
from .conversation import ConversationScreen

PEEK = 0.15  # seconds the cursor rests before a conversation is read


class Review(ConversationScreen):
    """Shows a list, and the conversation of the line at the cursor."""

    where = actions.REVIEW

    def __init__(self) -> None:
        super().__init__()
        self.add_class("review")
        self.queue = self.register(QueueGroup(self))
        self.entries = self.register(EntryGroup(self))
        self.reviewed = self.register(ReviewedGroup(self))
        self.pending = self.register(PendingGroup(self))
        self.review_search = self.search = self.register(ReviewSearchGroup(self))
        self.leaving = self.register(ReviewLeaveGroup(self))
        self.register(ReviewAnnotateGroup(self))
        self.register(ChooseGroup(self))

    # layout

    def compose_left(self) -> ComposeResult:
        with Vertical(id="listing"):
            yield LibraryList(self.workbench.library.page, id="list")
            yield QueryBox(id="ask-box")
        with Vertical(id="conversation"):
            yield ChatPane(id="chat")

    def begin(self) -> None:
        super().begin()
        self.list = self.query_one(LibraryList)
        self.box = self.query_one(QueryBox)
        self.list.border_subtitle = LEGEND
        self.list.followed = self._line_moved
        self.call_after_refresh(self.run_in_background, self.queue.listen, "news")
        self.chat.hint = ["Select a conversation in the list; it opens here."]
        self.chat.show([], fresh=True)
        self.detail.redraw()
        self.list.focus()

    def on_screen_resume(self) -> None:
        """Search again: conversations and transcripts are made on other screens too."""
        self.workbench.session.code_service.listeners.add(self)
        self.update_status()
        self.queue.refresh()
        self.run_in_background(self.pending.look, group="waiting", exclusive=True)

    def focus_order(self) -> list[Widget]:
        if self.has_class("narrow"):
            return [self.chat, self.steps, self.detail] if self.has_class("opened") else [self.list]
        return [self.list, self.chat, self.steps, self.detail]

    # the list and the conversation

    def list_changed(self) -> None:
        """Handle a change of the list."""
        self.offer_keys()
        self._peek()

    def _line_moved(self, by_user: bool) -> None:
        self.queue.show_count()
        self._peek()

    def _peek(self) -> None:
        """Open the conversation of the cursor, where list and conversation are side by side."""
        if self.has_class("wide"):
            self.entries.open_soon(PEEK)

    def show_record(self, session: Session, record: StoredConversation) -> None:
        """Show a stored conversation, at its expectation, its annotation or its first failure."""
        live = session in self.workbench.conversations.open
        listeners = session.listeners
        self.show_session(session)
        entry = self.entries.entry
        self.from_transcript = entry is not None and entry.kind != "session"
        if live:  # Develop keeps listening to it
            session.listeners = [*listeners, *session.listeners]
        at = next((e.step for e in record.expectations), next((a.step for a in record.annotations), ""))
        if at:
            self.call_after_refresh(self.steps.go_to, StepId.parse(at))
        else:
            self.call_after_refresh(self.steps.jump, "failed", True, -1)

    @property
    def side(self) -> Side | None:
        """Return the conversation on view. A saved transcript is opened as a copy, so its path identifies it."""
        side, entry = super().side, self.entries.entry
        if side is None or entry is None:
            return side
        title = side.title if entry.kind == "session" else one_line(entry.id, 200)
        return side._replace(id=entry.id, title=title)

    # status and keys

    def code_changed(self) -> None:
        """Show the state of the live code."""
        self.update_status()

    def update_status(self) -> None:
        if not self.is_mounted:
            return
        shown, live = self.session, self.workbench.session
        code = replace(live.code, note="")  # the note is about the live conversation
        busy = self.queue.indexing
        if shown is None:
            self.status.show(agent=live.agent, model=live.model, code=code, turns=0, busy=busy, screen="Review")
            return
        self.status.cost.read(shown.trace)
        turns = shown.trace[len(shown.trace) - 1].turn if len(shown.trace) else 0
        record = self.entries.record
        model = record.model if record and record.model else "model not recorded"
        self.status.show(
            agent=shown.agent, model=model, code=code, turns=turns, busy=busy or self._about(), screen="Review",
            base=self.workbench.navigation.baseline_title, trouble=storage_problem(shown),
        )  # fmt: skip

    def _about(self) -> str:
        """Describe the entry: its kind, its expectations and its risk signals."""
        entry, record = self.entries.entry, self.entries.record
        if entry is None or record is None:
            return ""
        words = STATES.get(entry.state, ("", "", "", entry.state))[3]
        expects = "; ".join(f"at {e.step} {one_line(e.description, 200)}" for e in record.expectations)
        about = f"{words}: {expects}" if expects else words
        return f"{about} · {one_line(entry.risk_signals, 200)}" if entry.risk_signals else about

    def offer_keys(self) -> None:
        if self.focused is self.box.line:
            self.keys.offer(list(KEYS))
            return
        keys = self.footer()
        if self.pending.count:
            keys = [(actions.key("pending"), f"{self.pending.count} re-recorded"), *keys]
        if not self.workbench.may_run_code:
            keys = [(actions.key("run_code"), "run the code"), *keys]
        if self.focused is self.list:
            keys = [("enter", "open"), *keys]
        self.keys.offer(keys)

    # messages of the widgets

    @on(ListPane.Opened, "#list")
    async def _line_opened(self) -> None:
        await self.leaving.do_open()

    @on(QueryLine.Typed)
    async def _query_typed(self) -> None:
        await self.review_search.query_typed()

    @on(QueryLine.Completed)
    async def _query_completed(self) -> None:
        await self.review_search.complete_query()

    @on(QueryLine.Left)
    def _query_left(self, event: QueryLine.Left) -> None:
        self.review_search.leave_query(event.back)
