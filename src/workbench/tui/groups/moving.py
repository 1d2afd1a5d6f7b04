"""Moving in the pane of the cursor, and scrolling the pane beside it."""

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
