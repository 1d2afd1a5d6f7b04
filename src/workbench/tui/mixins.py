"""Methods that screens, dialogs and the app share."""

from __future__ import annotations

from typing import Any, cast

from textual.dom import DOMNode


class SafeClicks:
    """Keeps a screen alive if it is clicked during a layout change, which crashes Textual 8.2.8."""

    def get_widget_and_offset_at(self, x: int, y: int) -> Any:
        """Find the widget at a cell."""
        try:
            return super().get_widget_and_offset_at(x, y)  # type: ignore[misc]
        except Exception:  # any failure of the compositor: there is no widget there
            return None, None


class BackgroundWork:
    """Runs functions in the background."""

    def run_in_background(self, work: Any, group: str = "default", exclusive: bool = False) -> None:
        """Run an async function in the background. If it is cancelled before it starts, no coroutine is left."""
        cast(DOMNode, self).run_worker(work, group=group, exclusive=exclusive)
