"""Review: transcripts and past conversations, read in the same panes and with the same keys."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.timer import Timer
from textual.widget import Widget

from ...compare import Side
from ...errors import WorkbenchError
from ...library import Entry, Record
from ...steps import Place
from .. import actions
from ..present.text import one_line
from ..widgets.bars import keys_of
from ..widgets.chat import ChatPane
from ..widgets.lines import LineList
from ..widgets.shelf import LEGEND, STATES, ShelfList
from .comparing import Comparing

PEEK = 0.15  # seconds the cursor rests before a conversation is read


class Review(Comparing):
    """A list, and the conversation the cursor stands on."""

    where = actions.REVIEW
    BINDINGS: ClassVar[list[BindingType]] = [*actions.bindings(actions.REVIEW)]

    def __init__(self) -> None:
        super().__init__()
        self.add_class("review")
        self.entry: Entry | None = None
        self.record: Record | None = None
        self._timer: Timer | None = None

    def compose_left(self) -> ComposeResult:
        yield ShelfList(id="list")
        with Vertical(id="talk"):
            yield ChatPane(id="chat")

    def begin(self) -> None:
        super().begin()
        self.shelf = self.query_one(ShelfList)
        self.chat.hint = ["Choose a conversation in the list; it opens here."]
        self.chat.show([], fresh=True)
        self.detail.redraw()
        self.shelf.focus()

    def on_screen_resume(self) -> None:
        """Read the list anew each time: conversations and transcripts are made next door."""
        self.call_after_refresh(self.read_list)

    def read_list(self) -> None:
        entries = self.bench_app.library.entries()
        self.shelf.show(entries)
        saved = sum(1 for e in entries if e.kind == "transcript")
        self.shelf.border_title = f"0 List: {saved} saved, {len(entries) - saved} talks"
        self.shelf.border_subtitle = LEGEND
        self.tell_status()
        self.offer_keys()
        if self.has_class("wide") and self.entry is None:
            self.open_entry()

    @on(LineList.Moved, "#list")
    def _peek(self, event: LineList.Moved) -> None:
        """Where list and conversation stand side by side, the cursor is enough to see it."""
        if self.has_class("wide"):
            if self._timer is not None:
                self._timer.stop()
            self._timer = self.set_timer(PEEK, self.open_entry)

    @on(LineList.Opened, "#list")
    def _clicked(self) -> None:
        self.do_open()

    def open_entry(self) -> bool:
        """Show the conversation of the cursor. False where it cannot be read."""
        entry = self.shelf.entry
        if entry is None:
            return False
        if entry.problem:
            self.tell(entry.problem, "bad")
            return False
        if self.entry is not None and entry.id == self.entry.id and entry.when == self.entry.when:
            return True
        try:
            record = self.bench_app.library.open(entry)
        except WorkbenchError as error:
            self.tell_error(error)
            return False
        self.entry, self.record = entry, record
        session = self.bench_app.reading(entry, record)
        live = session is self.bench_app.session
        heard = session.listeners
        self.attach(session)
        if live:  # the live screen goes on hearing what happens to it
            session.listeners = [*heard, *session.listeners]
        at = next((e.at for e in record.expectations), next((m.at for m in record.marks), ""))
        if at:
            self.call_after_refresh(self.steps.go_to, Place.parse(at))
        return True

    # status and keys

    def tell_status(self) -> None:
        if not self.is_mounted or self.session is None:
            live = self.bench_app.session
            code = replace(live.code, note="")  # the note is of the live conversation
            self.status.tell(agent=live.agent, model=live.model, code=code, turns=0, busy="", screen="Review")
            return
        s = self.session
        self.status.cost.read(s.trace)
        turns = s.trace[len(s.trace) - 1].turn if len(s.trace) else 0
        self.status.tell(
            agent=s.agent, model=self.record.model if self.record and self.record.model else "model not recorded",
            code=replace(self.bench_app.session.code, note=""), turns=turns, busy=self._about(),
            screen="Review", base=self.base_title,
        )  # fmt: skip

    def _about(self) -> str:
        if self.entry is None or self.record is None:
            return ""
        words = STATES.get(self.entry.state, ("", "", self.entry.state))[2]
        expects = "; ".join(f"at {e.at} {one_line(e.sentence, 200)}" for e in self.record.expectations)
        return f"{words}: {expects}" if expects else words

    def offer_keys(self) -> None:
        keys = keys_of(self.where)
        if self.focused is self.shelf:
            keys = [("enter", "open"), *keys]
        self.keys.offer(keys)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        self.offer_keys()

    def stops(self) -> list[Widget]:
        if self.has_class("narrow"):
            return [self.chat, self.steps, self.detail] if self.has_class("opened") else [self.shelf]
        return [self.shelf, self.chat, self.steps, self.detail]

    def why_not(self, id: str) -> str:
        live = self.bench_app.session
        entry = self.entry
        if id in ("continue", "save") and live.busy:
            return "the live conversation is still answering: wait for it"
        if id in ("continue", "save") and entry is not None and entry.agent != live.agent:
            return f"this is a conversation of {entry.agent}: start workbench with that agent"
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
        self.shelf.focus()

    def do_open(self) -> None:
        if self.focused is self.shelf or self.focused is None:
            if self.open_entry():
                self.add_class("opened")
                self.steps.focus()
        else:
            super().do_open()

    def do_back(self) -> None:
        if self._zoomed or self.foot.is_open:
            super().do_back()
        elif not self.unlook():
            self.do_list()

    def do_save(self) -> None:
        super().do_save()

    def do_continue(self) -> None:
        if not self.open_entry() or self.session is None:
            return
        chosen, self.session, self.entry = self.session, None, None
        self.bench_app.switch(chosen)

    def do_develop(self) -> None:
        self.app.switch_mode("develop")
