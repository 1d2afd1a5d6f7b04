"""What can be tried from a step: run it again, answer by hand, do without a part of the agent."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec

from ...errors import WorkbenchError
from ...workspace.session import Session
from .. import actions
from .conversation_actions import Deeds


class Tries(Deeds):
    """Each try is a conversation of its own, or a re-run: the one on view stays as it is."""

    def why_not(self, id: str) -> str:
        s, row = self.session, self.steps.row
        if id == "wheel" and s is not None and s.log.held:
            return s.log.held
        if id in ("again", "wheel") and (s is None or row is None or row.move is None):
            return "choose a step first"
        if id == "wheel" and row is not None and (row.move is None or row.move.answer is None):
            return "choose a step of the agent: the customer's words are changed with a fork"
        if id in ("again", "wheel") and s is not None and s.busy:
            return "the agent is still answering: wait, or interrupt it with " + actions.key("back")
        if id == "off" and (s is None or s.card is None):
            return "the code is not loaded yet"
        return super().why_not(id)

    def do_again(self) -> None:
        from ..dialogs.rerun import AgainScreen

        session, place = self.session, self.place
        if session is None or place is None:
            return

        async def chosen(what: Any) -> None:
            if what == "tape":
                await session.reruns.run_again()
                if session.rerun is not None and not session.rerun.differences:
                    self.tell(f"run again on today's code, no model asked: {session.reruns.note}", "good")
            elif what is not None:
                what.listeners = session.listeners
                what.keep(session.store)
                self.bench_app.switch(what)
                self.tell("this run is a conversation of its own now; the original is kept", "good")

        self.open_form(AgainScreen(session, place), chosen)

    def do_wheel(self) -> None:
        from ..dialogs.annotate import fresh_mark
        from ..dialogs.takeover import ByHand, WheelScreen

        session, row = self.session, self.steps.row
        if session is None or row is None or row.move is None:
            return
        move = row.move

        def done(hand: ByHand | None) -> None:
            if hand is None:
                return
            fork = session.take(hand.place, hand.blocks)
            at = str(move.place)
            mark = session.marks.get(at) or fresh_mark(move)
            session.mark(msgspec.structs.replace(mark, should=hand.words))
            self.bench_app.switch(fork)
            self.beside(partial(self._go_on, fork), group="say")
            self.tell(
                f"by hand at {hand.place}; the original is kept, and its mark says what should have been", "good"
            )

        self.open_form(WheelScreen(session, move), done)

    async def _go_on(self, session: Session) -> None:
        self.steps.follow()
        self.chat.follow()
        try:
            await session.turn.go_on()
        except WorkbenchError as error:
            self.tell_error(error)

    def do_off(self) -> None:
        from ..dialogs.disable_parts import OffScreen

        session, row = self.session, self.steps.row
        if session is None:
            return
        near = ""
        if row is not None and row.move is not None:
            loud = [d for d in row.move.decisions if d.verdict != "allow"]
            decision = row.decision or next(iter(loud or row.move.decisions), None)
            near = decision.policy if decision else row.move.call.tool if row.move.call else ""

        async def chosen(off: Any) -> None:
            if off is None or tuple(off) == session.off:
                return
            await session.reruns.switch_off(off)
            if not off:
                self.tell("everything is on again", "good")
            elif session.rerun is not None and not session.rerun.differences:
                self.tell(session.reruns.note)

        self.open_form(OffScreen(session, near), chosen)

    def do_talks(self) -> None:
        from ..dialogs.conversations import TalksScreen

        def chosen(session: Session | None) -> None:
            if session is not None and session is not self.session:
                self._turn_to(session)

        self.open_form(TalksScreen(self.bench_app.desk), chosen)

    def _beside(self, by: int) -> None:
        open = self.bench_app.desk.open
        if len(open) < 2:
            begin, fork = actions.key("new"), actions.key("fork")
            self.tell(f"this is the only open conversation · {begin} begins another, {fork} forks this one")
            return
        self._turn_to(open[(open.index(self.bench_app.session) + by) % len(open)])

    def _turn_to(self, session: Session) -> None:
        """Take another conversation in hand to look at it: keys go on working."""
        self.bench_app.switch(session)
        self.steps.focus()

    def do_next_talk(self) -> None:
        self._beside(1)

    def do_last_talk(self) -> None:
        self._beside(-1)
