"""What Develop and Review have in common: chat, steps and detail of one conversation, and their keys."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from ...errors import WorkbenchError
from ...session import Changed, Session
from ...steps import Answer, Decision, Place, Reply, TurnEnd
from .. import actions
from ..present.chat import Draft
from ..present.detail import summary
from ..present.text import one_line
from ..present.view import View
from ..widgets.bars import KeysBar, StatusBar, keys_of
from ..widgets.chat import ChatPane
from ..widgets.detail import DetailPane
from ..widgets.lines import LineList, Pane
from ..widgets.steps import StepsPane

WIDE = 120  # columns from which the chat stands beside the steps
LEAST = (60, 16)
TAIL = 8_000  # characters of a draft that are shown while it grows
TICK = 0.1  # seconds between two paints of what streams in


class Bench(Screen[None]):
    """Panes, cursor and keys; which conversation, and what may be done with it, subclasses say."""

    AUTO_FOCUS = ""
    where: ClassVar[str] = actions.DEVELOP

    def __init__(self) -> None:
        super().__init__()
        self.session: Session | None = None
        self._stale = ""
        self._parts: list[str] = []  # what has streamed in of the words of an answer
        self._doing = ""
        self._streamed = False
        self._drafted: tuple[int, int] = (0, 0)
        self._zoomed = ""

    # layout

    def compose(self) -> ComposeResult:
        yield StatusBar(id="status")
        with Horizontal(id="panes"):
            yield from self.compose_left()
            with Vertical(id="right"):
                yield StepsPane(id="steps")
                yield DetailPane(id="detail")
        yield Static("", id="too-small", markup=False)
        yield KeysBar(id="keys")

    def compose_left(self) -> ComposeResult:
        with Vertical(id="talk"):
            yield ChatPane(id="chat")

    def on_mount(self) -> None:
        self.chat = self.query_one(ChatPane)
        self.steps = self.query_one(StepsPane)
        self.detail = self.query_one(DetailPane)
        self.status = self.query_one(StatusBar)
        self.keys = self.query_one(KeysBar)
        self.query_one("#talk").border_title = "1 Chat"
        self.set_interval(TICK, self._tick)

    def on_resize(self, event: events.Resize) -> None:
        width, height = event.size
        small = width < LEAST[0] or height < LEAST[1]
        self.set_class(small, "small")
        self.set_class(width >= WIDE, "wide")
        self.set_class(width < WIDE, "narrow")
        text = (
            f"Workbench needs {LEAST[0]}x{LEAST[1]}; this is {width}x{height}.\nNothing is lost: make it larger."
        )
        self.query_one("#too-small", Static).update(text)
        self.call_after_refresh(self.tell_status)

    def get_widget_and_offset_at(self, x: int, y: int) -> Any:
        """A click while the layout changes must not crash (it does in Textual 8.2.8)."""
        try:
            return super().get_widget_and_offset_at(x, y)
        except Exception:  # whatever the compositor trips over, there is nothing under the mouse
            return None, None

    # the conversation on view

    def attach(self, session: Session) -> None:
        """Show this conversation, and hear what happens to it."""
        self.session = session

        def hear(changed: Changed) -> None:
            if self.session is session and self.is_attached:
                self.heard(changed)

        session.listeners = [hear]
        self._forget_draft()
        self._stale = "fresh"
        self._tick()

    @property
    def view(self) -> View | None:
        s = self.session
        return View(s.trace, s.setup, s.marks, s.rerun) if s is not None else None

    def heard(self, changed: Changed) -> None:
        """Something happened. What streams is painted ten times a second, the rest at the next tick too."""
        if changed.delta is not None:
            self._stream(changed.delta.turn, changed.delta.answer, changed.delta.delta)
            return
        step = changed.step
        if step is not None:
            self._settle(step)
        if changed.what == "setup":
            self._stale = "fresh"
        elif not self._stale:
            self._stale = "more"
        if changed.what == "rerun" and self.session is not None and self.session.rerun is not None:
            self.call_after_refresh(self.show_difference)

    def _stream(self, turn: int, answer: int, delta: Any) -> None:
        if (turn, answer) != self._drafted:
            self._drafted = (turn, answer)
            self._forget_draft()
        self._streamed = True
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
                self._forget_draft()

    def _forget_draft(self) -> None:
        self._parts, self._doing, self._streamed = [], "", True

    def _settle(self, step: Any) -> None:
        """A draft goes when its words are on record, or are known never to be sent."""
        gone = (
            isinstance(step, Reply | TurnEnd)
            or (isinstance(step, Answer) and step.calls)
            or (isinstance(step, Decision) and step.stand == "reply" and step.verdict in ("block", "escalate"))
        )
        if gone:
            self._forget_draft()

    def _tick(self) -> None:
        if not self.is_mounted or not hasattr(self, "chat"):
            return
        if self._stale:
            stale, self._stale = self._stale, ""
            self.update(fresh=stale == "fresh")
        if self._streamed:
            self._streamed = False
            if len(self._parts) > 1:
                self._parts = ["".join(self._parts)]
            text = self._parts[0] if self._parts else ""
            self.chat.stream(Draft(text if len(text) <= TAIL else "…" + text[-TAIL:], self._doing))

    def update(self, fresh: bool = False) -> None:
        """Show what the session holds now."""
        view = self.view
        if view is None:
            return
        self.steps.show(view, fresh)
        self.chat.show(self.steps.book.turns, fresh=fresh)
        self._follow(by_hand=False)
        self.tell_status()

    def tell_status(self) -> None:
        """Subclasses say what stands in the status line."""

    def show_difference(self) -> None:
        """Subclasses go to the first difference of a re-run."""

    @on(LineList.Moved, "#steps")
    def _moved(self, event: LineList.Moved) -> None:
        self._follow(event.by_hand)

    @on(LineList.Opened, "#steps")
    def _opened(self) -> None:
        self.do_open()

    def _follow(self, by_hand: bool) -> None:
        """The detail shows the row of the cursor; the chat says which turn it is in."""
        view, row = self.view, self.steps.row
        if view is None:
            return
        self.detail.show(view, row)
        self.chat.choose(row.place.turn if row else 0, reveal=by_hand)
        self.offer_keys()

    # saying

    def tell(self, text: str, role: str = "") -> None:
        self.keys.tell(text, role)

    def tell_error(self, error: WorkbenchError) -> None:
        where = f"{error.where}: " if error.where else ""
        self.tell(f"{where}{error.message}" + (f" · {error.next}" if error.next else ""), "bad")

    def offer_keys(self) -> None:
        self.keys.offer(keys_of(self.where))

    # doing

    def why_not(self, id: str) -> str:
        """Why an action cannot be done just now, or ""."""
        if self.session is None and id in ("mark", "save", "undo", "unmark", "copy"):
            return "no conversation is open"
        if id in ("mark", "unmark") and self.place is None:
            return "choose a step first"
        if id == "unmark" and self.session is not None and str(self.place) not in self.session.marks:
            return "there is no mark on this step"
        if id == "save" and self.session is not None and not len(self.session.trace):
            return "there is no conversation to save yet"
        return ""

    async def action_do(self, id: str) -> None:
        """Do one action of the table, or say why not."""
        self.keys.hush()
        reason = self.why_not(id)
        if reason:
            self.tell(reason, "warn")
            return
        await self.perform(getattr(self, f"do_{id}"))

    async def perform(self, do: Callable[[], Any]) -> None:
        try:
            done = do()
            if inspect.isawaitable(done):
                await done
        except WorkbenchError as error:
            self.tell_error(error)

    @property
    def place(self) -> Place | None:
        """The move the cursor stands on."""
        row = self.steps.row
        return row.move.place if row is not None and row.move is not None else None

    @property
    def pane(self) -> Pane:
        """The pane that keys move in: the focused one, else the steps."""
        return self.focused if isinstance(self.focused, Pane) else self.steps

    def do_down(self) -> None:
        self.pane.action_scroll_down()

    def do_up(self) -> None:
        self.pane.action_scroll_up()

    def do_top(self) -> None:
        self.pane.action_scroll_home()

    def do_end(self) -> None:
        self.pane.action_scroll_end()

    def do_half_down(self) -> None:
        self.pane.page(0.5)

    def do_half_up(self) -> None:
        self.pane.page(-0.5)

    def do_page_down(self) -> None:
        self.pane.page(1)

    def do_page_up(self) -> None:
        self.pane.page(-1)

    def do_detail_down(self) -> None:
        self.detail.by(3)

    def do_detail_up(self) -> None:
        self.detail.by(-3)

    def _jump(self, what: str, forward: bool, none: str) -> None:
        if not self.steps.jump(what, forward):
            self.tell(none)

    def do_next_step(self) -> None:
        self._jump("step", True, "this is the last step")

    def do_last_step(self) -> None:
        self._jump("step", False, "this is the first step")

    def do_next_turn(self) -> None:
        self._jump("turn", True, "this is the last turn")

    def do_last_turn(self) -> None:
        self._jump("turn", False, "this is the first turn")

    def do_failure(self) -> None:
        if not self.steps.jump("failed", True):
            cursor, self.steps.cursor = self.steps.cursor, -1
            if not self.steps.jump("failed", True):
                self.steps.cursor = cursor
                self.tell("nothing was stopped and nothing broke in this conversation", "good")
            else:
                self.tell("from the top again")

    def stops(self) -> list[Widget]:
        """What tab goes round."""
        return [self.chat, self.steps, self.detail]

    def _round(self, by: int) -> None:
        stops = self.stops()
        at = stops.index(self.focused) if self.focused in stops else -1 if by > 0 else 0
        self.go_pane(stops[(at + by) % len(stops)])

    def go_pane(self, pane: Widget) -> None:
        pane.focus()
        if self._zoomed and pane.id in ("chat", "steps", "detail"):
            self.zoom(pane.id)

    def do_next_pane(self) -> None:
        self._round(1)

    def do_last_pane(self) -> None:
        self._round(-1)

    def do_pane_1(self) -> None:
        self.go_pane(self.chat)

    def do_pane_2(self) -> None:
        self.go_pane(self.steps)

    def do_pane_3(self) -> None:
        self.go_pane(self.detail)

    def do_next_tab(self) -> None:
        self.detail.turn_tab(1)

    def do_last_tab(self) -> None:
        self.detail.turn_tab(-1)

    def zoom(self, name: str) -> None:
        """Give the whole screen to one pane; "" ends it."""
        self._zoomed = name
        for pane in ("chat", "steps", "detail"):
            self.set_class(name == pane, f"zoom-{pane}")

    def do_zoom(self) -> None:
        pane = self.pane.id or "steps"
        self.zoom("" if self._zoomed else pane if pane in ("chat", "steps", "detail") else "steps")

    def do_open(self) -> None:
        if self.steps.row is not None:
            self.zoom("detail")
            self.detail.focus()

    def do_back(self) -> None:
        if self._zoomed:
            self.zoom("")
            self.steps.focus()
        elif self.session is not None and self.session.busy:
            self.session.interrupt()
            self.tell("interrupted")
        elif self.focused is not self.steps:
            self.steps.focus()

    def do_interrupt(self) -> None:
        text = self.get_selected_text()
        if text:
            self.bench_app.copy(text, self)
        elif self.session is not None and self.session.busy:
            self.session.interrupt()
            self.tell("interrupted")
        else:
            self.tell("nothing is running · ctrl+q quits")

    def do_copy(self) -> None:
        row = self.steps.row
        if self.focused is self.detail:
            self.bench_app.copy(self.detail.text, self)
        elif row is not None and row.move is not None:
            self.bench_app.copy(summary(row.move), self)
        else:
            self.tell("there is nothing to copy")

    def do_edit(self) -> None:
        self.bench_app.edit(self.source(), self)

    def source(self) -> str:
        """The source line that the row of the cursor comes from: its fault, its policy, its tool."""
        row = self.steps.row
        move = row.move if row else None
        view = self.view
        if row is None or move is None or view is None:
            return ""
        for fault in ([row.fault] if row.fault else []) + move.faults:
            if fault.where:
                return fault.where
        loud = [d for d in move.decisions if d.verdict != "allow"]
        for decision in ([row.decision] if row.decision else []) + loud:
            source = view.card(decision.version).get("source")
            if source:
                return str(source)
        return self._tool_source(move.call.tool if move.call else "")

    def _tool_source(self, tool: str) -> str:
        card = self.session.card if self.session else None
        if card is None:
            return ""
        found = next((t.source for t in card.tools if t.name == tool), "")
        return found or next((j.source for j in card.journeys), "")

    # marks and transcripts

    async def do_mark(self) -> None:
        from .mark import MarkScreen

        session, place = self.session, self.place
        if session is None or place is None:
            return
        move = session.move_at(place)
        if move is not None:
            screen = MarkScreen(move, session.marks.get(str(place)))

            def done(mark: Any) -> None:
                if mark is not None:
                    session.mark(mark)
                    self.tell("marked · t saves the conversation with it · u undoes", "good")

            self.app.push_screen(screen, done)

    def do_unmark(self) -> None:
        assert self.session is not None
        self.session.unmark(str(self.place))
        self.tell("the mark is gone · u brings it back")

    def do_undo(self) -> None:
        assert self.session is not None
        self.tell(f"undone: {self.session.undo()}", "good")

    def do_save(self) -> None:
        from .save import SaveScreen

        assert self.session is not None
        self.app.push_screen(SaveScreen(self.session, self.place))

    # the program

    @property
    def bench_app(self) -> Any:
        return self.app

    def do_help(self) -> None:
        from .help import HelpScreen

        def chosen(id: str | None) -> None:
            if id:
                self.run_worker(self.action_do(id))

        self.app.push_screen(HelpScreen(self.where), chosen)

    do_palette = do_help

    def do_theme(self) -> None:
        self.tell(f"theme: {self.bench_app.next_theme()}")

    def do_quit(self) -> None:
        self.app.exit()
