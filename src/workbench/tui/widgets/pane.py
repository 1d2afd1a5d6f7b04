"""A pane whose lines can be searched."""

from __future__ import annotations

from typing import Any

from ..view.find import SearchPhrase, highlight
from ..view.text import Line
from .lines import LinesPane


class Pane(LinesPane, can_focus=True):
    """Shows lines that scroll, and highlights the words of a search in them."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._words = SearchPhrase()
        self._found: int | None = None  # the last match

    def drawn(self, index: int) -> Line:
        line = super().drawn(index)
        return highlight(line, self._words) if self._words else line

    def line_style(self, index: int) -> str:
        return "chosen" if index == self._found else ""

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
        """Return the line where a search starts: the last match, or the first visible line."""
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
        """Return the position to give to `restore_position`."""
        return self.scroll_offset.y

    def restore_position(self, position: Any) -> None:
        self.go(position)
