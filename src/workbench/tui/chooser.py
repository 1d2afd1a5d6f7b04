"""Ask for the agent before the workbench opens."""

from __future__ import annotations

import os
import sys
from typing import ClassVar

from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from ..workspace.settings import Settings
from .app import first_theme
from .dialogs.form import Form
from .style import CSS, THEMES
from .terminal import install_parser, leave_without_terminal
from .view.text import Line, Span, fit, one_line
from .widgets.list import ListPane


class Agents(ListPane):
    """Lists the agents of the project."""

    def __init__(self, names: list[str], *, id: str) -> None:
        super().__init__(id=id)
        self.names = names

    @property
    def count(self) -> int:
        return len(self.names)

    def line(self, index: int, width: int) -> Line:
        return fit([Span(one_line(self.names[index], 80))], width)


class AgentDialog(Form[str]):
    """Returns the name of an agent, or None."""

    TITLE_TEXT = "Which agent?"
    KEYS = "↑ ↓ select · enter open · esc cancel"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+q", "leave", "leave", show=False, priority=True)]

    def __init__(self, names: list[str]) -> None:
        super().__init__()
        self.names = names

    def fields(self) -> ComposeResult:
        yield Agents(self.names, id="agents")
        hint = f"To open one without this question: workbench dev --agent {self.names[0]}"
        yield Static(f'{hint}, or agent = "{self.names[0]}" in workbench.toml', classes="hint", markup=False)

    def on_mount(self) -> None:
        agents = self.query_one(Agents)
        agents.styles.height = min(len(self.names), max(self.app.size.height - 8, 1))
        agents.redraw()
        agents.focus()

    @on(ListPane.Opened)
    def done(self) -> None:
        self.dismiss(self.names[self.query_one(Agents).cursor])

    def action_next(self) -> None:
        self.done()


class Chooser(App[str]):
    """Shows the dialog alone, and returns its result."""

    CSS = CSS
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, names: list[str], settings: Settings) -> None:
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self.names = names
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = first_theme(settings.theme)

    def on_mount(self) -> None:
        leave_without_terminal(self)
        self.push_screen(AgentDialog(self.names), self.exit)


def choose_agent(names: list[str], settings: Settings) -> str:
    """Ask for one of these agents; returns "" if none was chosen. Exits as at SIGHUP if the terminal is closed."""
    install_parser()
    chooser = Chooser(names, settings)
    chosen = chooser.run(mouse=settings.mouse) or ""
    if chooser.return_code:
        sys.exit(chooser.return_code)
    return chosen
