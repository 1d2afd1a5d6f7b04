"""The tour on Develop: its strip, what it offers to say, and the change that it has prepared."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from textual.widget import Widget

from ...workspace.tour import Tour
from ..external import run_in_terminal
from ..widgets.input import InputLine
from ..widgets.tour import TourBar
from .conversation_actions import ConversationActions

COMMAND = [sys.executable, "-m", "workbench", "tour"]


class TourActions(ConversationActions):
    """A tour is a workbench of its own, on a folder of its own; elsewhere there is only the way to it."""

    @property
    def tour(self) -> Tour | None:
        tour: Tour | None = self.bench_app.tour
        return tour

    def compose_top(self) -> Iterator[Widget]:
        yield TourBar(id="tour")

    def begin(self) -> None:
        super().begin()
        self.set_class(self.tour is not None, "touring")
        self.guide()

    def _follow(self, by_hand: bool) -> None:
        super()._follow(by_hand)
        self.guide()

    def guide(self) -> None:
        """Tick off what is done, and say what comes."""
        tour, session = self.tour, self.session
        if tour is None:
            return
        if session is not None:
            tour = self.bench_app.tour = tour.advance(session, self.place)
        self.query_one(TourBar).tell(tour)
        offered = tour.step.say if tour.step is not None and not (session and session.busy) else ""
        entry = self.query_one("#entry", InputLine)
        entry.offered = offered
        if offered:
            entry.placeholder = f"enter: {offered}"

    def why_not(self, id: str) -> str:
        if id == "tour" and self.tour is not None:
            return "this is the tour"
        if id == "mend" and self.tour is None:
            return "only the tour has a change prepared"
        if id == "replay_saved" and (self.session is None or not self.session.saving.saved):
            return "nothing of this conversation was saved in this sitting"
        return super().why_not(id)

    def do_tour(self) -> None:
        status = run_in_terminal(self.app, COMMAND)
        if status:
            self.notify_user(f"the tour ended with {status}", "warn")

    def do_mend(self) -> None:
        from ..dialogs.apply_fix import ApplyFixDialog

        tour = self.tour
        assert tour is not None
        path = self.bench_app.root / tour.change.file
        self.open_form(ApplyFixDialog(tour.change, path), self._mended)

    def _mended(self, made: Any) -> None:
        if made:
            self.notify_user("the change is made; the new code is being loaded", "good")
