"""A pane drawn line by line.

`Pane` calls `line(index, width)` only for visible lines, so the cost depends on the size
of the screen and not on the number of lines.
"""

from __future__ import annotations

from typing import Any

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.cache import LRUCache
from textual.geometry import Size
from textual.reactive import Reactive
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from ..roles import role_style
from ..view.find import SearchPhrase, highlight
from ..view.text import Line, unwrapped


class Pane(ScrollView, can_focus=True):
    """Shows lines that scroll. Subclasses implement their number (`count`) and contents (`line`)."""

    ALLOW_SELECT = True
    MARGIN = 1  # blank cells at the left and at the right

    # a layout of the whole screen, Textual's default here, takes longer than the paint
    virtual_size: Reactive[Size] = Reactive(Size(0, 0), layout=False, repaint=False)

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._strips: LRUCache[tuple[int, bool], Strip] = LRUCache(512)
        self._styles: dict[str, Style] = {}
        self._width = 0
        self._words = SearchPhrase()
        self._found: int | None = None  # the last match

    # overridden by subclasses

    @property
    def count(self) -> int:
        return 0

    def line(self, index: int, width: int) -> Line:
        return ()

    def line_style(self, index: int) -> str:
        """Return the component class of the background of a line, or ""."""
        return "chosen" if index == self._found else ""

    def margin(self, index: int) -> str:
        """Return the left margin of a line."""
        return " " * self.MARGIN

    # drawing

    @property
    def cells(self) -> int:
        """The width of a line."""
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

    def watch_virtual_size(self, size: Size) -> None:
        self._scroll_update(size)
        if self.styles.auto_dimensions:  # its height depends on its contents
            self.refresh(layout=True)

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
            line = self.line(index, self.cells)
            if self._words:
                line = highlight(line, self._words)
            segments += [Segment(bit.text, under + self._style(bit.role)) for bit in line]
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

    # search

    def hits(self, words: SearchPhrase) -> list[int]:
        """Return the lines that match."""
        return [index for index in range(self.count) if words.on(self.line(index, self.cells))]

    def highlight_words(self, words: SearchPhrase) -> None:
        """Highlight all matches of these words; an empty phrase removes the highlight."""
        if words != self._words:
            self._words = words
            self._found = None
            self._strips.clear()
            self.refresh()

    @property
    def here(self) -> int:
        """The line where a search starts: the last match, or the first visible line."""
        return self.scroll_offset.y if self._found is None else self._found

    def show_hit(self, hit: int) -> None:
        """Scroll to a match."""
        self._found = hit
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        if not top <= hit < top + height:
            self.go(hit - height // 3)
        self.refresh()

    @property
    def position(self) -> Any:
        """The position to give to `restore_position`."""
        return self.scroll_offset.y

    def restore_position(self, position: Any) -> None:
        self.go(position)

    # scrolling without animation, which would paint the page several times

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
        return self.scroll_offset.y >= self.count - self.scrollable_content_region.height
