"""Compare: two runs of one conversation on one index, and what made them part."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import Static

from ...errors import WorkbenchError
from ...trace.step_id import StepId
from ...workspace.causes import causes
from ...workspace.comparison import Comparison, Side, compare
from .. import actions
from ..view import compare as present
from ..view.text import plain
from ..widgets.bars import KeysBar, StatusBar
from ..widgets.compare import CauseList, DifferencePane, PairList
from ..widgets.list import ListPane
from ..widgets.pane import Pane
from .pending import PendingDecision


class Compare(PendingDecision):
    """The moves of both runs, the likely causes of their first difference, and a text difference."""

    where = actions.COMPARE
    panes = ("moves", "causes", "difference")

    def __init__(self) -> None:
        super().__init__()
        self.add_class("compare")
        self.sides: tuple[Side, Side] | None = None
        self.comparison: Comparison | None = None
        self._of_cause = False  # whether the difference shown is that of a cause

    def compose(self) -> ComposeResult:
        yield StatusBar(id="status")
        with Vertical(id="panes"):
            yield PairList(id="moves")
            yield CauseList(id="causes")
            yield DifferencePane(id="difference")
        yield Static("", id="too-small", markup=False)
        yield KeysBar(id="keys")

    def begin(self) -> None:
        super().begin()
        self.moves = self.query_one(PairList)
        self.causes = self.query_one(CauseList)
        self.difference = self.query_one(DifferencePane)
        self.causes.border_title = "2 Causes, the likeliest first"
        self.difference.border_title = "3 Difference"
        self.show(*self.bench_app.compared)

    @property
    def main(self) -> Pane:
        return self.moves

    @property
    def reading(self) -> Pane:
        return self.difference

    def focus_order(self) -> list[Widget]:
        return [self.moves, self.causes, self.difference]

    # the two runs

    def show(self, left: Side, right: Side) -> None:
        """Compare these two."""
        if not hasattr(self, "moves"):
            return  # about to be mounted, it takes them itself
        self.sides, self.comparison = (left, right), None
        self.moves.show(None)
        self.causes.show([])
        self.zoom("")
        self.moves.focus()
        self.run_in_background(partial(self._compare, left, right), group="compare", exclusive=True)

    async def _compare(self, left: Side, right: Side) -> None:
        """In a thread: a conversation of thousands of steps would hold up the keys."""
        try:
            found = await asyncio.to_thread(compare, left, right)
            causing = await asyncio.to_thread(causes, found)
        except WorkbenchError as error:
            self.tell_error(error)
            return
        self.comparison = found
        self.moves.show(found)
        self.causes.show(causing)
        self._show(fresh=True)
        self.tell_status()
        self.offer_keys()

    @on(ListPane.Moved, "#moves, #causes")
    def _moved(self, event: ListPane.Moved) -> None:
        self._of_cause = event.pane is self.causes
        self._show(fresh=True)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        if event.widget in (self.moves, self.causes):
            self._of_cause = event.widget is self.causes
            self._show(fresh=True)
        self.offer_keys()

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self._show, False)

    def _show(self, fresh: bool) -> None:
        """The difference of what was chosen last."""
        if self.comparison is None or not self.is_mounted:
            return
        width, one = self.difference.cells, self.causes.cause
        if self._of_cause and one is not None:
            lines = present.cause_detail(one._replace(source=self.source()), width)
        else:
            lines = present.pair_in_full(self.comparison, self.moves.cursor, width)
        self.difference.show(lines, fresh)

    def tell_status(self) -> None:
        if not self.is_mounted:
            return
        live = self.bench_app.session
        found = (
            present.summary(self.comparison, self.moves.numbers) if self.comparison is not None else "comparing …"
        )
        if self.bench_app.waiting:
            found = f"recorded anew, waits for your word · {found}"
        self.status.tell(
            agent=self.sides[0].setup.agent if self.sides else live.agent, model=live.model,
            code=replace(live.code, note=""), turns=0, busy=found, screen="Compare",
        )  # fmt: skip

    # moving

    def _jump(self, what: str, forward: bool, none: str) -> None:
        if not self.moves.jump(what, forward):
            self.notify_user(none)

    def do_next_step(self) -> None:
        self._jump("step", True, "this is the last move")

    def do_last_step(self) -> None:
        self._jump("step", False, "this is the first move")

    def do_next_turn(self) -> None:
        self._jump("turn", True, "this is the last turn")

    def do_last_turn(self) -> None:
        self._jump("turn", False, "this is the first turn")

    def do_next_difference(self) -> None:
        if self.moves.jump("difference", True):
            return
        here = self.moves.cursor
        self.moves.cursor = -1
        again = self.moves.jump("difference", True)
        if not again:
            self.moves.cursor = here
        self.notify_user(
            "from the top again" if again else "the runs are the same all along", "" if again else "good"
        )

    def do_pane_moves(self) -> None:
        self.go_pane(self.moves)

    def do_pane_causes(self) -> None:
        self.go_pane(self.causes)

    def do_pane_difference(self) -> None:
        self.go_pane(self.difference)

    # doing

    def do_swap(self) -> None:
        if self.sides is not None:
            left, right = self.sides
            self.bench_app.compared = (right, left)
            self.show(right, left)

    def source(self) -> str:
        """The source line of the cause that was chosen, else of the likeliest."""
        one = self.causes.cause if self._of_cause else next(iter(self.causes.causes), None)
        if one is None:
            return ""
        serving = self.bench_app.desk.serving(self.sides[0].setup.agent) if self.sides is not None else None
        card = serving.card if serving is not None else None
        tools = card.tools if card is not None and one.tool else []
        return one.source or next((t.source for t in tools if t.name == one.tool), "")

    def do_edit(self) -> None:
        self.bench_app.edit(self.source(), self)

    def do_copy(self) -> None:
        if self.focused is self.difference:
            text = self.difference.text
        else:
            listed = self.causes if self.focused is self.causes else self.moves
            text = plain(listed.line(listed.cursor, 400)).rstrip()
        self.bench_app.copy(text, self)

    def do_interrupt(self) -> None:
        text = self.get_selected_text()
        if text:
            self.bench_app.copy(text, self)
        else:
            self.notify_user("nothing is running here · esc goes back")

    def do_back(self) -> None:
        if self._zoomed:
            self.zoom("")
            self.moves.focus()
        elif self.focused is not self.moves:
            self.moves.focus()
        else:
            self.app.switch_mode(self.bench_app.came_from)

    def do_go_there(self) -> None:
        """To the move of the cursor, in the run that is on view where one came from."""
        found = self.comparison
        if found is None:
            return
        pair = found.pairs[self.moves.cursor]
        self.bench_app.go_to({side.id: step.step_id if step is not None else StepId(pair.turn)
                              for side, step in ((found.right, pair.right), (found.left, pair.left))})  # fmt: skip

    @on(ListPane.Opened, "#moves")
    def _opened(self) -> None:
        self.do_go_there()

    def do_develop(self) -> None:
        self.app.switch_mode("develop")

    def do_review(self) -> None:
        self.app.switch_mode("review")

    def do_compare(self) -> None:
        """One is there already."""
