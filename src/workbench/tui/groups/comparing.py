"""Compare the conversation on view with the baseline or with today's code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...trace.trace import Trace
from ...workspace.comparison import Side
from ...workspace.session import Session
from ..actions import key
from .group import ActionGroup, still_answering

if TYPE_CHECKING:
    from ..screens.conversation import ConversationScreen


class CompareGroup(ActionGroup):
    """Sets the baseline and compares with it; without a baseline, with a rerun on today's code."""

    screen: ConversationScreen

    def do_baseline(self) -> None:
        side, navigation = self.screen.side, self.app.navigation
        if side is None:
            return
        again = navigation.baseline is not None and navigation.baseline.id == side.id
        navigation.baseline = None if again else side._replace(name="the baseline")
        self.screen.update_status()
        if again:
            self.screen.notify_user("baseline cleared")
        else:
            compare, clear = key("compare"), key("baseline")
            self.screen.notify_user(
                f"baseline: {side.title} · select another conversation, {compare} compares; {clear} clears it",
                "good",
            )

    async def do_compare(self) -> None:
        side, baseline, session = self.screen.side, self.app.navigation.baseline, self.screen.session
        if side is None or session is None:
            return
        if baseline is not None and self._has_other_baseline:
            self.app.navigation.compare(baseline, side)
        else:
            await self._with_today(session, side)

    @property
    def _has_other_baseline(self) -> bool:
        """Return whether there is a baseline other than the conversation on view."""
        side, baseline = self.screen.side, self.app.navigation.baseline
        return side is not None and baseline is not None and baseline.id != side.id

    async def _with_today(self, session: Session, side: Side) -> None:
        """Rerun the conversation on the code that is loaded now, and compare."""
        self.screen.notify_user("rerunning on today's code …")
        ran, _ = await session.reruns.rerun_events(side.setup, list(side.trace.events), session.disabled)
        now = Side(
            f"{side.id} now", "today's code", "rerun with the recorded answers", side.setup,
            Trace(ran.events, ran.blobs), True, tuple(str(part) for part in session.disabled),
        )  # fmt: skip
        if self.screen.session is session and self.screen.is_current:
            self.app.navigation.compare(side._replace(name="the recording"), now)

    def why_not(self, id: str) -> str:
        session = self.screen.session
        if session is None or not len(session.trace):
            return "there is nothing to compare yet: no conversation is open, or it is empty"
        if id == "compare" and session.busy:
            return still_answering()
        return self.code_not_run() if id == "compare" and not self._has_other_baseline else ""
