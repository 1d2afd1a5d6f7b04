"""Jump to steps and failures, fold turns, and select panes and tabs by key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..actions import key
from .group import ActionGroup
from .moving import JumpGroup

if TYPE_CHECKING:
    from ..screens.conversation import ConversationScreen


class StepsGroup(JumpGroup):
    """Moves the cursor of the steps."""

    screen: ConversationScreen

    def jump(self, what: str, forward: bool) -> bool:
        return self.screen.steps.jump(what, forward)

    def do_failure(self) -> None:
        steps = self.screen.steps
        if steps.jump("failed", True):
            return
        if steps.jump("failed", True, start=-1):
            self.screen.notify_user("no more below; continued at the first")
        else:
            self.screen.notify_user("no step of this conversation was stopped or failed", "good")


class FoldGroup(ActionGroup):
    """Folds turns in the steps; in the detail the same keys change the tab."""

    screen: ConversationScreen

    def do_fold(self) -> None:
        self._fold(True)

    def do_unfold(self) -> None:
        self._fold(False)

    def do_fold_all(self) -> None:
        self._fold_all(True)

    def do_unfold_all(self) -> None:
        self._fold_all(False)

    def _fold(self, fold: bool) -> None:
        steps, detail = self.screen.steps, self.screen.detail
        if self.screen.focused is detail:
            detail.turn_tab(-1 if fold else 1)
        elif steps.row is not None:
            steps.fold({steps.row.step_id.turn}, fold)

    def _fold_all(self, fold: bool) -> None:
        steps = self.screen.steps
        steps.fold({turn.turn for turn in steps.row_model.turns}, fold)

    def why_not(self, id: str) -> str:
        steps = self.screen.steps
        if self.screen.focused is self.screen.detail and not id.endswith("all"):
            return ""
        if steps.shown.filter:
            return f"turns cannot be folded while a filter is on: {key('back')} shows all steps"
        return "" if steps.row_model.rows else "there are no steps yet"


class PaneKeysGroup(ActionGroup):
    """Goes to a pane by its number, and changes the tab of the detail."""

    screen: ConversationScreen

    def do_pane_1(self) -> None:
        self.screen.zoomer.go(self.screen.chat)

    def do_pane_2(self) -> None:
        self.screen.zoomer.go(self.screen.steps)

    def do_pane_3(self) -> None:
        self.screen.zoomer.go(self.screen.detail)

    def do_next_tab(self) -> None:
        self.screen.detail.turn_tab(1)

    def do_previous_tab(self) -> None:
        self.screen.detail.turn_tab(-1)
