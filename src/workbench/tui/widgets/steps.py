"""The steps list: columns side by side on wide screens, else one part of a step per line."""

from __future__ import annotations

from bisect import bisect_right

from textual.content import Content

from ...transcripts.transcript import Annotation
from ..actions import key
from ..view import end_lines, step_lines
from ..view.row_filter import VisibleRows
from ..view.rows import Row, RowModel
from ..view.text import Line, Span
from ..view.view import View
from .step_jumps import JumpingPane

WIDE = 84  # cells from which there are columns
TALL = 3  # lines of one step in the columns
MANY = 400  # rows from which each takes one line, so that a long conversation opens immediately


class StepsPane(JumpingPane):
    """Shows all steps of the conversation on view; the detail shows the one at the cursor."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._annotations: dict[str, Annotation] = {}  # those that are drawn
        self._row_lines: dict[int, tuple[Row, list[Line]]] = {}  # by the identity of a row
        self._tops: list[int] = []  # the first line of each row; empty if each has one line
        self._total = 0
        self.hint = "Nothing has happened yet. What the agent thinks and does appears here."

    def show(self, view: View, fresh: bool) -> None:
        """Show a conversation; `fresh` if it is not the one before."""
        at_last = self.at_last
        if (
            self.view is None
            or view.annotations != self._annotations
            or view.rerun is not self.view.rerun
            or fresh
        ):
            self._row_lines.clear()
        self.view = view
        self._annotations = dict(view.annotations)
        if fresh:
            self.row_model = RowModel(self.row_model.wide_lines)
            self.shown = VisibleRows()
            self.cursor = 0
        grown = self.row_model.read(view.trace)
        self._select()
        if fresh or (grown and at_last):
            self.follow()
            self.call_after_refresh(self.show_cursor)

    # lines of rows

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

    def _measure(self) -> None:
        """Compute the first line of each row, if rows may take several lines."""
        self._tops, self._total = [], 0
        if 0 < len(self.rows) <= MANY and self._width:
            for row in self.rows:
                self._tops.append(self._total)
                self._total += len(self._wrapped(row, self.cells))

    def _wrapped(self, row: Row, width: int) -> list[Line]:
        drawn, lines = self._row_lines.get(id(row), (None, []))
        if drawn is not row:
            lines = end_lines.row_lines(
                row, width, self._marks(row), wide=self.row_model.wide_lines, tall=TALL, retry=self._retry
            )
            self._row_lines[id(row)] = (row, lines)
        return lines

    # drawing

    def line(self, index: int, width: int) -> Line:
        if not self.rows:
            hint = f"No step matches: {key('back')} shows all steps." if self.shown.filter else self.hint
            return (Span(hint[: width - 1], "dim"),)
        item = self.item_at(index)
        row = self.rows[item]
        if self.is_folded(row):
            return step_lines.folded_turn(row, self.row_model.turn(row.step_id.turn), width, self._marks(row))
        if self._tops:
            return self._wrapped(row, width)[index - self._tops[item]]
        return end_lines.row_lines(row, width, self._marks(row), wide=self.row_model.wide_lines)[0]

    @property
    def _retry(self) -> str:
        return self.view.retry if self.view is not None else ""

    def _marks(self, row: Row) -> step_lines.RowMarks:
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

    def redraw(self) -> None:
        self._update_title()
        self._measure()
        super().redraw()

    def _update_title(self) -> None:
        name = "2 Steps"
        if self.shown.filter:
            name += f" & {self.shown.filter} · {len(self.rows):,} of {len(self.row_model.rows):,}"
        self.set_class(bool(self.shown.filter), "filtered")
        title = step_lines.heading(self.cells, name) if self.row_model.wide_lines else name
        self.border_title = Content(title)

    def _changed(self, row: Row | None = None) -> None:
        self._row_lines.clear()
        super()._changed(row)

    def rewrap(self) -> None:
        self._row_lines.clear()
        wide = self.cells >= WIDE
        if wide != self.row_model.wide_lines:
            step_id = self.row.step_id if self.row else None
            self.row_model.set_layout(wide)
            self.shown.select(self.row_model.rows, self.view)
            if step_id is not None:
                self.cursor = self._index(step_id) or 0
        super().rewrap()

    def action_scroll_end(self) -> None:
        self.move(len(self.rows) - 1)
