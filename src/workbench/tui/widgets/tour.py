"""The bar of the tour."""

from __future__ import annotations

from ...workspace.tour import Tour
from ..view import tour as present
from .bars import Bar


class TourBar(Bar):
    """Shows the steps of the tour and the next thing to do."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.tour: Tour | None = None

    def show(self, tour: Tour) -> None:
        self.tour = tour
        self.say(present.lines(tour, self.cells))

    def rewrap(self) -> None:
        if self.tour is not None:
            self.show(self.tour)
