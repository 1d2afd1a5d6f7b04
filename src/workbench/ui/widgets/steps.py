"""The steps list: lanes side by side where there is room, else a step a line."""

from __future__ import annotations

from ...steps import Place
from ..present import lanes
from ..present.rows import Book, Row
from ..present.text import Bit, Line
from ..present.view import View
from .lines import LineList

WIDE = 84  # cells from which the lanes stand side by side


class StepsPane(LineList):
    """All steps of the conversation on view; the cursor picks what the detail shows."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.view: View | None = None
        self.book = Book()
        self.follows = True
        self.hint = "Nothing has happened yet. What the agent thinks and does appears here."

    @property
    def count(self) -> int:
        return len(self.book.rows) or 1

    @property
    def row(self) -> Row | None:
        """The row the cursor stands on."""
        return self.book.rows[self.cursor] if self.cursor < len(self.book.rows) else None

    def line(self, index: int, width: int) -> Line:
        rows = self.book.rows
        if not rows:
            return (Bit(self.hint[: width - 1], "dim"),)
        row = rows[index]
        return lanes.wide(row, width, self._notes(row)) if self.book.wide else lanes.narrow(row, width, self._notes(row))

    def _notes(self, row: Row) -> lanes.Notes:
        if self.view is None or row.part not in ("turn", "move", "act"):
            return lanes.Notes()
        return lanes.Notes(str(row.place) in self.view.marks, self.view.difference(row.place) is not None)

    def show(self, view: View, fresh: bool) -> None:
        """Show a conversation; `fresh` where it is another one than before."""
        at_last = self.cursor >= len(self.book.rows) - 1
        self.view = view
        if fresh:
            self.book = Book(self.book.wide)
            self.cursor = 0
            self.follows = True
        grown = self.book.read(view.trace)
        self.redraw()
        if fresh or (grown and (self.follows and at_last)):
            self.move(len(self.book.rows) - 1, by_hand=False)
            self.call_after_refresh(self.show_cursor)

    def rewrap(self) -> None:
        wide = self.cells >= WIDE
        if wide != self.book.wide:
            place = self.row.place if self.row else None
            self.book.lay_out(wide)
            if place is not None:
                self.cursor = self._index(place) or 0
        self.border_title = self._heading()
        super().rewrap()

    def _heading(self) -> str:
        return lanes.heading(self.cells) if self.book.wide else "2 Steps"

    def _index(self, place: Place) -> int | None:
        return next((i for i, r in enumerate(self.book.rows) if r.place == place), None)

    def go_to(self, place: Place) -> bool:
        """Put the cursor on the move at `place`, or on its turn where the record has no such move."""
        index = self._index(place)
        if index is None:
            index = self._index(Place(place.turn))
        if index is None:
            return False
        self.move(index, by_hand=False)
        return True

    def jump(self, what: str, forward: bool) -> bool:
        """To the next or last row that begins a "step", begins a "turn" or "failed". False where there is none."""
        rows = self.book.rows
        here = self.row
        order = range(self.cursor + 1, len(rows)) if forward else range(self.cursor - 1, -1, -1)
        for index in order:
            row = rows[index]
            first = index == 0 or rows[index - 1].place != row.place
            if (
                (what == "turn" and row.part == "turn")
                or (what == "step" and here is not None and row.place != here.place and first)
                or (what == "failed" and row.failed)
            ):
                self.move(index)
                return True
        return False
