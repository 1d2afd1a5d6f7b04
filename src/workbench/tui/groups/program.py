"""Help, theme, mouse, suspend and quit, on every screen."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from .group import ActionGroup

if TYPE_CHECKING:
    from ..dialogs.help import HelpScreen
    from ..screens.base import BaseScreen


class ProgramGroup(ActionGroup):
    """Opens the help, changes theme and mouse, suspends and quits."""

    screen: BaseScreen

    def do_help(self) -> None:
        from ..dialogs.help import HelpScreen

        self._open(HelpScreen)

    def do_palette(self) -> None:
        from ..dialogs.help import CommandsScreen

        self._open(CommandsScreen)

    def _open(self, form: type[HelpScreen]) -> None:
        screen = self.screen

        def chosen(id: str | None) -> None:
            if id:
                screen.run_in_background(partial(screen.action_do, id))

        screen.open_form(form(screen.where, screen.why_not), chosen)

    def do_suspend(self) -> None:
        self.app.action_suspend_process()

    def do_theme(self) -> None:
        theme = self.app.next_theme()
        self.screen.notify_user(f"theme: {theme} · {self.app.keep_theme(theme)}".rstrip(" ·"))

    def do_mouse(self) -> None:
        on = self.app.toggle_mouse()
        if on is None:
            self.screen.notify_user("this terminal cannot turn the mouse off here: start with --no-mouse", "warn")
        else:
            self.screen.notify_user("mouse on" if on else "mouse off: the terminal itself selects text")

    def do_reload(self) -> None:
        self.app.reload()
        self.screen.notify_user("loading the code on disk")

    def do_run_code(self) -> None:
        self.app.run_code()
        self.screen.notify_user("the code of this folder runs, now and when you open it again")

    def why_not(self, id: str) -> str:
        return "the code of this folder may run already" if id == "run_code" and self.app.may_run_code else ""

    async def do_quit(self) -> None:
        await self.app.action_quit()
