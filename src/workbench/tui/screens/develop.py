"""Develop: talk with the agent, see each step, change its code and see the effect."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from ...trace.step_id import StepId
from ...workspace.session import Session, SessionEvent
from ...workspace.world import fixture_problem
from .. import actions
from ..groups.conversations import BeginGroup, OpenGroup
from ..groups.experiments import ExperimentGroup
from ..groups.messages import MessageGroup
from ..groups.reading import DevelopLeaveGroup
from ..groups.reruns import RerunGroup
from ..groups.tour import TourGroup
from ..view.empty_chat import empty_chat
from ..view.status import storage_problem, waiting_text
from ..view.text import clean, one_line
from ..widgets.chat import ChatPane
from ..widgets.input import InputLine
from ..widgets.tour import TourBar
from .conversation import ConversationScreen
from .reload_note import ReloadNote

SAVE_SECONDS = 1.0  # between two snapshots of the workspace


class Develop(ConversationScreen):
    """Shows the live conversation."""

    where = actions.DEVELOP

    def __init__(self) -> None:
        super().__init__()
        self.retry = f"{actions.key('rerun')} on this step tries again"
        self.notes = ReloadNote()
        self.leaving = self.register(DevelopLeaveGroup(self))
        self.messaging = self.register(MessageGroup(self))
        self.tour = self.register(TourGroup(self))
        for group in (BeginGroup, OpenGroup, ExperimentGroup, RerunGroup):
            self.register(group(self))

    def compose_top(self) -> ComposeResult:
        yield TourBar(id="tour")

    def compose_left(self) -> ComposeResult:
        with Vertical(id="conversation"):
            yield ChatPane(id="chat")
            with Horizontal(id="say"):
                yield Static(">", markup=False)
                yield InputLine(id="entry", placeholder="type to the agent, enter sends")

    def begin(self) -> None:
        super().begin()
        self.entry = self.query_one("#entry", InputLine)
        self.set_class(self.workbench.tour is not None, "touring")
        self.tour.guide()
        self.set_focus(self.entry)  # at once: the footer shows the keys of the input from the start
        self.show_session(self.workbench.session)
        self.set_interval(1.0, self.update_status)
        self.set_interval(SAVE_SECONDS, self.save_workspace)

    def focus_order(self) -> list[Widget]:
        return [self.entry, self.chat, self.steps, self.detail]

    def home(self, widget: Widget | None) -> str:
        return "chat" if widget is self.entry else super().home(widget)

    @property
    def chat_rows(self) -> int:
        return super().chat_rows + self.entry.size.height

    # the live conversation

    def show(self, session: Session) -> None:
        """Show another conversation, which is the live one now."""
        if hasattr(self, "entry"):  # else it is about to be mounted, and shows the live one itself
            self.messaging.change_session(self.session, session)
            self.show_session(session)
            self.messaging.do_type()

    def on_other_session(self, session: Session) -> None:
        """Report the end of a turn in another open conversation."""
        if not session.busy and session in self.workbench.conversations.open:
            title, lists = one_line(session.title, 60), actions.key("conversations")
            self.notify_user(f"“{title}” has finished · {lists} lists open conversations")

    def follow_end(self) -> None:
        """Follow a new turn in the steps and the chat."""
        self.steps.follow()
        self.chat.follow()

    def save_workspace(self) -> None:
        """Store the cursor and the unsent draft, to restore them after a crash."""
        conversations = self.workbench.conversations
        conversations.step_id, conversations.draft = str(self.step_id or ""), self.entry.text
        conversations.snapshot()
        for warning in conversations.store.take_warnings():
            self.notify_user(warning, "bad")

    def restore(self, step_id: str, draft: str) -> None:
        """Restore the cursor position and the unsent draft."""
        if draft:
            self.entry.put(draft)
        self.update()
        if step_id and self.steps.go_to(StepId.parse(step_id)):
            self.steps.focus()

    def update(self, fresh: bool = False) -> None:
        if self.session is not None:
            self.chat.hint = empty_chat(self.session, self.workbench.newcomer)
            self.query_one("#conversation").border_title = Content(clean(self._chat_title(self.session)))
        self.entry.placeholder = self._placeholder()
        super().update(fresh)

    def _chat_title(self, session: Session) -> str:
        """Return the title of the chat: the name of the conversation, and of a fork where it forked."""
        name = f" {one_line(session.name, 40)}" if session.name else ""
        return f"1 Chat{name}{f' · fork at {session.origin.place}' if session.origin.parent else ''}"

    def on_session_event(self, changed: SessionEvent) -> None:
        super().on_session_event(changed)
        if changed.what == "setup":  # another fixture was chosen
            self.run_in_background(self._check_fixture, group="fixture", exclusive=True)

    async def _check_fixture(self) -> None:
        if self.session is not None:
            self.session.fixture_problem = await fixture_problem(self.session)
            self.update_status()

    def _placeholder(self) -> str:
        if self.session is not None and self.session.handed_off:
            back, fork, new = (actions.key(id) for id in ("back", "fork", "new"))
            return (
                f"handed off to a human: {back}, then {fork} forks before that; {new} begins another conversation"
            )
        disabled = self.session.disabled if self.session is not None else ()
        without = f"⊘ without {', '.join(part.name for part in disabled)}: " if disabled else ""
        return f"{without}type to the agent, enter sends"

    def _follow(self, by_user: bool) -> None:
        super()._follow(by_user)
        self.tour.guide()

    def show_difference(self) -> None:
        """Go to the first difference of a rerun."""
        s = self.session
        if s is None or s.rerun is None or not s.rerun.differences:
            return
        self.update()
        self.detail.choose("step")
        self.steps.go_to(StepId.parse(s.rerun.differences[0].step_id))
        self.offer_keys()

    # status and keys

    def update_status(self) -> None:
        s = self.session
        if s is None or not self.is_mounted:
            return
        app = self.workbench
        self.status.cost.read(s.trace)
        turns = s.trace[len(s.trace) - 1].turn if len(s.trace) else 0
        busy = ("stopping…" if self.leaving.stopping else waiting_text(s)) if s.busy else ""
        note = self.notes.read(s, app.loads, app.last_key_at)
        self.status.show(
            agent=s.agent, model=s.model, params=str(s.code_service.params), code=note.code, turns=turns,
            busy=busy,
            screen="Develop", reloaded=note.reloaded, brief=note.brief, base=app.navigation.baseline_title,
            disabled=s.disabled, disabled_ever=s.disabled_ever, open_count=len(app.conversations.open),
            trouble=storage_problem(s),
        )  # fmt: skip

    def offer_keys(self) -> None:
        typing = self.focused is self.entry
        keys = actions.typing_footer() if typing else self.footer()
        s = self.session
        if s is not None and s.handed_off and typing:  # the agent no longer answers
            back = f"{actions.key('back')} {actions.key('fork')}"
            keys = [(back, "fork before that"), (actions.key("new"), "new"), *keys[2:]]
        if s is not None and s.rerun is not None and s.rerun.differences:
            first = f"{actions.key('back')} " if typing else ""
            both = ("adopt_rerun", "continue with the rerun"), ("dismiss_rerun", "keep the original")
            keys = [*((first + actions.key(id), title) for id, title in both), *keys]
        if s is not None and s.busy:
            back = actions.key("back")  # interrupts first, whatever else it does
            keys = [(back, "interrupt"), *((key, title) for key, title in keys if back not in key.split())]
        self.keys.offer(keys)

    @on(InputLine.Sent)
    def _sent(self, event: InputLine.Sent) -> None:
        self.messaging.send(event.text)
