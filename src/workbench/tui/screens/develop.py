"""Develop: talk with the agent, see each step, change its code and see what that does."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from functools import partial

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Static

from ...errors import WorkbenchError
from ...trace.step_id import StepId
from ...workspace.code_service import CodeStatus
from ...workspace.session import Session
from .. import actions
from ..dialogs.conversations import title_of
from ..view.status import waiting_text
from ..view.text import one_line, value
from ..widgets.chat import ChatPane
from ..widgets.input import InputLine
from .compare_actions import CompareActions
from .step_actions import StepActions
from .tour_actions import TourActions

NOTE_SECONDS = 10.0  # how long the note of a reload may take a line of its own
KEEP = 1.0  # seconds between two looks at whether the desk lies otherwise
GLANCE = 2.0  # seconds it stands there at least, whatever is pressed


class Develop(CompareActions, StepActions, TourActions):
    """The live conversation."""

    where = actions.DEVELOP

    def __init__(self) -> None:
        super().__init__()
        self._news: tuple[str, float, str] = ("", 0.0, "")  # the note of the last reload
        self._unsent: dict[str, str] = {}  # words by conversation
        self._since = 0.0  # when it was new
        self._over: tuple[str, float, str] | None = None  # one that the talk has gone on from

    def compose_left(self) -> ComposeResult:
        with Vertical(id="talk"):
            yield ChatPane(id="chat")
            with Horizontal(id="say"):
                yield Static(">", markup=False)
                yield InputLine(id="entry", placeholder="type to the agent, enter sends")

    def begin(self) -> None:
        super().begin()
        self.entry = self.query_one("#entry", InputLine)
        self.show_session(self.bench_app.session)
        self.entry.focus()
        self.set_interval(1.0, self.tell_status)
        self.set_interval(KEEP, self.save_workspace)

    def show(self, session: Session) -> None:
        """Another conversation is the live one."""
        if hasattr(self, "entry"):
            self._change_words(session)
            self.show_session(session)
            self.do_type()

    def _change_words(self, session: Session) -> None:
        """Words that were not sent stay with their conversation; those in an empty one come along."""
        before = self.session
        if before is None or before is session:
            return
        if len(before.trace):
            self._unsent[before.id], self.entry.text = self.entry.text, ""
        self.entry.text = self._unsent.pop(session.id, "") or self.entry.text

    def on_other_session(self, session: Session) -> None:
        """Another open conversation has come to the end of a turn."""
        if not session.busy and session in self.bench_app.desk.open:
            self.notify_user(
                f"“{title_of(session)[:60]}” has ended its turn · {actions.key('talks')} shows all open"
            )

    def save_workspace(self) -> None:
        """Write down where the hand is: after a crash it is there again."""
        desk = self.bench_app.desk
        desk.place, desk.draft = str(self.place or ""), self.entry.text
        desk.keep()

    def restore(self, place: str, draft: str) -> None:
        """The desk is laid as it was: go to the step, and put back the words that were not sent."""
        if draft:
            self.entry.put(draft)
        self.update()
        if place and self.steps.go_to(StepId.parse(place)):
            self.steps.focus()

    def do_bring_back(self) -> None:
        self.bench_app.bring_back()

    def update(self, fresh: bool = False) -> None:
        self._hint()
        handed = self.session is not None and self.session.handed_off
        self.entry.placeholder = (
            f"a person has it now: {actions.key('back')}, then {actions.key('fork')} forks before that; "
            f"{actions.key('new')} begins anew"
            if handed
            else f"{self._without()}type to the agent, enter sends"
        )
        super().update(fresh)

    def _without(self) -> str:
        off = self.session.disabled if self.session is not None else ()
        return f"⊘ without {', '.join(o.name for o in off)}: " if off else ""

    def _hint(self) -> None:
        """What a newcomer can do in an empty conversation."""
        s = self.session
        if s is None:
            return
        card = s.card
        lines = [f"A new conversation with {one_line(s.agent)}. Type below, enter sends."]
        if self.bench_app.newcomer:
            tour = f"{actions.key('back')}, then {actions.key('tour')}"
            lines.append(f"New here? {tour}: a minute that shows what this is for.")
        if card is not None:
            goals = [f"• {one_line(j.goal, 120)}" for j in card.journeys]
            lines += ["", "Its journeys:", *goals] if goals else []
            about = next((f.description for f in card.fixtures if f.name == s.setup.fixture), "")
            fixture = (
                f"{one_line(s.setup.fixture)}: {one_line(about, 200)}" if about else one_line(s.setup.fixture)
            )
            lines += ["", f"It starts on the fixture {fixture}."]
            if s.setup.customer:
                lines.append(f"The customer: {value(s.setup.customer)}")
            tries = [f"“{one_line(t, 60)}”" for j in card.journeys for t in j.example_phrases[:1]]
            if tries and s.model == "rehearsal":
                lines += ["", f"The rehearsal answers to, for example: {', '.join(tries)}."]
            back, setup, help = (actions.key(id) for id in ("back", "setup", "help"))
            lines += ["", f"{back}, then {setup} chooses another start; {help} shows all keys."]
        elif s.code.state == "broken":
            lines += ["", "Its code does not load: the line above says why. Mend it and save; it is loaded again."]
        self.chat.hint = lines

    # status and keys

    def tell_status(self) -> None:
        s = self.session
        if s is None or not self.is_mounted:
            return
        self.status.cost.read(s.trace)
        turns = s.trace[len(s.trace) - 1].turn if len(s.trace) else 0
        busy = ("stopping…" if self._stopping else waiting_text(s)) if s.busy else ""
        code, reloaded, brief = self._note(s)
        self.status.tell(
            agent=s.agent, model=s.model, code=code, turns=turns, busy=busy,
            screen="Develop", reloaded=reloaded, brief=brief, base=self.base_title,
            off=s.disabled, without=s.disabled_ever, talks=len(self.bench_app.desk.open), trouble=self.write_error,
        )  # fmt: skip

    def _note(self, s: Session) -> tuple[CodeStatus, bool, bool]:
        """The code as the status tells it, whether a reload is told at all, and whether only where there is room.

        A note belongs to the conversation that was run again, and is over when the talk goes on. It gives
        its own line back when a key is pressed; a green one also after some seconds.
        """
        now = time.monotonic()
        note = s.code.note
        if s.rerun is None and not note.startswith("the re-run"):
            note = ""
        news = (s.id, s.code.at, note)
        if news != self._news:
            self._news, self._since = news, now
        told = (self.bench_app.loads > 0 or bool(note)) and news != self._over
        red = "differ" in note or note.startswith("the re-run")
        read = self.bench_app.pressed > self._since + GLANCE or (not red and now > self._since + NOTE_SECONDS)
        note = note.replace("model not asked", f"model not asked ({actions.key('again')} asks it)")
        reloaded = told and self.bench_app.loads > 0 and not s.disabled
        return replace(s.code, note=note if told else ""), reloaded, read

    def offer_keys(self) -> None:
        keys = actions.typing_footer() if self.focused is self.entry else self.footer()
        s = self.session
        if s is not None and s.handed_off and self.focused is self.entry:  # nobody is there to hear it
            back = f"{actions.key('back')} {actions.key('fork')}"
            keys = [(back, "fork before that"), (actions.key("new"), "new"), *keys[2:]]
        if s is not None and s.rerun is not None and s.rerun.differences:
            first = f"{actions.key('back')} " if self.focused is self.entry else ""
            both = ("keep", "go on with the new run"), ("drop", "stay with the record")
            keys = [*((first + actions.key(id), title) for id, title in both), *keys]
        if s is not None and s.busy:
            keys = [(actions.key("back"), "interrupt"), *keys]
        self.keys.offer(keys)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        self.offer_keys()

    def focus_order(self) -> list[Widget]:
        return [self.entry, self.chat, self.steps, self.detail]

    def why_not(self, id: str) -> str:
        s = self.session
        if s is not None and s.busy and id in ("setup", "keep", "drop", "save", "off"):
            return "the agent is still answering: wait, or interrupt it with " + actions.key("back")
        if id == "fork" and (self.steps.row is None or s is None or not len(s.trace)):
            return "there is nothing to fork yet"
        if id in ("keep", "drop") and (s is None or s.rerun is None):
            return "there is no new run: change a journey and save it first"
        if id == "bring_back" and self.bench_app.lay is None:
            return "nothing was lost: the workbench was left in the ordinary way"
        if id == "setup" and (s is None or s.card is None):
            return "the code is not loaded yet"
        return super().why_not(id)

    # talking

    def home(self, widget: Widget | None) -> str:
        return "chat" if widget is self.entry else super().home(widget)

    def do_type(self) -> None:
        if self._zoomed != "chat":
            self.zoom("")
        self.entry.focus()

    @on(InputLine.Sent)
    def _sent(self, event: InputLine.Sent) -> None:
        if self.session is not None and self.session.busy:
            self.notify_user(
                "the agent is still answering: wait, or interrupt it with " + actions.key("back"), "warn"
            )
            return
        self._over = self._news
        self.entry.sent(event.text)
        self.run_in_background(partial(self._say, event.text), group="say")

    async def _say(self, text: str) -> None:
        session = self.session
        assert session is not None
        self.steps.follow()
        self.chat.follow()
        while session.card is None and session.code.state == "loading":
            self.notify_user("the code is loading; your words are sent when it is ready")
            await asyncio.sleep(0.05)
        size = len(session.trace)
        try:
            await session.send(text)
        except WorkbenchError as error:
            if len(session.trace) == size and self.session is not session:
                self._unsent[session.id] = text
            elif len(session.trace) == size and not self.entry.text:
                self.entry.text = text
            self.tell_error(error)

    def do_back(self) -> None:
        s = self.session
        if (
            self.focused is self.entry
            and not self.foot.is_open
            and not self._zoomed
            and not (s is not None and s.busy)
        ):
            self.steps.focus()
        else:
            super().do_back()

    # other conversations

    def do_fork(self) -> None:
        s, row = self.session, self.steps.row
        if s is None or row is None:
            return
        turn = StepId(row.step_id.turn)
        asked = s.step_at(turn)
        left = self.kept_text("the original")
        self.bench_app.switch(s.fork(upto=turn))
        if asked is not None and asked.message is not None:
            self.entry.put(str(asked.message.text))
        self.do_type()
        self.notify_user(f"forked before turn {turn.turn}: change the words and send them; {left}", "good")

    def do_new(self) -> None:
        assert self.session is not None
        left = self.kept_text("the one before")
        self.bench_app.switch(self.session.fork(events=[]))
        self.do_type()
        self.notify_user(f"a new conversation; {left}", "good" if left.endswith("kept") else "bad")

    def do_setup(self) -> None:
        from ..dialogs.setup import SetupScreen

        session = self.session
        if session is None or session.card is None:
            return
        if session.busy:
            self.notify_user(
                "the agent is still answering: wait, or interrupt it with " + actions.key("back"), "warn"
            )
            return

        def chosen(setup: object) -> None:
            if setup is None:
                return
            if setup.agent != session.agent:  # type: ignore[attr-defined]
                self.bench_app.open_agent(setup.agent)  # type: ignore[attr-defined]
                self.do_type()
                return
            target = session.fork(events=[]) if len(session.trace) else session
            target.set_setup(setup)  # type: ignore[arg-type]
            if target is not session:
                self.bench_app.switch(target)
            self.do_type()

        begun = bool(len(session.trace))
        self.open_form(SetupScreen(session.card, session.setup, begun, f"setup {session.id}"), chosen)

    # after a reload

    def show_difference(self) -> None:
        s = self.session
        if s is None or s.rerun is None or not s.rerun.differences:
            return
        self.update()
        self.detail.choose("step")
        self.steps.go_to(StepId.parse(s.rerun.differences[0].step_id))
        self.offer_keys()

    def do_keep(self) -> None:
        assert self.session is not None
        left = self.kept_text("the recorded one")
        kept = self.session.reruns.adopt()
        self.bench_app.switch(kept)
        open_too = f"{left} and open" if left.endswith("kept") else left
        self.notify_user(f"the new run goes on from the difference; {open_too}", "good")
        if kept.turn.partial_turn is not None:
            self.run_worker(self._go_on(kept), group="say")

    def do_drop(self) -> None:
        assert self.session is not None
        self.session.reruns.dismiss()
        self.notify_user("the recorded conversation goes on")

    # what was saved

    async def do_replay_saved(self) -> None:
        assert self.session is not None
        self.notify_user("replaying …")
        told = await self.session.saving.replay_saved()
        role = "good" if all(saved.verdict == "PASS" for saved in told) else "warn"
        self.notify_user(" · ".join(f"{saved.verdict} {saved.path}" for saved in told), role)

    def do_review(self) -> None:
        self.app.switch_mode("review")
