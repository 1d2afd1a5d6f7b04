"""The rows on view: all of them, without what is folded away, or only those that a filter keeps."""

from __future__ import annotations

from .filter import Filter
from .find import Texts
from .rows import Row
from .view import View


class Shown:
    """`rows` is what is drawn; `folded` names turns. While a filter is on, nothing is folded."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.folded: set[int] = set()
        self.filter = Filter()
        self.texts = Texts()

    @property
    def whole(self) -> bool:
        return not self.filter and not self.folded

    def lay(self, rows: list[Row], view: View | None) -> None:
        """Choose from all rows."""
        if self.filter and view is not None:
            self.rows = [row for row in rows if self.filter.keeps(row, view, self.texts)]
        elif self.folded:
            self.rows = [row for row in rows if row.part == "turn" or row.place.turn not in self.folded]
        else:
            self.rows = rows

    def reachable(self, rows: list[Row]) -> list[Row]:
        """The rows that a jump may go to: a filter hides, a fold opens."""
        return self.rows if self.filter else rows


def index_of(rows: list[Row], row: Row | None) -> int:
    """Where a row stands, or else what is nearest to it: its move, what comes before it, the first row."""
    if row is None:
        return 0
    best = 0
    for index, one in enumerate(rows):
        if one is row or (one.place == row.place and one.part == row.part and one.decision == row.decision):
            return index
        if one.place <= row.place and (one.place != rows[best].place or index == 0):
            best = index
    return best
