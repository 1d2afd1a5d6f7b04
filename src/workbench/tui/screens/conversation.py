"""What Develop and Review have in common: chat, steps and detail of one conversation, and their keys."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from ...trace.events import Answer, PolicyDecision, Reply, TurnEnded
from ...trace.step_id import StepId
from ...workspace.session import Session, SessionEvent
from ..actions import key
from ..view.chat import Draft
from ..view.text import one_line
from ..view.view import View
from ..widgets.bars import KeysBar, StatusBar
from ..widgets.chat import ChatPane
from ..widgets.detail import DetailPane
from ..widgets.pane import Pane
from ..widgets.search_bar import SearchBar
from ..widgets.steps import StepsPane
from .base import BaseScreen

TAIL = 8_000  # characters of a draft that are shown while it grows
TICK = 0.1  # seconds between two paints of what streams in


class ConversationScreen(BaseScreen):
    """Panes, cursor and keys; which conversation, and what may be done with it, subclasses say."""

    def __init__(self) -> None:
        super().__init__()
        self.session: Session | None = None
        self._stale = ""
        self._parts: list[str] = []  # what has streamed in of the words of an answer
        self._doing = ""
        self._streamed = False
        self._drafted: tuple[int, int] = (0, 0)

    # layout

    def compose(self) -> ComposeResult:
        yield StatusBar(id="status")
        yield from self.compose_top()
        with Horizontal(id="panes"):
            yield from self.compose_left()
            with Vertical(id="right"):
                yield StepsPane(id="steps")
                yield DetailPane(id="detail")
        yield Static("", id="too-small", markup=False)
        yield SearchBar(id="foot")
        yield KeysBar(id="keys")

    def compose_top(self) -> ComposeResult:
        """What stands between the status and the panes."""
        yield from ()

    def compose_left(self) -> ComposeResult:
        with Vertical(id="talk"):
            yield ChatPane(id="chat")

    def begin(self) -> None:
        super().begin()
        self.chat = self.query_one(ChatPane)
        self.steps = self.query_one(StepsPane)
        self.detail = self.query_one(DetailPane)
        self.foot = self.query_one(SearchBar)
        self.steps.followed = self._follow
        self.query_one("#talk").border_title = "1 Chat"
        self.set_interval(TICK, self._tick)

    @property
    def main(self) -> Pane:
        return self.steps

    @property
    def reading(self) -> Pane:
        return self.detail

    # the conversation on view

    def show_session(self, session: Session) -> None:
        """Show this conversation, and hear what happens to it."""
        self.session = session

        def hear(changed: SessionEvent) -> None:
            if self.session is session and self.is_attached:
                self.on_session_event(changed)
            elif changed.what == "turn" and self.is_attached:
                self.on_other_session(session)

        session.listeners = [hear]
        self._forget_draft()
        self._stale = "fresh"
        self._tick()

    @property
    def write_error(self) -> str:
        """What keeps the conversation on view from being kept, or ""."""
        s = self.session
        if s is None:
            return ""
        if s.store.write_error:
            return f"not on disk: {s.store.write_error}; it is held here and written as soon as it can be"
        if s.log.locked_by:
            return f"{s.log.locked_by}: it can be read here, and {key('fork')} forks it"
        if s.corrupt_lines:
            return f"{s.corrupt_lines} lines of its file cannot be read: steps may be missing"
        return ""

    def kept_text(self, what: str) -> str:
        """What may be said of a conversation that is left: that it is kept, where it is."""
        assert self.session is not None
        problem = self.session.store.write_error
        return f"{what} is kept" if not problem else f"{what} is NOT on disk yet: {problem}"

    @property
    def view(self) -> View | None:
        s = self.session
        return View(s.trace, s.setup, s.annotations, s.rerun) if s is not None else None

    def on_session_event(self, changed: SessionEvent) -> None:
        """Something happened. What streams is painted ten times a second, the rest at the next tick too."""
        if changed.delta is not None:
            self._stream(changed.delta.turn, changed.delta.answer, changed.delta.delta)
            return
        event = changed.event
        if event is not None:
            self._settle(event)
        self._streamed = self._streamed or changed.what in ("turn", "event")
        if changed.what == "setup":
            self._stale = "fresh"
        elif not self._stale:
            self._stale = "more"
        if changed.what == "rerun" and self.session is not None and self.session.rerun is not None:
            self.call_after_refresh(self.show_difference)

    def on_other_session(self, session: Session) -> None:
        """Something happened to a conversation that was on view before."""

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
            isinstance(step, Reply | TurnEnded)
            or (isinstance(step, Answer) and step.calls)
            or (
                isinstance(step, PolicyDecision)
                and step.hook == "before_reply"
                and step.effect in ("block", "escalate")
            )
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
            sent = self.session.turn.pending_text if self.session is not None else ""
            self.chat.stream(Draft(text if len(text) <= TAIL else "…" + text[-TAIL:], self._doing, sent))

    def update(self, fresh: bool = False) -> None:
        """Show what the session holds now."""
        view = self.view
        if view is None:
            return
        self.steps.show(view, fresh)
        self.chat.show(self.steps.book.turns, fresh=fresh)
        self._follow(by_hand=False)
        self.tell_status()

    def show_difference(self) -> None:
        """Subclasses go to the first difference of a re-run."""

    def _follow(self, by_hand: bool) -> None:
        """The detail shows the row of the cursor; the chat says which turn it is in."""
        view, row = self.view, self.steps.row
        if view is None:
            return
        self.detail.show(view, row)
        self.chat.choose(row.step_id.turn if row else 0, reveal=by_hand)
        self.offer_keys()

    @property
    def place(self) -> StepId | None:
        """The move the cursor stands on."""
        row = self.steps.row
        return row.step.step_id if row is not None and row.step is not None else None
