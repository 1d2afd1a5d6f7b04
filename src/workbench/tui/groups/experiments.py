"""Experiments with a step: rerun from it, answer for the model, disable parts of the agent."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from ...workspace.session import Session
from .group import ActionGroup, still_answering

if TYPE_CHECKING:
    from ..screens.develop import Develop


class ExperimentGroup(ActionGroup):
    """Runs experiments. Each is a new conversation or a rerun; the conversation on view does not change."""

    screen: Develop

    def do_rerun(self) -> None:
        from ..dialogs.rerun import RECORDING, RerunDialog

        screen, session, step_id = self.screen, self.screen.session, self.screen.step_id
        if session is None or step_id is None:
            return

        async def chosen(run: Session | str | None) -> None:
            if run == RECORDING:
                await session.reruns.rerun_record()
                if session.rerun is not None and not session.rerun.differences:
                    note = session.reruns.note
                    screen.notify_user(f"rerun on today's code without calling the model: {note}", "good")
            elif isinstance(run, Session):
                run.listeners = session.listeners
                run.persist(session.store)
                self.app.navigation.switch(run)
                screen.notify_user("this run is a new conversation now; the original is kept", "good")

        screen.open_form(RerunDialog(session, step_id), chosen)

    def do_takeover(self) -> None:
        from ..dialogs.annotate import suggested_annotation
        from ..dialogs.takeover import ManualAnswer, TakeoverDialog

        screen, session, row = self.screen, self.screen.session, self.screen.steps.row
        if session is None or row is None or row.step is None:
            return
        step = row.step

        def done(answer: ManualAnswer | None) -> None:
            if answer is None:
                return
            fork = session.fork_mid_turn(answer.step_id, answer.blocks)
            if answer.cause:
                annotation = session.annotations.get(str(step.step_id)) or suggested_annotation(step)
                session.annotate(msgspec.structs.replace(annotation, cause=answer.cause, expected=answer.text))
            self.app.navigation.switch(fork)
            screen.run_in_background(partial(screen.messaging.resume, fork), group="say")
            screen.notify_user(
                f"manual answer at {answer.step_id}; the original is kept"
                + (", and its annotation has this answer as the expected one" if answer.cause else ""), "good",
            )  # fmt: skip

        screen.open_form(TakeoverDialog(session, step), done)

    def do_disable(self) -> None:
        from ..dialogs.disable_parts import DisableDialog

        screen, session = self.screen, self.screen.session
        if session is None:
            return

        async def chosen(parts: Any) -> None:
            if parts is None or tuple(parts) == session.disabled:
                return
            await session.reruns.disable(parts)
            if not parts:
                screen.notify_user("all parts are enabled again", "good")
            elif session.rerun is not None and not session.rerun.differences:
                screen.notify_user(session.reruns.note)

        screen.open_form(DisableDialog(session, self._part_at_cursor()), chosen)

    def _part_at_cursor(self) -> str:
        """Return the name of the policy or tool that the row of the cursor is about."""
        row = self.screen.steps.row
        if row is None or row.step is None:
            return ""
        loud = [d for d in row.step.decisions if d.effect != "allow"]
        decision = row.decision or next(iter(loud or row.step.decisions), None)
        return decision.policy if decision else row.step.call.tool if row.step.call else ""

    def why_not(self, id: str) -> str:
        session, row = self.screen.session, self.screen.steps.row
        step = row.step if row is not None else None
        if id == "disable":
            if session is not None and session.busy:
                return still_answering()
            return "" if session is not None and session.agent_info is not None else "the code is not loaded yet"
        if id == "takeover" and session is not None and session.log.locked_by:
            return session.log.locked_by
        if session is None or step is None:
            return "select a step first"
        if id == "takeover" and step.answer is None:
            return "select a step of the agent; to change a customer message, fork"
        return still_answering() if session.busy else ""
