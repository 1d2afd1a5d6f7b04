"""A pane drawn a line at a time, and the list with a cursor made of it.

`Pane` asks `line(index, width)` for the rows in sight and for nothing else:
100,000 rows cost what fits on the screen. `LineList` adds a cursor.
"""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.cache import LRUCache
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from ..present.text import Line, plain

ROLES = (
    "dim", "bold", "good", "bad", "warn", "accent", "user", "agent", "think", "tool", "label", "rule",
    "head", "mark", "source", "draft", "title", "key",
)  # fmt: skip


class Pane(ScrollView, can_focus=True):
    """Lines that scroll. Subclasses say how many there are (`count`) and what each is (`line`)."""

    ALLOW_SELECT = True
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"pane--{role}" for role in ROLES} | {"pane--cursor", "pane--chosen"}
    MARGIN = 1  # blank cells at the left and at the right

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._strips: LRUCache[tuple[int, bool], Strip] = LRUCache(512)
        self._styles: dict[str, Style] = {}
        self._width = 0

    # what a subclass says

    @property
    def count(self) -> int:
        return 0

    def line(self, index: int, width: int) -> Line:
        return ()

    def lit(self, index: int) -> str:
        """The component class that lies under a line, or ""."""
        return ""

    # drawing

    @property
    def cells(self) -> int:
        """The cells a line may fill."""
        return max(self.scrollable_content_region.width - 2 * self.MARGIN, 1)

    def redraw(self) -> None:
        """Lines have changed: forget what was drawn, keep the place."""
        self._strips.clear()
        self.virtual_size = Size(self.scrollable_content_region.width, self.count)
        self.refresh()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()
        self._strips.clear()

    def on_resize(self, event: events.Resize) -> None:
        if self.cells != self._width:
            self._width = self.cells
            self.rewrap()

    def rewrap(self) -> None:
        """The width has changed."""
        self.redraw()

    def selection_updated(self, selection: Selection | None) -> None:
        self._strips.clear()
        self.refresh()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        text = "\n".join(" " * self.MARGIN + plain(self.line(i, self.cells)) for i in range(self.count))
        return selection.extract(text), "\n"

    def _style(self, role: str) -> Style:
        style = self._styles.get(role)
        if style is None:
            style = self.get_component_rich_style(f"pane--{role}", partial=True) if role else Style()
            self._styles[role] = style
        return style

    def render_line(self, y: int) -> Strip:
        index = self.scroll_offset.y + y
        width = self.scrollable_content_region.width
        base = self._styles.get("base")
        if base is None:
            base = self._styles["base"] = self.rich_style
        if not 0 <= index < self.count:
            return Strip.blank(width, base)
        lit = self.lit(index)
        key = (index, bool(lit))
        strip = self._strips.get(key)
        if strip is None:
            under = base + self._style(lit) if lit else base
            segments = [Segment(" " * self.MARGIN, under)]
            segments += [Segment(bit.text, under + self._style(bit.role)) for bit in self.line(index, self.cells)]
            strip = Strip(segments).adjust_cell_length(width, under)
            selection = self.text_selection
            span = selection.get_span(index) if selection is not None else None
            if span is not None:
                strip = self._selected(strip, *span)
            strip = strip.apply_offsets(0, index)
            self._strips[key] = strip
        return strip

    def _selected(self, strip: Strip, start: int, end: int) -> Strip:
        style = self.screen.get_component_rich_style("screen--selection")
        end = strip.cell_length if end == -1 else end
        left, middle, right = strip.divide([start, end, strip.cell_length])
        return Strip.join([left, middle.apply_style(style), right])

    # scrolling without animation: a page of it costs more than the page

    def go(self, y: int) -> None:
        self.scroll_to(y=max(0, y), animate=False, immediate=True)

    def page(self, pages: float) -> None:
        self.go(round(self.scroll_offset.y + pages * max(self.scrollable_content_region.height - 1, 1)))

    def by(self, lines: int) -> None:
        self.go(self.scroll_offset.y + lines)

    def action_scroll_up(self) -> None:
        self.by(-1)

    def action_scroll_down(self) -> None:
        self.by(1)

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
        return self.scroll_offset.y >= self.count - self.scrollable_content_region.height


class LineList(Pane):
    """Items with a cursor on one of them; an item is a line unless a subclass says otherwise."""

    class Moved(Message):
        """The cursor stands on another line; `by_hand` where a person moved it."""

        def __init__(self, pane: LineList, by_hand: bool) -> None:
            super().__init__()
            self.pane = pane
            self.by_hand = by_hand

        @property
        def control(self) -> LineList:
            return self.pane

    class Opened(Message):
        """A line was opened with a click on the line that had the cursor already."""

        def __init__(self, pane: LineList) -> None:
            super().__init__()
            self.pane = pane

        @property
        def control(self) -> LineList:
            return self.pane

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.cursor = 0

    @property
    def items(self) -> int:
        return self.count

    def item_at(self, index: int) -> int:
        """The item that a line belongs to."""
        return index

    def span(self, item: int) -> tuple[int, int]:
        """The first and the last line of an item."""
        return item, item

    def lit(self, index: int) -> str:
        if self.item_at(index) != self.cursor:
            return ""
        return "cursor" if self.has_focus else "chosen"

    def move(self, to: int, by_hand: bool = True) -> None:
        """Put the cursor on an item that exists and bring it into sight."""
        to = max(0, min(to, self.items - 1))
        before, self.cursor = self.cursor, to
        moved = to != before
        self.show_cursor()
        if moved:  # two items are drawn anew, not the pane
            for item in (before, to):
                if 0 <= item < self.items:
                    first, last = self.span(item)
                    self.refresh_lines(first, last - first + 1)
        if moved or not by_hand:
            self.post_message(self.Moved(self, by_hand))

    def show_cursor(self) -> None:
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        if height <= 0:
            return
        first, last = self.span(self.cursor)
        if first < top:
            self.go(first)
        elif last >= top + height:
            self.go(last - height + 1)

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

    # the same words for all lists, whatever key is bound to them

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
