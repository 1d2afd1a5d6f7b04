"""The tour on Develop: its bar, its suggested message and its prepared change."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ...file_edits import FileEdit, perform, reverse
from ...workspace.history import Change
from ..external import run_in_terminal
from ..widgets.tour import TourBar
from .group import ActionGroup

if TYPE_CHECKING:
    from ..screens.develop import Develop

COMMAND = [sys.executable, "-m", "workbench", "tour"]


class TourGroup(ActionGroup):
    """Starts the tour in another workbench; inside it, shows the steps and applies the prepared fix."""

    screen: Develop

    def guide(self) -> None:
        """Tick the steps that are done, and show the next one."""
        tour, session = self.app.tour, self.screen.session
        if tour is None:
            return
        if session is not None:
            tour = self.app.tour = tour.advance(session, self.screen.step_id)
        self.screen.query_one(TourBar).show(tour)
        suggested = tour.step.say if tour.step is not None and not (session and session.busy) else ""
        entry = self.screen.entry
        entry.suggested = suggested
        if suggested:
            entry.placeholder = f"enter: {suggested}"

    def do_tour(self) -> None:
        status = run_in_terminal(self.app, COMMAND)
        if status:
            self.screen.notify_user(f"the tour ended with exit status {status}", "warn")

    def do_apply_fix(self) -> None:
        from ..dialogs.apply_fix import ApplyFixDialog

        tour = self.app.tour
        assert tour is not None
        path = self.app.root / tour.change.file
        self.screen.open_form(ApplyFixDialog(tour.change, path), self._applied)

    def _applied(self, edit: FileEdit | None) -> None:
        if edit is not None:
            what = f"fix of {edit.path.name}"
            self.app.conversations.history.add(Change(what, lambda: reverse([edit]), lambda: perform([edit])))
            self.screen.notify_user("the fix is applied; the new code is loading", "good")

    def why_not(self, id: str) -> str:
        if id == "tour" and self.app.tour is not None:
            return "this is the tour"
        if id == "apply_fix" and self.app.tour is None:
            return "only the tour has a prepared change"
        return ""
