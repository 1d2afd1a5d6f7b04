"""The chat pane: the messages and the streaming draft."""

from __future__ import annotations

from ...trace.steps import Turn
from ..view import chat
from ..view.text import BLANK, Line, Span, wrap
from .pane import Pane


class ChatPane(Pane):
    """Follows the conversation while its end is visible. Caches the lines of each turn."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.turns: list[Turn] = []
        self.hint: list[str] = []
        self.retry = ""  # names the key that tries a failed turn again, where there is one
        self.draft = chat.Draft()
        self._lines: list[Line] = []
        self._of: list[int] = []  # the turn of each line
        self._kept: dict[int, tuple[Turn, list[Line]]] = {}
        self.chosen = 0

    @property
    def count(self) -> int:
        return len(self._lines)

    def line(self, index: int, width: int) -> Line:
        line = self._lines[index]
        if self.chosen and self._of[index] == self.chosen:
            return (Span("▎", "accent"), *line)
        return (Span(" "), *line)

    def show(self, turns: list[Turn], *, fresh: bool) -> None:
        follow = fresh or self.at_end or not self.turns
        self.turns = turns
        if fresh:
            self._kept.clear()
        self._fill(follow)

    def stream(self, draft: chat.Draft) -> None:
        if draft != self.draft:
            follow = self.at_end or not self.turns
            self.draft = draft
            self._fill(follow)

    def follow(self) -> None:
        """Scroll to the end, and follow it."""
        self.go(self.count)

    def choose(self, turn: int, reveal: bool) -> None:
        """Highlight the turn of the cursor of the steps."""
        if turn == self.chosen:
            return
        before, self.chosen = self._span(self.chosen), turn
        after = self._span(turn)
        for span in (before, after):
            if span is not None:
                self.redraw_lines(*span)
        if reveal and after is not None:
            first, last = after
            top, height = self.scroll_offset.y, self.scrollable_content_region.height
            if first < top or last >= top + height:
                self.go(
                    min(first, max(last - height + 1, 0)) if last - first >= height else max(last - height + 1, 0)
                )

    def _span(self, turn: int) -> tuple[int, int] | None:
        """Return the first and the last line of a turn, if it is shown."""
        if not turn or turn not in self._of:
            return None
        return self._of.index(turn), len(self._of) - 1 - self._of[::-1].index(turn)

    def rewrap(self) -> None:
        self._kept.clear()
        self._fill(self.at_end)

    def _fill(self, follow: bool) -> None:
        width = self.cells - 1
        lines: list[Line] = []
        of: list[int] = []
        shown = self.turns[-chat.SHOWN :]
        airy = self.scrollable_content_region.height >= 14
        if len(shown) < len(self.turns):
            lines.append(
                (Span(f"… {len(self.turns) - len(shown):,} earlier turns: the steps list has them", "dim"),)
            )
        for turn in shown:
            kept = self._kept.get(turn.turn)
            if kept is None or kept[0] is not turn:
                kept = (turn, chat.turn(turn, width, self.retry))
                self._kept[turn.turn] = kept
            if airy and lines:
                lines.append(BLANK)
            of += [0] * (len(lines) - len(of))
            lines += kept[1]
            of += [turn.turn] * len(kept[1])
        lines += chat.draft(self.draft, width)
        hinted = not lines
        if hinted:
            for text in self.hint:
                lines += wrap([Span(text, "dim")], width)
        of += [0] * (len(lines) - len(of))
        self._lines, self._of = lines, of
        self.redraw()
        if follow:
            self.go(0 if hinted else self.count)
