"""A pane drawn line by line.

`LinesPane` calls `line(index, width)` only for visible lines, so the cost depends on the size
of the screen and not on the number of lines.
"""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.cache import LRUCache
from textual.geometry import Size
from textual.selection import Selection
from textual.strip import Strip

from ..roles import role_style
from ..view.text import Line, inert, unwrapped
from .scrolling import ScrollingPane


class LinesPane(ScrollingPane):
    """Draws lines. Subclasses implement their number (`count`) and contents (`line`)."""

    ALLOW_SELECT = True
    MARGIN = 1  # blank cells at the left and at the right

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._strips: LRUCache[tuple[int, bool], Strip] = LRUCache(512)
        self._styles: dict[str, Style] = {}
        self._width = 0

    # overridden by subclasses

    def line(self, index: int, width: int) -> Line:
        return ()

    def drawn(self, index: int) -> Line:
        """Return a line as it is drawn."""
        return self.line(index, self.cells)

    def line_style(self, index: int) -> str:
        """Return the component class of the background of a line, or ""."""
        return ""

    def margin(self, index: int) -> str:
        """Return the left margin of a line."""
        return " " * self.MARGIN

    # drawing

    @property
    def cells(self) -> int:
        """Return the width of a line."""
        return max(self.scrollable_content_region.width - 2 * self.MARGIN, 1)

    def redraw(self) -> None:
        """Draw the lines again, at the same scroll position."""
        self._strips.clear()
        self.virtual_size = Size(self.scrollable_content_region.width, self.count)
        self.refresh()

    def redraw_lines(self, first: int, last: int) -> None:
        """Draw only these lines again."""
        for index in range(first, last + 1):
            self._strips.discard((index, False))
            self._strips.discard((index, True))
        self.refresh_lines(first, last - first + 1)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()
        self._strips.clear()

    def on_resize(self, event: events.Resize) -> None:
        if self.cells != self._width:
            self._width = self.cells
            self.rewrap()

    def rewrap(self) -> None:
        """Handle a change of the width."""
        self.redraw()

    def selection_updated(self, selection: Selection | None) -> None:
        self._strips.clear()
        self.refresh()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Return the selected text without the line breaks of the pane."""
        parts: list[tuple[Line, int, int]] = []
        for index in range(self.count):
            span = selection.get_span(index)
            if span is not None:
                start, end = span
                parts.append(
                    (self.line(index, self.cells), max(start - self.MARGIN, 0), max(end - self.MARGIN, -1))
                )
        return unwrapped(parts), "\n"

    def _style(self, role: str) -> Style:
        style = self._styles.get(role)
        if style is None:
            theme = self.app.current_theme
            each = [role_style(name, self.app.theme_variables, theme.ansi) for name in role.split()]
            style = self._styles[role] = Style.combine(each or [Style()])
        return style

    def render_line(self, y: int) -> Strip:
        index = self.scroll_offset.y + y
        width = self.scrollable_content_region.width
        base = self._styles.get("base")
        if base is None:
            base = self._styles["base"] = self.rich_style
        if not 0 <= index < self.count:
            return Strip.blank(width, base)
        lit = self.line_style(index)
        key = (index, bool(lit))
        strip = self._strips.get(key)
        if strip is None:
            under = base + self._style(lit) if lit else base
            segments = [Segment(self.margin(index), under)]
            segments += [Segment(inert(bit.text), under + self._style(bit.role)) for bit in self.drawn(index)]
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
