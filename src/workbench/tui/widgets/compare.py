"""The panes of Compare: the steps of two runs, the causes, and a text difference."""

from __future__ import annotations

from textual.content import Content

from ...workspace.causes import DifferenceCause
from ...workspace.comparison import Comparison
from ..view import compare as present
from ..view.paragraphs import Block, plain_text, styled
from ..view.text import Line, Span, fit
from .list import ListPane
from .pane import Pane


class PairList(ListPane):
    """Lists the steps of both runs, one pair per line."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.of: Comparison | None = None

    @property
    def count(self) -> int:
        return len(self.of.pairs) if self.of is not None else 1

    def line(self, index: int, width: int) -> Line:
        if self.of is None:
            return fit([Span("Comparing …", "dim")], width)
        return present.row(self.of, index, width)

    def show(self, of: Comparison | None) -> None:
        self.of = of
        self.cursor = of.initial_row if of is not None else 0
        self.rewrap()
        self.call_after_refresh(self.show_cursor)

    def rewrap(self) -> None:
        self.border_title = Content(present.heading(self.of, self.cells) if self.of is not None else "1 Steps")
        super().rewrap()

    def jump(self, what: str, forward: bool) -> bool:
        """Go to the next or previous "turn", "step" or "difference". Returns False if there is none."""
        if self.of is None:
            return False
        to = (
            self.of.next_difference(self.cursor, forward)
            if what == "difference"
            else self._next(what == "turn", forward)
        )
        if to >= 0:
            self.move(to)
        return to >= 0

    def _next(self, turn: bool, forward: bool) -> int:
        assert self.of is not None
        order = range(self.cursor + 1, self.count) if forward else range(self.cursor - 1, -1, -1)
        return next((i for i in order if self._is_turn(i) is turn), -1)

    def _is_turn(self, index: int) -> bool:
        """Return whether a row begins a turn."""
        assert self.of is not None
        return index == 0 or self.of.pairs[index].turn != self.of.pairs[index - 1].turn


class CauseList(ListPane):
    """Lists the possible causes of the first difference, the most likely first."""

    HINT = "No recorded cause: setup, model, prompt, tools and policies are the same."

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.causes: list[DifferenceCause] = []

    @property
    def count(self) -> int:
        return len(self.causes) or 1

    @property
    def cause(self) -> DifferenceCause | None:
        return self.causes[self.cursor] if self.cursor < len(self.causes) else None

    def line(self, index: int, width: int) -> Line:
        if not self.causes:
            return fit([Span(self.HINT, "dim")], width)
        return present.cause(self.causes[index], width)

    def show(self, causes: list[DifferenceCause]) -> None:
        self.causes = causes
        self.cursor = 0
        self.redraw()


class DifferencePane(Pane):
    """Shows the pair or the cause that was selected last, in full."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._blocks: list[Block] = []
        self._lines: list[Line] = []

    @property
    def count(self) -> int:
        return len(self._lines)

    def line(self, index: int, width: int) -> Line:
        return self._lines[index]

    @property
    def text(self) -> str:
        return plain_text(self._blocks)

    def show(self, blocks: list[Block]) -> None:
        self._blocks = blocks
        self.rewrap()
        self.go(0)

    def rewrap(self) -> None:
        self._lines = styled(self._blocks, self.cells)
        self.redraw()
