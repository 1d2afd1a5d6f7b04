"""Move in the focused pane and from step to step, and scroll the pane next to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .group import ActionGroup

if TYPE_CHECKING:
    from ..screens.base import BaseScreen


class MovingGroup(ActionGroup):
    """Moves by lines and pages."""

    screen: BaseScreen

    def do_down(self) -> None:
        self.screen.pane.action_scroll_down()

    def do_up(self) -> None:
        self.screen.pane.action_scroll_up()

    def do_top(self) -> None:
        self.screen.pane.action_scroll_home()

    def do_end(self) -> None:
        self.screen.pane.action_scroll_end()

    def do_half_down(self) -> None:
        self.screen.pane.page(0.5)

    def do_half_up(self) -> None:
        self.screen.pane.page(-0.5)

    def do_page_down(self) -> None:
        self.screen.pane.page(1)

    def do_page_up(self) -> None:
        self.screen.pane.page(-1)

    def do_detail_down(self) -> None:
        self.screen.side_pane.scroll_by(3)

    def do_detail_up(self) -> None:
        self.screen.side_pane.scroll_by(-3)


class JumpGroup(ActionGroup):
    """Jumps from step to step and from turn to turn. A subclass names the pane that jumps."""

    def jump(self, what: str, forward: bool) -> bool:
        """Go to the next or previous "step" or "turn". Returns False if there is none."""
        raise NotImplementedError

    def do_next_step(self) -> None:
        self._jump("step", True, "this is the last step")

    def do_previous_step(self) -> None:
        self._jump("step", False, "this is the first step")

    def do_next_turn(self) -> None:
        self._jump("turn", True, "this is the last turn")

    def do_previous_turn(self) -> None:
        self._jump("turn", False, "this is the first turn")

    def _jump(self, what: str, forward: bool, none: str) -> None:
        if not self.jump(what, forward):
            self.screen.notify_user(none)
