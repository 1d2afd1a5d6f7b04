"""The steps list: columns side by side on wide screens, else one part of a step per line."""

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

WIDE = 84  # cells from which there are columns
TALL = 3  # lines of one step in the columns
MANY = 400  # rows from which each takes one line, so that a long conversation opens immediately


class Position(NamedTuple):
    """A position: the row of the cursor, and the folded turns."""

    row: Row | None
    folded: frozenset[int]


class StepsPane(ListPane):
    """Shows all steps of the conversation on view; the detail shows the one at the cursor."""

    class Unfiltered(Message):
        """Sent when the filter was removed, to show a step that it hid."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.view: View | None = None
        self.row_model = RowModel()
        self.shown = VisibleRows()
        self._noted: dict[str, Annotation] = {}
        self._kept: dict[int, tuple[Row, list[Line]]] = {}  # by the identity of a row
        self._tops: list[int] = []  # the first line of each row; empty if each has one line
        self._total = 0
        self.hint = "Nothing has happened yet. What the agent thinks and does appears here."

    @property
    def rows(self) -> list[Row]:
        """The visible rows."""
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
        """The row of the cursor."""
        return self.rows[self.cursor] if self.cursor < len(self.rows) else None

    # drawing

    def line(self, index: int, width: int) -> Line:
        if not self.rows:
            hint = f"No step matches: {key('back')} shows all steps." if self.shown.filter else self.hint
            return (Span(hint[: width - 1], "dim"),)
        item = self.item_at(index)
        row = self.rows[item]
        if self.is_folded(row):
            return step_lines.folded_turn(row, self.row_model.turn(row.step_id.turn), width, self._notes(row))
        if not self.row_model.wide_lines:
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
        """Compute the first line of each row, if rows may take several lines."""
        self._tops, self._total = [], 0
        if self.row_model.wide_lines and 0 < len(self.rows) <= MANY and self._width:
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
            step_ids = [step.step_id for step in self.row_model.turn(row.step_id.turn).steps]
            return step_lines.RowMarks(
                any(str(step_id) in self.view.annotations for step_id in step_ids),
                any(self.view.difference(step_id) is not None for step_id in step_ids),
            )
        return step_lines.RowMarks(
            str(row.step_id) in self.view.annotations, self.view.difference(row.step_id) is not None
        )

    def show(self, view: View, fresh: bool) -> None:
        """Show a conversation; `fresh` if it is not the one before."""
        at_last = self.at_last
        if self.view is None or view.annotations != self._noted or view.rerun is not self.view.rerun or fresh:
            self._kept.clear()
        self.view = view
        self._noted = dict(view.annotations)
        if fresh:
            self.row_model = RowModel(self.row_model.wide_lines)
            self.shown = VisibleRows()
            self.cursor = 0
        grown = self.row_model.read(view.trace)
        self._select()
        if fresh or (grown and at_last):
            self.follow()
            self.call_after_refresh(self.show_cursor)

    def _select(self, row: Row | None = None) -> None:
        """Select the visible rows again; the cursor stays on its row, or goes to `row`."""
        keep = row or self.row
        were_all = self.shown.rows is self.row_model.rows
        self.shown.select(self.row_model.rows, self.view)
        if row is not None or not (were_all and self.shown.whole):
            self.cursor = index_of(self.rows, keep)
        self._update_title()
        self.redraw()

    def _update_title(self) -> None:
        name = "2 Steps"
        if self.shown.filter:
            name += f" & {self.shown.filter} · {len(self.rows):,} of {len(self.row_model.rows):,}"
        self.set_class(bool(self.shown.filter), "filtered")
        title = step_lines.heading(self.cells, name) if self.row_model.wide_lines else name
        self.border_title = Content(title)

    @property
    def at_last(self) -> bool:
        """True if the cursor is on the last step, so that it follows new ones."""
        row = self.row
        return row is None or row.step_id == self.rows[-1].step_id

    def follow(self) -> None:
        """Go to the last step, to the line of its action."""
        rows = self.rows
        at = len(rows) - 1
        while at > 0 and rows[at].part == "policy" and rows[at - 1].step_id == rows[at].step_id:
            at -= 1
        if rows:
            self.move(at, by_user=False)

    def action_scroll_end(self) -> None:
        self.move(len(self.rows) - 1)

    def rewrap(self) -> None:
        self._kept.clear()
        wide = self.cells >= WIDE
        if wide != self.row_model.wide_lines:
            step_id = self.row.step_id if self.row else None
            self.row_model.set_layout(wide)
            self.shown.select(self.row_model.rows, self.view)
            if step_id is not None:
                self.cursor = self._index(step_id) or 0
        self._update_title()
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
        self._select(row)
        self.move(self.cursor, by_user=False)

    # going to a step

    def _reveal(self, row: Row) -> None:
        """Move the cursor to a row, and unfold its turn."""
        if row.step_id.turn in self.shown.folded and row.part != "turn":
            self.shown.folded = self.shown.folded - {row.step_id.turn}
            self._changed(row)
        else:
            self.move(index_of(self.rows, row))

    def _index(self, step_id: StepId) -> int | None:
        return next((i for i, r in enumerate(self.rows) if r.step_id == step_id), None)

    def go_to(self, step_id: StepId) -> bool:
        """Move the cursor to a step, or to its turn if there is no such step. False if there is neither."""
        found = next(
            (r for at in (step_id, StepId(step_id.turn)) for r in self.row_model.rows if r.step_id == at), None
        )
        if found is None:
            return False
        if self.shown.filter and self._index(found.step_id) is None:
            self.only(Filter())
            self.post_message(self.Unfiltered())
        if self.shown.folded and found.part != "turn":
            self.shown.folded = self.shown.folded - {step_id.turn}
            self._select()
        self.move(self._index(found.step_id) or 0, by_user=False)
        return True

    def hits(self, words: SearchPhrase) -> list[int]:
        """Return the reachable rows whose full text matches."""
        rows = self.shown.reachable(self.row_model.rows)
        return [index for index, row in enumerate(rows) if words.within(self.shown.texts.of(row))]

    @property
    def here(self) -> int:
        return self._here(self.cursor)

    def _here(self, cursor: int) -> int:
        """Return the index of the cursor in the reachable rows."""
        rows = self.shown.reachable(self.row_model.rows)
        if rows is self.rows or not 0 <= cursor < len(self.rows):
            return cursor
        return index_of(rows, self.rows[cursor])

    def show_hit(self, hit: int) -> None:
        self._reveal(self.shown.reachable(self.row_model.rows)[hit])

    @property
    def position(self) -> Any:
        return Position(self.row, frozenset(self.shown.folded))

    def restore_position(self, position: Any) -> None:
        if position.folded != self.shown.folded:
            self.shown.folded = set(position.folded)
            self._changed(position.row)
        elif position.row is not None:
            self.move(index_of(self.rows, position.row))

    def _stopped(self, row: Row) -> bool:
        return row.failed or (
            row.part in ("turn", "step", "act")
            and self.view is not None
            and self.view.difference(row.step_id) is not None
        )

    def jump(self, what: str, forward: bool, start: int | None = None) -> bool:
        """Go to the next or previous row that begins a "step", begins a "turn" or "failed".

        A failed step counts once, at the first line that shows the failure. Starts at the
        cursor, unless `start` names another row. Returns False if there is none.
        """
        rows = self.shown.reachable(self.row_model.rows)
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
