"""The rows of the steps: which are visible, and the cursor on one of them."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...trace.step_id import StepId
from ..view.find import SearchPhrase
from ..view.row_filter import Filter, VisibleRows, index_of
from ..view.rows import Row, RowModel
from ..view.view import View
from .list import ListPane


class Position(NamedTuple):
    """A position: the row of the cursor, and the folded turns."""

    row: Row | None
    folded: frozenset[int]


class RowsPane(ListPane):
    """Selects the visible rows by a filter and by folded turns. Matches of a search may be folded."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.view: View | None = None
        self.row_model = RowModel()
        self.shown = VisibleRows()

    @property
    def rows(self) -> list[Row]:
        """Return the visible rows."""
        return self.shown.rows

    @property
    def items(self) -> int:
        return len(self.rows)

    @property
    def row(self) -> Row | None:
        """Return the row of the cursor."""
        return self.rows[self.cursor] if self.cursor < len(self.rows) else None

    def _select(self, row: Row | None = None) -> None:
        """Select the visible rows again; the cursor stays on its row, or goes to `row`."""
        keep = row or self.row
        were_all = self.shown.rows is self.row_model.rows
        self.shown.select(self.row_model.rows, self.view)
        if row is not None or not (were_all and self.shown.whole):
            self.cursor = index_of(self.rows, keep)
        self.redraw()

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
        self._select(row)
        self.move(self.cursor, by_user=False)

    # search and position: matches are reachable rows

    def hits(self, words: SearchPhrase) -> list[int]:
        """Return the reachable rows whose full text matches."""
        rows = self.shown.reachable(self.row_model.rows)
        return [index for index, row in enumerate(rows) if words.within(self.shown.texts.of(row))]

    @property
    def here(self) -> int:
        """Return the index of the cursor in the reachable rows."""
        rows = self.shown.reachable(self.row_model.rows)
        if rows is self.rows or not 0 <= self.cursor < len(self.rows):
            return self.cursor
        return index_of(rows, self.rows[self.cursor])

    def show_hit(self, hit: int) -> None:
        self._reveal(self.shown.reachable(self.row_model.rows)[hit])

    def _reveal(self, row: Row) -> None:
        """Move the cursor to a row, and unfold its turn."""
        if row.step_id.turn in self.shown.folded and row.part != "turn":
            self.shown.folded = self.shown.folded - {row.step_id.turn}
            self._changed(row)
        else:
            self.move(index_of(self.rows, row))

    def _index(self, step_id: StepId) -> int | None:
        return next((i for i, r in enumerate(self.rows) if r.step_id == step_id), None)

    @property
    def position(self) -> Any:
        return Position(self.row, frozenset(self.shown.folded))

    def restore_position(self, position: Any) -> None:
        if position.folded != self.shown.folded:
            self.shown.folded = set(position.folded)
            self._changed(position.row)
        elif position.row is not None:
            self.move(index_of(self.rows, position.row))
