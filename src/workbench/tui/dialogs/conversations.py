"""The conversations that are open: take one in hand, or put one away."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from ...trace.events import TurnEnded, UserMessage
from ...workspace.open_conversations import OpenConversations
from ...workspace.session import Session
from ..view.step_lines import ENDS
from ..view.text import Line, Span, fit, one_line
from ..widgets.list import ListPane
from .form import Form


def title_of(session: Session) -> str:
    """The customer's first words."""
    first = next((str(s.text) for s in session.trace if isinstance(s, UserMessage)), "")
    return one_line(first, 200) or "(nothing said yet)"


class Talks(ListPane):
    """An open conversation a line."""

    def __init__(self, desk: OpenConversations, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.desk = desk

    @property
    def count(self) -> int:
        return len(self.desk.open)

    def line(self, index: int, width: int) -> Line:
        s = self.desk.open[index]
        here = Span("▶ " if s is self.desk.session else "  ", "accent")
        turns = s.trace[len(s.trace) - 1].turn if len(s.trace) else 0
        ended = next((x for x in reversed(s.trace.events[-1:]) if isinstance(x, TurnEnded)), None)
        state = "answering …" if s.busy else ENDS[ended.reason] if ended else "new"
        off = Span(" ⊘" if s.disabled or s.disabled_ever else "", "bad")
        marks = Span(f" ⚑{len(s.annotations)}" if s.annotations else "", "mark")
        facts = fit([Span(f"  {turns} turn{'s' if turns != 1 else ' '} ", "dim"), marks, off], 18)
        role = "warn" if s.busy else "dim"
        told = 20 if width >= 76 else 0
        return (
            here,
            *fit([Span(title_of(s)), Span(f"  {one_line(s.agent, 30)}", "dim")], max(width - 2 - 18 - told, 8)),
            *facts,
            *fit([Span(one_line(state, 60), role)], told),
        )


class ConversationsDialog(Form[Session]):
    """Gives back the conversation to take in hand, or None."""

    TITLE_TEXT = "Open conversations"
    KEYS = "↑ ↓ choose · enter takes it · x puts it away · esc leaves"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x,delete", "put_away", "put away", show=False),
        Binding("b", "leave", "leave", show=False),
    ]

    def __init__(self, desk: OpenConversations) -> None:
        super().__init__()
        self.desk = desk
        self.hand = desk.session

    def fields(self) -> ComposeResult:
        yield Talks(self.desk, id="talks")
        yield Static(
            "Each goes on by itself: one may answer while you are in another. What was put away, and all "
            "talks of before, stand in Review.",
            classes="hint", markup=False,
        )  # fmt: skip

    def on_mount(self) -> None:
        self.talks = self.query_one(Talks)
        self._fit()
        self.talks.move(self.desk.open.index(self.desk.session), by_hand=False)
        self.talks.focus()
        self.set_interval(0.5, self.talks.redraw)

    def _fit(self) -> None:
        self.talks.styles.height = min(self.talks.count, max(self.app.size.height - 9, 3))
        self.talks.redraw()

    def action_put_away(self) -> None:
        chosen = self.desk.open[self.talks.cursor]
        if chosen.busy:
            self.notify_user("it is still answering: interrupt it first", bad=True)
            return
        self.desk.close(chosen)
        self._fit()
        self.notify_user("put away; Review has it" if len(chosen.trace) else "put away: nothing was said in it")

    @on(ListPane.Opened)
    def done(self) -> None:
        self.dismiss(self.desk.open[self.talks.cursor])

    def action_next(self) -> None:
        self.done()

    def action_leave(self) -> None:
        # what was in hand may have been put away
        self.dismiss(self.desk.session if self.desk.session is not self.hand else None)
