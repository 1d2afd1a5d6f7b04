"""Open, back, interrupt, copy, pager and editor for the step of the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...trace.events import TurnEnded
from ...workspace.session import Session
from ..actions import key
from ..view.detail import summary
from .group import ActionGroup

if TYPE_CHECKING:
    from ..screens.conversation import ConversationScreen
    from ..screens.develop import Develop


class LeaveGroup(ActionGroup):
    """Opens the step of the cursor, goes back, and interrupts the turn in progress."""

    screen: ConversationScreen

    def __init__(self, screen: ConversationScreen) -> None:
        super().__init__(screen)
        self.stopping = False

    def do_open(self) -> Any:
        if self.screen.steps.row is not None:
            self.screen.zoomer.zoom("detail")
            self.screen.detail.focus()

    def do_back(self) -> None:
        screen = self.screen
        if screen.search_bar.is_open:
            screen.search.clear()
        elif screen.zoomer.zoomed:
            screen.zoomer.zoom("")
            screen.steps.focus()
        elif screen.session is not None and screen.session.busy:
            self._stop(screen.session)
        elif not screen.search.clear() and screen.focused is not screen.steps:
            screen.steps.focus()

    def do_interrupt(self) -> None:
        text, session = self.screen.get_selected_text(), self.screen.session
        if text:
            self.app.copy(text)
        elif session is not None and session.busy:
            self._stop(session)
        else:
            self.screen.notify_user(f"nothing is running · {key('quit')} quits")

    def _stop(self, session: Session) -> None:
        """Interrupt the turn. `check_stopped` reports its end: a tool may block for a while."""
        self.stopping = True
        session.turn.interrupt()
        self.screen.notify_user("stopping …")
        self.screen.update_status()

    def check_stopped(self) -> None:
        """Report the end of a turn that was interrupted."""
        session = self.screen.session
        if not self.stopping or session is None or session.busy:
            return
        self.stopping = False
        last = session.trace[-1] if len(session.trace) else None
        ended = isinstance(last, TurnEnded) and last.reason in ("replied", "handed_off")
        self.screen.notify_user("the turn ended before it could be interrupted" if ended else "interrupted")
        self.screen.update_status()


class DevelopLeaveGroup(LeaveGroup):
    """Leaves the input line first."""

    screen: Develop

    def do_back(self) -> None:
        screen, session = self.screen, self.screen.session
        open = screen.search_bar.is_open or screen.zoomer.zoomed or (session is not None and session.busy)
        if screen.focused is screen.entry and not open:
            screen.steps.focus()
        else:
            super().do_back()


class CopyGroup(ActionGroup):
    """Copies the step of the cursor, shows its detail in the pager, and opens its source in the editor."""

    screen: ConversationScreen

    def do_copy(self) -> None:
        screen, row = self.screen, self.screen.steps.row
        if screen.focused is screen.detail and screen.detail.row is not None:
            self.app.copy(screen.detail.full_text)
        elif row is not None and row.step is not None:
            self.app.copy(summary(row.step))
        else:
            screen.notify_user("there is nothing to copy")

    def do_pager(self) -> None:
        self.app.page(self.screen.detail.full_text)

    def do_edit(self) -> None:
        self.app.edit(self._source())

    def _source(self) -> str:
        """Return the source line of the row of the cursor: that of its fault, its policy or its tool."""
        row, view = self.screen.steps.row, self.screen.view
        step = row.step if row else None
        if row is None or step is None or view is None:
            return ""
        for fault in (*([row.fault] if row.fault else []), *step.faults):
            if fault.where:
                return fault.where
        loud = [d for d in step.decisions if d.effect != "allow"]
        for decision in ([row.decision] if row.decision else []) + loud:
            source = view.policy_info(decision.version).get("source")
            if source:
                return str(source)
        return self._tool_source(step.call.tool if step.call else "")

    def _tool_source(self, tool: str) -> str:
        agent_info = self.screen.session.agent_info if self.screen.session else None
        if agent_info is None:
            return ""
        found = next((t.source for t in agent_info.tools if t.name == tool), "")
        return found or next((j.source for j in agent_info.journeys), "")

    def why_not(self, id: str) -> str:
        if id == "copy" and self.screen.session is None:
            return "no conversation is open"
        if id == "pager" and self.screen.detail.row is None:
            return "select a step first"
        return ""
