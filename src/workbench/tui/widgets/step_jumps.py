"""Going to a step."""

from __future__ import annotations

from textual.message import Message

from ...trace.step_id import StepId
from ..view.row_filter import Filter
from ..view.rows import Row
from .step_rows import RowsPane


class JumpingPane(RowsPane):
    """Moves the cursor to a step, to the last one, or to the next one of a kind."""

    class Unfiltered(Message):
        """Sent when the filter was removed, to show a step that it hid."""

    @property
    def at_last(self) -> bool:
        """Return whether the cursor is on the last step, so that it follows new ones."""
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

    def jump(self, what: str, forward: bool, start: int | None = None) -> bool:
        """Go to the next or previous row that begins a "step", begins a "turn" or "failed".

        A failed step counts once, at the first line that shows the failure. Starts at the
        cursor, unless `start` names another row. Returns False if there is none.
        """
        rows = self.shown.reachable(self.row_model.rows)
        here = self.row
        at = self.here if start is None else start
        passed = {row.step_id for row in rows[: at + 1] if self._stopped(row)} if forward else set()
        order = range(at + 1, len(rows)) if forward else range(at - 1, -1, -1)
        for index in order:
            row = rows[index]
            first = index == 0 or rows[index - 1].step_id != row.step_id
            if (
                (what == "turn" and (index == 0 or rows[index - 1].step_id.turn != row.step_id.turn))
                or (what == "step" and here is not None and row.step_id != here.step_id and first)
                or (what == "failed" and row.step_id not in passed and self._stopped(row))
            ):
                self._reveal(row)
                return True
        return False

    def _stopped(self, row: Row) -> bool:
        return row.failed or (
            row.part in ("turn", "step", "act")
            and self.view is not None
            and self.view.difference(row.step_id) is not None
        )
