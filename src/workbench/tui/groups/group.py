"""The base of all action groups."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import actions

if TYPE_CHECKING:
    from ..app import WorkbenchApp
    from ..screens.base import BaseScreen

Handler = Callable[[], Any]  # may return an awaitable


class ActionGroup:
    """Performs some actions of one screen: the method `do_<id>` performs the action `id` of the table.

    A subclass declares with `screen` what kind of screen it needs.
    """

    screen: BaseScreen

    def __init__(self, screen: BaseScreen) -> None:
        self.screen = screen

    @property
    def app(self) -> WorkbenchApp:
        return self.screen.workbench

    def handlers(self) -> dict[str, Handler]:
        """Return the handlers of this group by the id of their action."""
        names = [name for name in dir(self) if name.startswith("do_")]
        return {name.removeprefix("do_"): getattr(self, name) for name in names}

    def code_not_run(self) -> str:
        """Explain that the code may not run yet, and which key runs it; "" if it may."""
        if self.app.may_run_code:
            return ""
        return f"this needs today's code, and no code of this folder runs yet: {actions.key('run_code')} runs it"

    def why_not(self, id: str) -> str:
        """Explain why one of its actions is unavailable now; "" if it is available."""
        return ""


def still_answering() -> str:
    """Explain that the agent has not finished its turn, and how to interrupt it."""
    return f"the agent is still answering: wait, or interrupt it with {actions.key('back')}"
