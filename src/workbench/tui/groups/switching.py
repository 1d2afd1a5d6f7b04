"""Going from screen to screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .group import ActionGroup

if TYPE_CHECKING:
    pass


class SwitchGroup(ActionGroup["BaseScreen"]):
    """Shows another screen."""

    def do_develop(self) -> None:
        self.app.switch_mode("develop")

    def do_review(self) -> None:
        self.app.switch_mode("review")
