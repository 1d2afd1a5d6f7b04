"""What can be tried from a step: run it again, answer by hand, do without a part of the agent."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec

from ...errors import WorkbenchError
from ...workspace.session import Session
from .. import actions
from .conversation_actions import ConversationActions


class StepActions(ConversationActions):
    """Each try is a conversation of its own, or a re-run: the one on view stays as it is."""

    def why_not(self, id: str) -> str:
        s, row = self.session, self.steps.row
        if id == "wheel" and s is not None and s.log.locked_by:
            return s.log.locked_by
        if id in ("again", "wheel") and (s is None or row is None or row.step is None):
            return "choose a step first"
        if id == "wheel" and row is not None and (row.step is None or row.step.answer is None):
            return "choose a step of the agent: the customer's words are changed with a fork"
        if id in ("again", "wheel") and s is not None and s.busy:
            return "the agent is still answering: wait, or interrupt it with " + actions.key("back")
        if id == "off" and (s is None or s.card is None):
            return "the code is not loaded yet"
        return super().why_not(id)

    def do_again(self) -> None:
        from ..dialogs.rerun import RerunDialog

        session, step_id = self.session, self.place
        if session is None or step_id is None:
            return

        async def chosen(what: Any) -> None:
            if what == "tape":
                await session.reruns.rerun_record()
                if session.rerun is not None and not session.rerun.differences:
                    self.notify_user(f"run again on today's code, no model asked: {session.reruns.note}", "good")
            elif what is not None:
                what.listeners = session.listeners
                what.keep(session.store)
                self.bench_app.switch(what)
                self.notify_user("this run is a conversation of its own now; the original is kept", "good")

        self.open_form(RerunDialog(session, step_id), chosen)

    def do_wheel(self) -> None:
        from ..dialogs.annotate import suggested_annotation
        from ..dialogs.takeover import ManualAnswer, TakeoverDialog

        session, row = self.session, self.steps.row
        if session is None or row is None or row.step is None:
            return
        step = row.step

        def done(hand: ManualAnswer | None) -> None:
            if hand is None:
                return
            fork = session.fork_mid_turn(hand.step_id, hand.blocks)
            at = str(step.step_id)
            annotation = session.annotations.get(at) or suggested_annotation(step)
            session.annotate(msgspec.structs.replace(annotation, expected=hand.text))
            self.bench_app.switch(fork)
            self.run_in_background(partial(self._go_on, fork), group="say")
            self.notify_user(
                f"by hand at {hand.step_id}; the original is kept, and its mark says what should have been", "good"
            )

        self.open_form(TakeoverDialog(session, step), done)

    async def _go_on(self, session: Session) -> None:
        self.steps.follow()
        self.chat.follow()
        try:
            await session.turn.resume()
        except WorkbenchError as error:
            self.tell_error(error)

    def do_off(self) -> None:
        from ..dialogs.disable_parts import DisableDialog

        session, row = self.session, self.steps.row
        if session is None:
            return
        near = ""
        if row is not None and row.step is not None:
            loud = [d for d in row.step.decisions if d.effect != "allow"]
            decision = row.decision or next(iter(loud or row.step.decisions), None)
            near = decision.policy if decision else row.step.call.tool if row.step.call else ""

        async def chosen(off: Any) -> None:
            if off is None or tuple(off) == session.disabled:
                return
            await session.reruns.disable(off)
            if not off:
                self.notify_user("everything is on again", "good")
            elif session.rerun is not None and not session.rerun.differences:
                self.notify_user(session.reruns.note)

        self.open_form(DisableDialog(session, near), chosen)

    def do_talks(self) -> None:
        from ..dialogs.conversations import ConversationsDialog

        def chosen(session: Session | None) -> None:
            if session is not None and session is not self.session:
                self._turn_to(session)

        self.open_form(ConversationsDialog(self.bench_app.desk), chosen)

    def _beside(self, by: int) -> None:
        open = self.bench_app.desk.open
        if len(open) < 2:
            begin, fork = actions.key("new"), actions.key("fork")
            self.notify_user(f"this is the only open conversation · {begin} begins another, {fork} forks this one")
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
