"""The steps list: lanes side by side where there is room, else a step a line."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any, NamedTuple

from textual.content import Content
from textual.message import Message

from ...trace.step_id import StepId
from ...transcripts.transcript import Annotation
from ..actions import key
from ..view import step_lines
from ..view.find import SearchPhrase
from ..view.row_filter import Filter, VisibleRows, index_of
from ..view.rows import Row, RowModel
from ..view.text import Line, Span
from ..view.view import View
from .list import ListPane

WIDE = 84  # cells from which the lanes stand side by side
TALL = 3  # lines a move may take in the lanes
MANY = 400  # rows from which each takes one line, so that a long conversation opens at once


class Spot(NamedTuple):
    """Where one stood: the row of the cursor, and which turns were folded."""

    row: Row | None
    folded: frozenset[int]


class StepsPane(ListPane):
    """All steps of the conversation on view; the cursor picks what the detail shows."""

    class Unfiltered(Message):
        """The filter was taken off: something had to be shown that it hid."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.view: View | None = None
        self.book = RowModel()
        self.shown = VisibleRows()
        self._marks: dict[str, Annotation] = {}
        self._kept: dict[int, tuple[Row, list[Line]]] = {}  # by the identity of a row
        self._tops: list[int] = []  # the first line of each row; empty where each has one line
        self._total = 0
        self.hint = "Nothing has happened yet. What the agent thinks and does appears here."

    @property
    def rows(self) -> list[Row]:
        """The rows on view."""
        return self.shown.rows

    @property
    def items(self) -> int:
        return len(self.rows)

    @property
    def count(self) -> int:
        return (self._total if self._tops else len(self.rows)) or 1

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
        return self.rows[self.cursor] if self.cursor < len(self.rows) else None

    # drawing

    def line(self, index: int, width: int) -> Line:
        if not self.rows:
            hint = f"No step is like this: {key('back')} shows them all." if self.shown.filter else self.hint
            return (Span(hint[: width - 1], "dim"),)
        item = self.item_at(index)
        row = self.rows[item]
        if self.is_folded(row):
            return step_lines.line(row, self.book.turn(row.step_id.turn), width, self._notes(row))
        if not self.book.wide_lines:
            return step_lines.narrow_line(row, width, self._notes(row))
        if self._tops:
            return self._wrapped(row, width)[index - self._tops[item]]
        return step_lines.wide_lines(row, width, self._notes(row))[0]

    def _wrapped(self, row: Row, width: int) -> list[Line]:
        kept = self._kept.get(id(row))
        if kept is None or kept[0] is not row:
            kept = (row, step_lines.wide_lines(row, width, self._notes(row), TALL))
            self._kept[id(row)] = kept
        return kept[1]

    def _measure(self) -> None:
        """Where each row begins, when rows may take several lines."""
        self._tops, self._total = [], 0
        if self.book.wide_lines and 0 < len(self.rows) <= MANY and self._width:
            for row in self.rows:
                self._tops.append(self._total)
                self._total += len(self._wrapped(row, self.cells))

    def redraw(self) -> None:
        self._measure()
        super().redraw()

    def _notes(self, row: Row) -> step_lines.RowMarks:
        if self.view is None or row.part not in ("turn", "step", "act"):
            return step_lines.RowMarks()
        if self.is_folded(row):
            step_ids = [step.step_id for step in self.book.turn(row.step_id.turn).steps]
            return step_lines.RowMarks(
                any(str(step_id) in self.view.annotations for step_id in step_ids),
                any(self.view.difference(step_id) is not None for step_id in step_ids),
            )
        return step_lines.RowMarks(
            str(row.step_id) in self.view.annotations, self.view.difference(row.step_id) is not None
        )

    def show(self, view: View, fresh: bool) -> None:
        """Show a conversation; `fresh` where it is another one than before."""
        at_last = self.at_last
        if self.view is None or view.annotations != self._marks or view.rerun is not self.view.rerun or fresh:
            self._kept.clear()
        self.view = view
        self._marks = dict(view.annotations)
        if fresh:
            self.book = RowModel(self.book.wide_lines)
            self.shown = VisibleRows()
            self.cursor = 0
        grown = self.book.read(view.trace)
        self._lay()
        if fresh or (grown and at_last):
            self.follow()
            self.call_after_refresh(self.show_cursor)

    def _lay(self, row: Row | None = None) -> None:
        """Choose anew which rows are on view; the cursor stays on its row, or goes to `row`."""
        keep = row or self.row
        were_all = self.shown.rows is self.book.rows
        self.shown.select(self.book.rows, self.view)
        if row is not None or not (were_all and self.shown.whole):
            self.cursor = index_of(self.rows, keep)
        self._entitle()
        self.redraw()

    def _entitle(self) -> None:
        name = "2 Steps"
        if self.shown.filter:
            name += f" & {self.shown.filter} · {len(self.rows):,} of {len(self.book.rows):,}"
        self.set_class(bool(self.shown.filter), "filtered")
        title = step_lines.heading(self.cells, name) if self.book.wide_lines else name
        self.border_title = Content(title)

    @property
    def at_last(self) -> bool:
        """Whether the cursor stands on the last move, and so follows what comes."""
        row = self.row
        return row is None or row.step_id == self.rows[-1].step_id

    def follow(self) -> None:
        """To the last move: to the line that says what was done."""
        rows = self.rows
        at = len(rows) - 1
        while at > 0 and rows[at].part == "policy" and rows[at - 1].step_id == rows[at].step_id:
            at -= 1
        if rows:
            self.move(at, by_hand=False)

    def action_scroll_end(self) -> None:
        self.move(len(self.rows) - 1)

    def rewrap(self) -> None:
        self._kept.clear()
        wide = self.cells >= WIDE
        if wide != self.book.wide_lines:
            step_id = self.row.step_id if self.row else None
            self.book.set_layout(wide)
            self.shown.select(self.book.rows, self.view)
            if step_id is not None:
                self.cursor = self._index(step_id) or 0
        self._entitle()
        super().rewrap()

    # filter and folds

    def only(self, filter: Filter) -> None:
        """Show only what a filter keeps; an empty one shows all."""
        if filter != self.shown.filter:
            self.shown.filter = filter
            self._changed()

    def is_folded(self, row: Row) -> bool:
        return row.part == "turn" and not self.shown.filter and row.step_id.turn in self.shown.folded

    def fold(self, turns: set[int], fold: bool = True) -> None:
        """Fold turns to their headers, or unfold them. The cursor goes to the header it is folded into."""
        self.shown.folded = self.shown.folded | turns if fold else self.shown.folded - turns
        self._changed()

    def _changed(self, row: Row | None = None) -> None:
        self._kept.clear()
        self._lay(row)
        self.move(self.cursor, by_hand=False)

    # going somewhere

    def _reveal(self, row: Row) -> None:
        """Put the cursor on a row, whatever is folded over it."""
        if row.step_id.turn in self.shown.folded and row.part != "turn":
            self.shown.folded = self.shown.folded - {row.step_id.turn}
            self._changed(row)
        else:
            self.move(index_of(self.rows, row))

    def _index(self, step_id: StepId) -> int | None:
        return next((i for i, r in enumerate(self.rows) if r.step_id == step_id), None)

    def go_to(self, step_id: StepId) -> bool:
        """Put the cursor on the move at `place`, or on its turn where the record has no such move."""
        found = next(
            (r for at in (step_id, StepId(step_id.turn)) for r in self.book.rows if r.step_id == at), None
        )
        if found is None:
            return False
        if self.shown.filter and self._index(found.step_id) is None:
            self.only(Filter())
            self.post_message(self.Unfiltered())
        if self.shown.folded and found.part != "turn":
            self.shown.folded = self.shown.folded - {step_id.turn}
            self._lay()
        self.move(self._index(found.step_id) or 0, by_hand=False)
        return True

    def hits(self, words: SearchPhrase) -> list[int]:
        """The rows, of those that can be reached, whose text has the words in it, seen or not."""
        rows = self.shown.reachable(self.book.rows)
        return [index for index, row in enumerate(rows) if words.within(self.shown.texts.of(row))]

    @property
    def here(self) -> int:
        return self._here(self.cursor)

    def _here(self, cursor: int) -> int:
        """The cursor, counted in the rows that can be reached."""
        rows = self.shown.reachable(self.book.rows)
        if rows is self.rows or not 0 <= cursor < len(self.rows):
            return cursor
        return index_of(rows, self.rows[cursor])

    def show_hit(self, hit: int) -> None:
        self._reveal(self.shown.reachable(self.book.rows)[hit])

    @property
    def position(self) -> Any:
        return Spot(self.row, frozenset(self.shown.folded))

    def restore_position(self, spot: Any) -> None:
        if spot.folded != self.shown.folded:
            self.shown.folded = set(spot.folded)
            self._changed(spot.row)
        elif spot.row is not None:
            self.move(index_of(self.rows, spot.row))

    def _stopped(self, row: Row) -> bool:
        return row.failed or (
            row.part in ("turn", "step", "act")
            and self.view is not None
            and self.view.difference(row.step_id) is not None
        )

    def jump(self, what: str, forward: bool, start: int | None = None) -> bool:
        """To the next or last row that begins a "step", begins a "turn" or "failed". False where there is none.

        A move that failed is stopped at once, at its first line that says so.

        From the cursor, unless `start` names another row.
        """
        rows = self.shown.reachable(self.book.rows)
        here = self.row
        at = self.here if start is None else start
        seen = {row.step_id for row in rows[: at + 1] if self._stopped(row)} if forward else set()
        order = range(at + 1, len(rows)) if forward else range(at - 1, -1, -1)
        for index in order:
            row = rows[index]
            first = index == 0 or rows[index - 1].step_id != row.step_id
            if (
                (what == "turn" and (index == 0 or rows[index - 1].step_id.turn != row.step_id.turn))
                or (what == "step" and here is not None and row.step_id != here.step_id and first)
                or (what == "failed" and row.step_id not in seen and self._stopped(row))
            ):
                self._reveal(row)
                return True
        return False
