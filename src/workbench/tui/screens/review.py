"""Review: transcripts, past and imported conversations, read in the same panes and with the same keys."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.timer import Timer
from textual.widget import Widget

from ...errors import UsageError, WorkbenchError
from ...trace.step_id import StepId
from ...workspace.comparison import Side
from ...workspace.library import Entry, StoredConversation
from ...workspace.session import Session, undo_last
from .. import actions
from ..view.text import one_line
from ..widgets.chat import ChatPane
from ..widgets.library_list import STATES
from ..widgets.list import ListPane
from .pending import Pending
from .review_list import ReviewList

PEEK = 0.15  # seconds the cursor rests before a conversation is read


class Review(ReviewList, Pending):
    """A list, and the conversation the cursor stands on."""

    where = actions.REVIEW

    def __init__(self) -> None:
        super().__init__()
        self.add_class("review")
        self.entry: Entry | None = None
        self.record: StoredConversation | None = None
        self._timer: Timer | None = None
        self._waits = 0  # runs that were recorded anew, when it was last looked

    def compose_left(self) -> ComposeResult:
        yield from self.compose_list()
        with Vertical(id="talk"):
            yield ChatPane(id="chat")

    def begin(self) -> None:
        super().begin()
        self.chat.hint = ["Choose a conversation in the list; it opens here."]
        self.chat.show([], fresh=True)
        self.detail.redraw()
        self.shelf.focus()

    def on_screen_resume(self) -> None:
        """Look anew each time: conversations and transcripts are made next door."""
        self.bench_app.session.serving.hears.add(self)
        self.tell_status()
        self.look_again()
        self.run_in_background(self._look_for_waiting, group="waiting", exclusive=True)

    async def _look_for_waiting(self) -> None:
        self._waits = len(await asyncio.to_thread(self.bench_app.library.pending))
        self.offer_keys()

    def code_changed(self) -> None:
        """The live code is another, or in another state."""
        self.tell_status()

    def showed(self) -> None:
        self.offer_keys()
        if self.has_class("wide"):
            self._rest()

    def list_moved(self, by_hand: bool) -> None:
        super().list_moved(by_hand)
        if self.has_class("wide"):
            self._rest()

    def _rest(self) -> None:
        """Where list and conversation stand side by side, the cursor is enough to see it."""
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(
            PEEK, lambda: self.run_in_background(self.open_entry, group="peek", exclusive=True)
        )

    @on(ListPane.Opened, "#list")
    async def _clicked(self) -> None:
        await self.do_open()

    async def open_entry(self) -> bool:
        """Show the conversation of the cursor. False where there is none, or it cannot be read."""
        entry = self.shelf.entry
        if entry is None:
            return False
        if entry.error:
            self.notify_user(entry.error, "bad")
            return False
        if self.entry is not None and (entry.ref, entry.when) == (self.entry.ref, self.entry.when):
            self.entry = entry
            return True
        try:
            record = await asyncio.to_thread(self.bench_app.library.open, entry)
        except WorkbenchError as error:
            self.tell_error(error)
            return False
        if self.shelf.entry is None or self.shelf.entry.ref != entry.ref:
            return False  # the cursor went on meanwhile
        self._read(entry, record)
        return True

    def _read(self, entry: Entry, record: StoredConversation) -> None:
        self.entry, self.record = entry, record
        session = self.bench_app.reading(entry, record)
        live = session in self.bench_app.desk.open
        heard = session.listeners
        self.show_session(session)
        if live:  # the live screen goes on hearing what happens to it
            session.listeners = [*heard, *session.listeners]
        at = next((e.step for e in record.expectations), next((m.step for m in record.annotations), ""))
        if at:
            self.call_after_refresh(self.steps.go_to, StepId.parse(at))
        else:
            self.call_after_refresh(self.steps.jump, "failed", True, -1)

    # status and keys

    def tell_status(self) -> None:
        if not self.is_mounted:
            return
        shown = self.session
        live = self.bench_app.session
        code = replace(live.code, note="")  # the note is of the live conversation
        if shown is None:
            self.status.tell(
                agent=live.agent, model=live.model, code=code, turns=0, busy=self.indexing, screen="Review"
            )
            return
        self.status.cost.read(shown.trace)
        turns = shown.trace[len(shown.trace) - 1].turn if len(shown.trace) else 0
        model = self.record.model if self.record and self.record.model else "model not recorded"
        self.status.tell(
            agent=shown.agent, model=model, code=code, turns=turns,
            busy=self.indexing or self._about(), screen="Review", base=self.base_title,
            trouble=self.write_error,
        )  # fmt: skip

    def _about(self) -> str:
        if self.entry is None or self.record is None:
            return ""
        words = STATES.get(self.entry.state, ("", "", "", self.entry.state))[3]
        expects = "; ".join(f"at {e.step} {one_line(e.description, 200)}" for e in self.record.expectations)
        about = f"{words}: {expects}" if expects else words
        return f"{about} · {one_line(self.entry.risk_signals, 200)}" if self.entry.risk_signals else about

    def offer_keys(self) -> None:
        if self.offer_asking():
            return
        keys = self.footer()
        if self._waits:
            keys = [(actions.key("pending"), f"{self._waits} recorded anew"), *keys]
        if self.focused is self.shelf:
            keys = [("enter", "open"), *keys]
        self.keys.offer(keys)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        self.offer_keys()

    def focus_order(self) -> list[Widget]:
        if self.has_class("narrow"):
            return [self.chat, self.steps, self.detail] if self.has_class("opened") else [self.shelf]
        return [self.shelf, self.chat, self.steps, self.detail]

    def why_not(self, id: str) -> str:
        live = self.bench_app.session
        if id == "undo":
            return "" if self.bench_app.undos or self.session in self.bench_app.desk.open else "nothing to undo"
        if id in ("continue", "save") and live.busy:
            return "the live conversation is still answering: wait for it"
        return super().why_not(id)

    @property
    def side(self) -> Side | None:
        """A saved transcript is opened as a copy, so it is known by its path."""
        side = super().side
        if side is None or self.entry is None:
            return side
        title = side.title if self.entry.kind == "session" else one_line(self.entry.id, 200)
        return side._replace(id=self.entry.id, title=title)

    # doing

    def do_list(self) -> None:
        self.zoom("")
        self.remove_class("opened")
        super().do_list()

    async def do_open(self) -> None:
        if self.focused is self.shelf or self.focused is None:
            if await self.open_entry():
                assert self.entry is not None
                self.see(self.entry)
                self.add_class("opened")
                self.steps.focus()
        else:
            super().do_open()

    def do_back(self) -> None:
        if self._zoomed or self.foot.is_open:
            super().do_back()
        elif self.focused is self.shelf:
            self.clear()
        elif not self.clear_search():
            self.do_list()

    async def do_next_unseen(self) -> None:
        await self._go_unseen(True)

    async def do_last_unseen(self) -> None:
        await self._go_unseen(False)

    async def _go_unseen(self, forward: bool) -> None:
        """Check off what is on view, and open the next that is not."""
        here = self.shelf.entry
        if here is not None and self.entry is not None and here.ref == self.entry.ref:
            self.see(here)
        at = self.unseen(forward)
        if at is None:
            left = len(self.found.numbers) - len(self.found.reviewed)
            rest = f"; {left:,} on the other side" if left else ": all are seen"
            self.notify_user(
                f"nothing unseen {'after' if forward else 'before'} this{rest}", "" if left else "good"
            )
            return
        self.shelf.move(at)
        await self.open_entry()

    async def do_undo(self) -> None:
        if not self.bench_app.undos:
            super().do_undo()
            return
        self.notify_user(f"undone: {undo_last(self.bench_app.undos)}", "good")
        self.shelf.forget()
        entry, session = self.entry, self.session
        if entry is None or session is None or session in self.bench_app.desk.open:
            return
        record = await asyncio.to_thread(self.bench_app.library.open, entry)
        session.annotations = {
            mark.at: mark for mark in record.marks
        }  # another reading of it may have been undone
        self.update()

    async def _load(self, session: Session) -> None:
        """The code of an agent that nobody talked with yet. Raises UsageError where it does not load."""
        if session.card is not None:
            return
        self.notify_user(f"loading {one_line(session.agent, 60)} …")
        await session.serving.reload()
        code = session.serving.code
        if session.card is None:
            raise UsageError(
                f"{one_line(session.agent, 60)} does not load: {code.error}", where=code.where, next=code.next
            )

    async def do_save(self) -> None:
        if self.session is not None:
            await self._load(self.session)
        super().do_save()

    async def do_continue(self) -> None:
        if not await self.open_entry() or self.entry is None or self.record is None or self.session is None:
            return
        chosen = self.session
        await self._load(chosen)
        if chosen not in self.bench_app.desk.open:
            annotations = list(chosen.annotations.values())
            chosen = self.bench_app.going_on(self.entry, replace(self.record, annotations=annotations))
        self.session, self.entry = None, None
        self.bench_app.switch(chosen)

    async def do_pending(self) -> None:
        if not await self.show_waiting():
            self.notify_user("nothing was recorded anew: `workbench rerecord FILE` does it")

    def do_develop(self) -> None:
        self.app.switch_mode("develop")
