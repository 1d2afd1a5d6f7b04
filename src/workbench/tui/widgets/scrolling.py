"""Scrolling by lines and pages."""

from __future__ import annotations

from textual.geometry import Size
from textual.reactive import Reactive
from textual.scroll_view import ScrollView


class ScrollingPane(ScrollView):
    """Scrolls lines without animation, which would paint the page several times."""

    # a layout of the whole screen, Textual's default here, takes longer than the paint
    virtual_size: Reactive[Size] = Reactive(Size(0, 0), layout=False, repaint=False)

    @property
    def count(self) -> int:
        """Return the number of lines; subclasses override it."""
        return 0

    def watch_virtual_size(self, size: Size) -> None:
        self._scroll_update(size)
        if self.styles.auto_dimensions:  # its height depends on its contents
            self.refresh(layout=True)

    def go(self, y: int) -> None:
        # force: a pane that has just outgrown its height has no scrollbar yet, and would not scroll
        self.scroll_to(y=max(0, y), animate=False, immediate=True, force=True)

    def page(self, pages: float) -> None:
        self.go(round(self.scroll_offset.y + pages * max(self.scrollable_content_region.height - 1, 1)))

    def scroll_by(self, lines: int) -> None:
        self.go(self.scroll_offset.y + lines)

    def action_scroll_up(self) -> None:
        self.scroll_by(-1)

    def action_scroll_down(self) -> None:
        self.scroll_by(1)

    def action_page_up(self) -> None:
        self.page(-1)

    def action_page_down(self) -> None:
        self.page(1)

    def action_scroll_home(self) -> None:
        self.go(0)

    def action_scroll_end(self) -> None:
        self.go(self.count)

    @property
    def at_end(self) -> bool:
        """Return whether the last line is visible."""
        return self.scroll_offset.y >= self.count - self.scrollable_content_region.height
