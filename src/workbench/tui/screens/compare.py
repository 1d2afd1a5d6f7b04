"""Compare: two runs of one conversation side by side, and the causes of their first difference."""

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
from ...workspace.causes import causes
from ...workspace.comparison import Comparison, Side, compare
from .. import actions
from ..groups.pairs import PairsGroup, SidesGroup
from ..groups.pending import DECISIONS, DecisionGroup
from ..view import compare as view
from ..widgets.bars import KeysBar, StatusBar
from ..widgets.compare import CauseList, DifferencePane, PairList
from ..widgets.list import ListPane
from ..widgets.pane import Pane
from .base import BaseScreen


class Compare(BaseScreen):
    """Shows the steps of both runs, the likely causes of their first difference, and a text difference."""

    where = actions.COMPARE
    panes = ("pairs", "causes", "difference")

    def __init__(self) -> None:
        super().__init__()
        self.add_class("compare")
        self.sides: tuple[Side, Side] | None = None
        self.comparison: Comparison | None = None
        self._shows_cause = False  # whether the difference on view is that of a cause
        for group in (PairsGroup, SidesGroup, DecisionGroup):
            self.register(group(self))

    def compose(self) -> ComposeResult:
        yield StatusBar(id="status")
        with Vertical(id="panes"):
            yield PairList(id="pairs")
            yield CauseList(id="causes")
            yield DifferencePane(id="difference")
        yield Static("", id="too-small", markup=False)
        yield KeysBar(id="keys")

    def begin(self) -> None:
        super().begin()
        self.pairs = self.query_one(PairList)
        self.causes = self.query_one(CauseList)
        self.difference = self.query_one(DifferencePane)
        self.causes.border_title = "2 Causes, most likely first"
        self.difference.border_title = "3 Difference"
        if self.workbench.navigation.compared is not None:
            self.show(*self.workbench.navigation.compared)

    @property
    def main(self) -> Pane:
        return self.pairs

    @property
    def side_pane(self) -> Pane:
        return self.difference

    def focus_order(self) -> list[Widget]:
        return [self.pairs, self.causes, self.difference]

    # the two runs

    def show(self, left: Side, right: Side) -> None:
        """Compare these two."""
        if not hasattr(self, "pairs"):
            return  # about to be mounted: it shows them then
        self.sides, self.comparison = (left, right), None
        self.pairs.show(None)
        self.causes.show([])
        self.zoomer.zoom("")
        self.pairs.focus()
        self.run_in_background(partial(self._compare, left, right), group="compare", exclusive=True)

    async def _compare(self, left: Side, right: Side) -> None:
        """Compare in a thread: thousands of steps would block the keys."""
        try:
            found = await asyncio.to_thread(compare, left, right)
            causing = await asyncio.to_thread(causes, found)
        except WorkbenchError as error:
            self.show_error(error)
            return
        self.comparison = found
        self.pairs.show(found)
        self.causes.show(causing)
        self._show()
        self.update_status()
        self.offer_keys()

    @on(ListPane.Moved, "#pairs, #causes")
    def _moved(self, event: ListPane.Moved) -> None:
        self._shows_cause = event.pane is self.causes
        self._show()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        if event.widget in (self.pairs, self.causes):
            self._shows_cause = event.widget is self.causes
            self._show()
        self.offer_keys()

    def _show(self) -> None:
        """Show the difference of what was selected last."""
        if self.comparison is None or not self.is_mounted:
            return
        one = self.causes.cause
        if self._shows_cause and one is not None:
            self.difference.show(view.cause_detail(one._replace(source=self.source())))
        else:
            self.difference.show(view.pair_in_full(self.comparison, self.pairs.cursor))

    def source(self) -> str:
        """Return the source line of the selected cause, else of the most likely one."""
        one = self.causes.cause if self._shows_cause else next(iter(self.causes.causes), None)
        if one is None:
            return ""
        agent = self.sides[0].setup.agent if self.sides is not None else ""
        agent_info = self.workbench.conversations.code_service(agent).agent_info if agent else None
        tools = agent_info.tools if agent_info is not None and one.tool else []
        return one.source or next((t.source for t in tools if t.name == one.tool), "")

    # status and keys

    def update_status(self) -> None:
        if not self.is_mounted:
            return
        live = self.workbench.session
        found = view.summary(self.comparison) if self.comparison is not None else "comparing …"
        if self.workbench.navigation.pending_id:
            found = f"re-recorded, pending your decision · {found}"
        self.status.show(
            agent=self.sides[0].setup.agent if self.sides else live.agent, model=live.model,
            code=replace(live.code, note=""), turns=0, busy=found, screen="Compare",
        )  # fmt: skip

    def footer(self) -> list[tuple[str, str]]:
        """Return the keys, the three decisions first where there is one to make."""
        return sorted(super().footer(), key=lambda one: one[1] not in DECISIONS)

    @on(ListPane.Opened, "#pairs")
    async def _pair_opened(self) -> None:
        await self.action_do("go_there")
