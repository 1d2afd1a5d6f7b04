"""The detail pane: one step, in five tabs."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.message import Message

from ...text import display_width
from ..view.rows import Row
from ..view.tabs import TABS, tab_lines, tab_text
from ..view.text import Line, Span, plain
from ..view.view import View
from .pane import Pane


class DetailPane(Pane):
    """Shows the step of the cursor. Another step keeps the tab, but not the scroll position."""

    class SourceClicked(Message):
        """Sent when a source line is clicked."""

        def __init__(self, source: str) -> None:
            super().__init__()
            self.source = source

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.tab = "step"
        self.view: View | None = None
        self.row: Row | None = None
        self._lines: list[Line] = []
        self.hint = "Select a step above: its policies, prompt and world are shown here."

    @property
    def count(self) -> int:
        return len(self._lines)

    def line(self, index: int, width: int) -> Line:
        return self._lines[index]

    @property
    def text(self) -> str:
        return "\n".join(plain(line).rstrip() for line in self._lines)

    @property
    def full_text(self) -> str:
        """Return the text of the tab, without limits."""
        if self.view is None or self.row is None:
            return ""
        return tab_text(self.tab, self.view, self.row)

    def on_mount(self) -> None:
        self._update_title()

    def show(self, view: View, row: Row | None) -> None:
        moved = row is None or self.row is None or row.step_id != self.row.step_id or row.part != self.row.part
        self.view, self.row = view, row
        self._fill()
        if moved:
            self._update_title()
            self.go(0)

    def turn_tab(self, by: int) -> None:
        names = list(TABS)
        self.choose(names[(names.index(self.tab) + by) % len(names)])

    def choose(self, tab: str) -> None:
        self.tab = tab
        self._update_title()
        self._fill()
        self.go(0)

    def rewrap(self) -> None:
        self._fill()

    def _fill(self) -> None:
        self._found = None
        if self.view is None or self.row is None:
            self._lines = [(Span(self.hint, "dim"),)]
        else:
            self._lines = tab_lines(self.tab, self.view, self.row, self.cells)
        self.redraw()

    @property
    def _heading(self) -> str:
        return f"3 Detail {self.row.step_id} " if self.row is not None else "3 Detail "

    def _update_title(self) -> None:
        parts: list[str | tuple[str, str]] = [self._heading]
        for name in TABS:
            parts.append((f"[{name}]", "bold") if name == self.tab else f" {name} ")
        self.border_title = Content.assemble(*parts)

    def on_click(self, event: events.Click) -> None:
        """Select the tab whose name in the border was clicked, or open the source that was clicked."""
        at = event.x - (2 if self.styles.border_left[0] else 1) - len(self._heading)
        if event.y == 0:
            for name in TABS:
                if 0 <= at < len(name) + 2:
                    self.choose(name)
                    return
                at -= len(name) + 2
        source = self._source_at(event.x - self.gutter.left - self.MARGIN, event.y - self.gutter.top)
        if source:
            self.post_message(self.SourceClicked(source))

    def _source_at(self, x: int, y: int) -> str:
        """Return the source at a cell, as file:line, or ""."""
        index, at = self.scroll_offset.y + y, 0
        for text, role in self._lines[index] if y >= 0 and index < self.count else ():
            at += display_width(text)
            if x < at:
                return text.strip() if role == "source" and x >= at - display_width(text) else ""
        return ""
