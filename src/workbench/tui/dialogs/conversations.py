"""The open conversations: switch to one, or close it."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from ...trace.events import TurnEnded, UserMessage
from ...workspace.open_conversations import OpenConversations
from ...workspace.session import Session
from ..view.end_lines import ENDS
from ..view.text import Line, Span, fit, one_line
from ..widgets.list import ListPane
from .form import Form


def title_of(session: Session) -> str:
    """Return the first message of the customer."""
    first = next((str(s.text) for s in session.trace if isinstance(s, UserMessage)), "")
    return one_line(first, 200) or "(empty)"


class OpenList(ListPane):
    """Lists the open conversations."""

    def __init__(self, conversations: OpenConversations, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.conversations = conversations

    @property
    def count(self) -> int:
        return len(self.conversations.open)

    def line(self, index: int, width: int) -> Line:
        s = self.conversations.open[index]
        here = Span("● " if s is self.conversations.session else "  ", "accent")
        turns = s.trace[len(s.trace) - 1].turn if len(s.trace) else 0
        ended = next((x for x in reversed(s.trace.events[-1:]) if isinstance(x, TurnEnded)), None)
        state = "answering …" if s.busy else ENDS[ended.reason] if ended else "new"
        disabled = Span(" ⊘" if s.disabled or s.disabled_ever else "", "bad")
        annotations = Span(f" ⚑{len(s.annotations)}" if s.annotations else "", "annotation")
        facts = fit([Span(f"  {turns} turn{'s' if turns != 1 else ' '} ", "dim"), annotations, disabled], 18)
        role = "warn" if s.busy else "dim"
        state_cells = 20 if width >= 76 else 0
        return (
            here,
            *fit(
                [Span(title_of(s)), Span(f"  {one_line(s.agent, 30)}", "dim")],
                max(width - 2 - 18 - state_cells, 8),
            ),
            *facts,
            *fit([Span(one_line(state, 60), role)], state_cells),
        )


class ConversationsDialog(Form[Session]):
    """Returns the conversation to switch to, or None."""

    TITLE_TEXT = "Open conversations"
    KEYS = "↑ ↓ select · enter switches to it · x closes it · esc leaves"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x,delete", "close", "close", show=False),
        Binding("b", "leave", "leave", show=False),
    ]

    def __init__(self, conversations: OpenConversations) -> None:
        super().__init__()
        self.conversations = conversations
        self.current = conversations.session

    def fields(self) -> ComposeResult:
        yield OpenList(self.conversations, id="conversations")
        yield Static(
            "They run independently: one may answer while you are in another. Closed and past conversations "
            "are in Review.",
            classes="hint", markup=False,
        )  # fmt: skip

    def on_mount(self) -> None:
        self.list = self.query_one(OpenList)
        self._fit()
        self.list.move(self.conversations.open.index(self.conversations.session), by_user=False)
        self.list.focus()
        self.set_interval(0.5, self.list.redraw)

    def _fit(self) -> None:
        self.list.styles.height = min(self.list.count, max(self.app.size.height - 9, 3))
        self.list.redraw()

    def action_close(self) -> None:
        chosen = self.conversations.open[self.list.cursor]
        if chosen.busy:
            self.notify_user("the agent is still answering: interrupt it first", bad=True)
            return
        self.conversations.close(chosen)
        self._fit()
        self.notify_user("closed; it is in Review" if len(chosen.trace) else "closed; it was empty")

    @on(ListPane.Opened)
    def done(self) -> None:
        self.dismiss(self.conversations.open[self.list.cursor])

    def action_next(self) -> None:
        self.done()

    def action_leave(self) -> None:
        # the current one may have been closed
        self.dismiss(self.conversations.session if self.conversations.session is not self.current else None)
