"""A list: items with a cursor on one of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual import events
from textual.message import Message

from ..view.find import SearchPhrase
from .pane import Pane as Pane


class ListPane(Pane):
    """Shows items with a cursor on one of them. An item is one line unless a subclass overrides that."""

    class Moved(Message):
        """Sent when the cursor has moved; `by_user` if the user moved it."""

        def __init__(self, pane: ListPane, by_user: bool) -> None:
            super().__init__()
            self.pane = pane
            self.by_user = by_user

        @property
        def control(self) -> ListPane:
            return self.pane

    class Opened(Message):
        """Sent when the line of the cursor is clicked."""

        def __init__(self, pane: ListPane) -> None:
            super().__init__()
            self.pane = pane

        @property
        def control(self) -> ListPane:
            return self.pane

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.cursor = 0
        # called directly instead of a message, so that dependent panes are painted in the same frame
        self.followed: Callable[[bool], None] | None = None

    @property
    def items(self) -> int:
        return self.count

    def item_at(self, index: int) -> int:
        """Return the item of a line."""
        return index

    def span(self, item: int) -> tuple[int, int]:
        """Return the first and the last line of an item."""
        return item, item

    # search: matches are items, and the cursor goes there

    def hits(self, words: SearchPhrase) -> list[int]:
        return sorted({self.item_at(index) for index in super().hits(words)})

    @property
    def here(self) -> int:
        return self.cursor

    def show_hit(self, hit: int) -> None:
        self.move(hit)

    @property
    def position(self) -> Any:
        return self.cursor

    def restore_position(self, spot: Any) -> None:
        self.move(spot)

    def line_style(self, index: int) -> str:
        if self.item_at(index) != self.cursor:
            return ""
        return "cursor" if self.has_focus else "chosen"

    def margin(self, index: int) -> str:
        """Return the sign of the cursor, which is visible without colour."""
        lit = self.line_style(index)
        if lit and self.cursor < self.items and index == self.span(self.cursor)[0]:
            return ("▶" if lit == "cursor" else "▷").ljust(self.MARGIN)
        return super().margin(index)

    def move(self, to: int, by_user: bool = True) -> None:
        """Move the cursor to an item that exists, and scroll to it."""
        to = max(0, min(to, self.items - 1))
        before, self.cursor = self.cursor, to
        moved = to != before
        self.show_cursor()
        if moved:  # repaint two items, not the pane
            for item in (before, to):
                if 0 <= item < self.items:
                    first, last = self.span(item)
                    self.refresh_lines(first, last - first + 1)
        if moved or not by_user:
            if self.followed is not None:
                self.followed(by_user)
            else:
                self.post_message(self.Moved(self, by_user))

    def show_cursor(self) -> None:
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        if height <= 0:
            return
        first, last = self.span(self.cursor)
        if first < top:
            self.go(first)
        elif last >= top + height:
            self.go(last - height + 1)

    def on_resize(self, event: events.Resize) -> None:
        self.show_cursor()

    def on_focus(self) -> None:
        self._strips.clear()

    def on_blur(self) -> None:
        self._strips.clear()

    def on_click(self, event: events.Click) -> None:
        row = event.y - self.gutter.top
        index = self.scroll_offset.y + row
        if row >= 0 and index < self.count:
            item = self.item_at(index)
            if item == self.cursor:
                self.post_message(self.Opened(self))
            self.move(item)

    def redraw(self) -> None:
        self.cursor = max(0, min(self.cursor, self.items - 1))
        super().redraw()

    def rewrap(self) -> None:
        super().rewrap()
        self.show_cursor()

    # the actions of all lists

    def action_scroll_up(self) -> None:
        self.move(self.cursor - 1)

    def action_scroll_down(self) -> None:
        self.move(self.cursor + 1)

    def page(self, pages: float) -> None:
        lines = round(pages * max(self.scrollable_content_region.height - 1, 1))
        first, _ = self.span(self.cursor)
        self.move(self.item_at(max(0, min(first + lines, self.count - 1))))

    def action_scroll_home(self) -> None:
        self.move(0)

    def action_scroll_end(self) -> None:
        self.move(self.items - 1)
