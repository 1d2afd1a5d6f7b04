"""Focus and zoom panes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widget import Widget

from .group import ActionGroup

if TYPE_CHECKING:
    from ..screens.base import BaseScreen


class PanesGroup(ActionGroup):
    """Focuses and zooms panes. `zoomed` is the id of the pane that has the whole screen, or ""."""

    screen: BaseScreen

    def __init__(self, screen: BaseScreen) -> None:
        super().__init__(screen)
        self.zoomed = ""

    def go(self, pane: Widget) -> None:
        """Focus a pane. A zoom moves with the focus, or ends if this pane cannot be zoomed."""
        if self.zoomed:
            self.zoom(self.screen.home(pane))
        pane.focus()

    def zoom(self, name: str) -> None:
        """Give the whole screen to the pane with this id; "" ends the zoom."""
        self.zoomed = name
        for pane in self.screen.panes:
            self.screen.set_class(name == pane, f"zoom-{pane}")
        self.screen.lay_out()

    def do_zoom(self) -> None:
        screen = self.screen
        if self.zoomed:
            self.zoom("")
            return
        name = screen.home(screen.focused) or str(screen.main.id)
        self.zoom(name)
        if screen.home(screen.focused) != name:
            screen.main.focus()

    def do_next_pane(self) -> None:
        self._step(1)

    def do_previous_pane(self) -> None:
        self._step(-1)

    def _step(self, by: int) -> None:
        stops, focused = self.screen.focus_order(), self.screen.focused
        at = stops.index(focused) if focused in stops else -1 if by > 0 else 0
        self.go(stops[(at + by) % len(stops)])
