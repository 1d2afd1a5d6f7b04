"""The base of Develop and Review: chat, steps and detail of one conversation."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from ...trace.events import UserMessage
from ...trace.step_id import StepId
from ...workspace.comparison import Side
from ...workspace.session import Session, SessionEvent
from ..groups.annotating import AnnotateGroup
from ..groups.comparing import CompareGroup
from ..groups.reading import CopyGroup, LeaveGroup
from ..groups.search import SearchGroup
from ..groups.sizes import SizesGroup
from ..groups.steps import FoldGroup, PaneKeysGroup, StepsGroup
from ..groups.world import FollowGroup, WorldGroup
from ..view.compare import called
from ..view.view import View
from ..widgets.bars import KeysBar, StatusBar
from ..widgets.chat import ChatPane
from ..widgets.detail import DetailPane
from ..widgets.list import ListPane
from ..widgets.pane import Pane
from ..widgets.search_bar import SearchBar
from ..widgets.steps import StepsPane
from .draft import DraftStream
from .resizable import ResizableScreen

TICK = 0.1  # seconds between two paints of the streaming text


class ConversationScreen(ResizableScreen):
    """Shows a conversation and follows its changes. Subclasses choose the conversation."""

    panes = ("chat", "steps", "detail")

    def __init__(self) -> None:
        super().__init__()
        self.session: Session | None = None
        self.retry = ""  # names the key that tries a failed turn again, where there is one
        self.from_transcript = False  # whether it has substitutes for personal data, as transcripts have
        self.draft = DraftStream()
        self._stale = ""  # "more" or "fresh" when the panes are to be updated
        for group in (StepsGroup, FoldGroup, PaneKeysGroup, CopyGroup, CompareGroup):
            self.register(group(self))
        self.register(AnnotateGroup(self))
        self.search = self.register(SearchGroup(self))
        self.sizes = self.register(SizesGroup(self))
        self.register(WorldGroup(self))
        self.register(FollowGroup(self))
        self.leaving = self.register(LeaveGroup(self))

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
        """Yield the widgets between the status and the panes."""
        yield from ()

    def compose_left(self) -> ComposeResult:
        with Vertical(id="conversation"):
            yield ChatPane(id="chat")

    def begin(self) -> None:
        super().begin()
        self.chat = self.query_one(ChatPane)
        self.steps = self.query_one(StepsPane)
        self.detail = self.query_one(DetailPane)
        self.search_bar = self.query_one(SearchBar)
        self.steps.followed = self._follow
        self.query_one("#conversation").border_title = "1 Chat"
        self.chat.retry = self.retry
        self.set_interval(TICK, self._tick)

    @property
    def main(self) -> Pane:
        return self.steps

    @property
    def side_pane(self) -> Pane:
        return self.detail

    # the conversation on view

    @property
    def view(self) -> View | None:
        s = self.session
        return View(s.trace, s.setup, s.annotations, s.rerun, self.retry) if s is not None else None

    @property
    def step_id(self) -> StepId | None:
        """Return the id of the step of the cursor."""
        row = self.steps.row
        return row.step.step_id if row is not None and row.step is not None else None

    @property
    def side(self) -> Side | None:
        """Return the conversation on view, as one side of a comparison."""
        s = self.session
        if s is None:
            return None
        first = next((str(event.text) for event in s.trace if isinstance(event, UserMessage)), "")
        disabled = tuple(str(part) for part in s.disabled_ever)
        return Side(s.id, "this one", called(s.id, first), s.setup, s.trace, disabled=disabled)

    def kept_text(self, what: str) -> str:
        """Report whether a conversation that is no longer on view is stored."""
        assert self.session is not None
        problem = self.session.store.write_error
        return f"{what} is kept" if not problem else f"{what} is NOT on disk yet: {problem}"

    def show_session(self, session: Session) -> None:
        """Show this conversation and its changes."""
        self.session = session

        def hear(changed: SessionEvent) -> None:
            if self.session is session and self.is_attached:
                self.on_session_event(changed)
            elif changed.what == "turn" and self.is_attached:
                self.on_other_session(session)

        session.listeners = [hear]
        self.draft.clear()
        self._stale = "fresh"
        self._tick()

    def on_session_event(self, changed: SessionEvent) -> None:
        """Note a change. It is painted at the next tick, because streaming text arrives more often."""
        if changed.delta is not None:
            self.draft.add(changed.delta.turn, changed.delta.answer, changed.delta.delta)
            return
        if changed.event is not None:
            self.draft.settle(changed.event)
        self.draft.changed = self.draft.changed or changed.what in ("turn", "event")
        if changed.what == "setup":
            self._stale = "fresh"
        elif not self._stale:
            self._stale = "more"
        if changed.what == "rerun" and self.session is not None and self.session.rerun is not None:
            self.call_after_refresh(self.show_difference)
        self.leaving.check_stopped()

    def on_other_session(self, session: Session) -> None:
        """Handle the end of a turn of a conversation that was on view before."""

    def _tick(self) -> None:
        if not self.is_mounted or not hasattr(self, "chat"):
            return
        if self._stale:
            stale, self._stale = self._stale, ""
            self.update(fresh=stale == "fresh")
        if self.draft.changed:
            self.chat.stream(self.draft.take(self.session.turn.pending_text if self.session is not None else ""))
            self.sizes.apply()

    def update(self, fresh: bool = False) -> None:
        """Show the current contents of the session."""
        view = self.view
        if view is None:
            return
        self.steps.show(view, fresh)
        self.chat.show(self.steps.row_model.turns, fresh=fresh)
        self.sizes.apply()
        self._follow(by_user=False)
        self.update_status()

    def show_difference(self) -> None:
        """Go to the first difference of a rerun. Subclasses override it."""

    def _follow(self, by_user: bool) -> None:
        """Show the row of the cursor in the detail, and its turn in the chat."""
        view, row = self.view, self.steps.row
        if view is None:
            return
        self.detail.show(view, row)
        self.chat.choose(row.step_id.turn if row else 0, reveal=by_user)
        self.offer_keys()

    def go_to_step(self, step_id: StepId) -> None:
        """Move the cursor to a step, on return from Compare."""
        self.steps.go_to(step_id)
        self.steps.focus()

    # messages of the widgets

    @on(SearchBar.Changed, "#foot")
    def _search_changed(self, event: SearchBar.Changed) -> None:
        self.search.changed(event.text, event.kept)

    @on(StepsPane.Unfiltered)
    def _unfiltered(self) -> None:
        self.notify_user("the filter is off: it hid this step", "warn")

    @on(DetailPane.SourceClicked)
    async def _source_clicked(self, event: DetailPane.SourceClicked) -> None:
        await self.perform(lambda: self.workbench.edit(event.source))

    @on(ListPane.Opened, "#steps")
    async def _step_opened(self) -> None:
        await self.perform(self.groups["open"].handlers()["open"])

    @property
    def chat_rows(self) -> int:
        """Return the rows that chat and input fill, with the border above them."""
        return self.chat.count + 1

    def on_descendant_focus(self) -> None:
        self.search.focus_moved()
        self.sizes.apply()
        self.offer_keys()
