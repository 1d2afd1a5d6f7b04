"""The steps list: lanes side by side where there is room, else a step a line."""

from __future__ import annotations

from bisect import bisect_right

from ...steps import Place
from ...transcript import Mark
from ..present import lanes
from ..present.rows import Book, Row
from ..present.text import Bit, Line
from ..present.view import View
from .lines import LineList

WIDE = 84  # cells from which the lanes stand side by side
TALL = 3  # lines a move may take in the lanes
MANY = 400  # rows from which each takes one line, so that a long conversation opens at once


class StepsPane(LineList):
    """All steps of the conversation on view; the cursor picks what the detail shows."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.view: View | None = None
        self.book = Book()
        self._marks: dict[str, Mark] = {}
        self._kept: dict[int, tuple[Row, list[Line]]] = {}  # by the identity of a row
        self._tops: list[int] = []  # the first line of each row; empty where each has one line
        self._total = 0
        self.hint = "Nothing has happened yet. What the agent thinks and does appears here."

    @property
    def items(self) -> int:
        return len(self.book.rows)

    @property
    def count(self) -> int:
        return (self._total if self._tops else len(self.book.rows)) or 1

    def item_at(self, index: int) -> int:
        return bisect_right(self._tops, index) - 1 if self._tops else index

    def span(self, item: int) -> tuple[int, int]:
        if not self._tops:
            return item, item
        end = self._tops[item + 1] if item + 1 < len(self._tops) else self._total
        return self._tops[item], end - 1

    @property
    def row(self) -> Row | None:
        """The row the cursor stands on."""
        return self.book.rows[self.cursor] if self.cursor < len(self.book.rows) else None

    def line(self, index: int, width: int) -> Line:
        rows = self.book.rows
        if not rows:
            return (Bit(self.hint[: width - 1], "dim"),)
        item = self.item_at(index)
        row = rows[item]
        if not self.book.wide:
            return lanes.narrow(row, width, self._notes(row))
        if self._tops:
            return self._wrapped(row, width)[index - self._tops[item]]
        return lanes.wide(row, width, self._notes(row))[0]

    def _wrapped(self, row: Row, width: int) -> list[Line]:
        kept = self._kept.get(id(row))
        if kept is None or kept[0] is not row:
            kept = (row, lanes.wide(row, width, self._notes(row), TALL))
            self._kept[id(row)] = kept
        return kept[1]

    def _measure(self) -> None:
        """Where each row begins, when rows may take several lines."""
        self._tops, self._total = [], 0
        if self.book.wide and 0 < len(self.book.rows) <= MANY and self._width:
            for row in self.book.rows:
                self._tops.append(self._total)
                self._total += len(self._wrapped(row, self.cells))

    def redraw(self) -> None:
        self._measure()
        super().redraw()

    def _notes(self, row: Row) -> lanes.Notes:
        if self.view is None or row.part not in ("turn", "move", "act"):
            return lanes.Notes()
        return lanes.Notes(str(row.place) in self.view.marks, self.view.difference(row.place) is not None)

    def show(self, view: View, fresh: bool) -> None:
        """Show a conversation; `fresh` where it is another one than before."""
        at_last = self.at_last
        if self.view is None or view.marks != self._marks or view.rerun is not self.view.rerun or fresh:
            self._kept.clear()
        self.view = view
        self._marks = dict(view.marks)
        if fresh:
            self.book = Book(self.book.wide)
            self.cursor = 0
        grown = self.book.read(view.trace)
        self.redraw()
        if fresh or (grown and at_last):
            self.follow()
            self.call_after_refresh(self.show_cursor)

    @property
    def at_last(self) -> bool:
        """Whether the cursor stands on the last move, and so follows what comes."""
        row = self.row
        return row is None or row.place == self.book.rows[-1].place

    def follow(self) -> None:
        """To the last move: to the line that says what was done."""
        rows = self.book.rows
        at = len(rows) - 1
        while at > 0 and rows[at].part == "policy" and rows[at - 1].place == rows[at].place:
            at -= 1
        if rows:
            self.move(at, by_hand=False)

    def action_scroll_end(self) -> None:
        self.move(len(self.book.rows) - 1)

    def rewrap(self) -> None:
        self._kept.clear()
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

    def _stopped(self, row: Row) -> bool:
        return row.failed or self._notes(row).differs

    def jump(self, what: str, forward: bool, start: int | None = None) -> bool:
        """To the next or last row that begins a "step", begins a "turn" or "failed". False where there is none.

        A move that failed is stopped at once, at its first line that says so.

        From the cursor, unless `start` names another row.
        """
        rows = self.book.rows
        here = self.row
        at = self.cursor if start is None else start
        seen = {row.place for row in rows[: at + 1] if self._stopped(row)} if forward else set()
        order = range(at + 1, len(rows)) if forward else range(at - 1, -1, -1)
        for index in order:
            row = rows[index]
            first = index == 0 or rows[index - 1].place != row.place
            if (
                (what == "turn" and row.part == "turn")
                or (what == "step" and here is not None and row.place != here.place and first)
                or (what == "failed" and row.place not in seen and self._stopped(row))
            ):
                self.move(index)
                return True
        return False
