"""Switch between screens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .group import ActionGroup

if TYPE_CHECKING:
    from ..screens.base import BaseScreen


class SwitchGroup(ActionGroup):
    """Shows another screen."""

    screen: BaseScreen

    def do_develop(self) -> None:
        self.app.switch_mode("develop")

    def do_review(self) -> None:
        self.app.switch_mode("review")
