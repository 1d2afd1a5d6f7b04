"""A screen whose panes have sizes that keys and the mouse change."""

from __future__ import annotations

from textual import events

from ..groups.sizes import SizesGroup
from .base import BaseScreen

CLICK_SECONDS = 0.1  # after which a click has arrived


class ResizableScreen(BaseScreen):
    """Lays out its panes when its size changes, and moves a border that is dragged."""

    sizes: SizesGroup

    def on_resize(self, event: events.Resize) -> None:  # Textual calls that of the base too
        self.call_after_refresh(self.lay_out)

    def lay_out(self) -> None:
        self.sizes.apply()

    def _forward_event(self, event: events.Event) -> None:
        # a press of the button moves the focus: the panes must not move before the click arrives
        if isinstance(event, events.MouseDown):
            self.sizes.held = True
        elif isinstance(event, events.MouseUp):
            self.set_timer(CLICK_SECONDS, self._release)
        super()._forward_event(event)

    def _release(self) -> None:
        self.sizes.held = False
        self.lay_out()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if event.button == 1 and self.sizes.begin_drag(int(event.screen_x), int(event.screen_y)):
            self.clear_selection()
            self._select_state = None  # a border is moved, no text is selected

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self.sizes.dragging and event.button:
            self.sizes.drag(int(event.screen_x), int(event.screen_y))

    def on_mouse_up(self) -> None:
        self.sizes.end_drag()
