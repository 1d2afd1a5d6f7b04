"""The list of transcripts, past and imported conversations. Rows are fetched when they become visible."""

from __future__ import annotations

import time
from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from ...workspace.library import Entry, SearchResult
from ..view.status import relative_time
from ..view.text import Line, Span, cut, fit, one_line, wrap
from .list import ListPane

STATES = {
    "golden": ("◆", "good", "golden", "golden"),
    "open": ("○", "warn", "open", "mistake, open"),
    "fixed": ("✓", "good", "fixed", "mistake, fixed"),
    "session": ("·", "dim", "past", "conversation"),
    "import": ("↓", "dim", "import", "imported"),
    "unreadable": ("!", "bad", "broken", "cannot be read"),
}
LEGEND = "◆ golden ○ open ✓ fixed · past"  # fits the list at 120 columns
WIDE = 70  # cells from which there is room for columns
AGENT = 100  # cells from which there is room for the agent's name
PAGE = 100  # rows fetched at a time
MIN_TITLE = 12  # cells; a shorter part of a title says less than a file name
ALIKE = 12  # equal first characters that make two titles look alike
HELD = 20 * PAGE  # rows held at most
EMPTY = "Nothing to review yet: talk to the agent in Develop (R), and save with t."

Fetch = Callable[[Sequence[int]], list[Entry]]


class LibraryList(ListPane):
    """Lists entries, with more columns if there is room. Keeps all numbers, but only recently shown rows."""

    def __init__(self, fetch: Fetch = lambda numbers: [], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.fetch = fetch
        self.numbers: Sequence[int] = array("I")
        self.reviewed: set[int] = set()
        self.chosen: set[int] = set()
        self.hints = [EMPTY]
        self._rows: dict[int, Entry] = {}
        self._apart: dict[str, str] = {}

    @property
    def count(self) -> int:
        return len(self.numbers) or len(self._hints())

    @property
    def items(self) -> int:
        return len(self.numbers) or 1

    @property
    def entry(self) -> Entry | None:
        return self.entry_at(self.cursor)

    def entry_at(self, index: int) -> Entry | None:
        """Return the entry of a line; None if there is none, or it was removed after the search."""
        if not 0 <= index < len(self.numbers):
            return None
        if self.numbers[index] not in self._rows:
            if len(self._rows) >= HELD:
                self._rows.clear()
                self._apart.clear()
            start = index - index % PAGE
            page = self.fetch(self.numbers[start : start + PAGE])
            self._rows |= {entry.row_id: entry for entry in page}
            self._apart |= disambiguate(page)
        return self._rows.get(self.numbers[index])

    def show(self, found: SearchResult, cursor: int) -> None:
        """Show a search result, with the cursor on one of its lines."""
        self.numbers, self.reviewed = found.numbers, found.reviewed
        if self.chosen:
            self.chosen &= set(found.numbers)
        self.cursor = cursor
        self.forget()
        self.show_cursor()

    def forget(self) -> None:
        """Forget the rows, which may have changed: they are fetched again."""
        self._rows, self._apart = {}, {}
        self.redraw()

    def _hints(self) -> list[Line]:
        return [line for hint in self.hints for line in wrap([Span(hint, "dim")], self.cells)]

    def line(self, index: int, width: int) -> Line:
        if not self.numbers:
            return fit(self._hints()[index], width)
        e = self.entry_at(index)
        if e is None:
            return fit([Span("  … changed since the search", "dim")], width)
        sign = self._sign(e.row_id)
        glyph, role, short, words = STATES.get(e.state, ("·", "dim", e.state, e.state))
        signs = [Span(" !", "warn")] if e.risk_signals else []
        signs += [Span(f" ⚑{e.annotations}", "annotation")] if e.annotations else []
        dated = (
            e.when and e.kind != "transcript"
        )  # the time of a transcript's file is not that of the conversation
        when = relative_time(e.when).removesuffix(" ago") if dated else ""
        if width < WIDE:
            cells = max(width - 3 - (8 if when else 0), 8)
            room = cells - sum(len(bit.text) for bit in signs)
            return (
                sign, Span(f"{glyph} ", role), *fit([*self._title(e, room), *signs], cells),
                *([Span(f" {when:>7}", "dim")] if when else []),
            )  # fmt: skip
        agent, state = (16, 21) if width >= AGENT else (0, 10)
        cells = width - 1 - state - agent - 10 - 8 - 9
        return (
            sign,
            *fit([Span(f"{glyph} {words if agent else short}", role)], state),
            *fit(self._title(e, cells), cells),
            *fit([Span(f"  {one_line(e.agent, 40)}", "dim")], agent),
            *fit([Span(f"{e.turns:>4} turns" if e.turns != 1 else "   1 turn", "dim")], 10),
            *fit(signs, 8),
            *fit([Span(f"{when:>8}", "dim")], 9),
        )

    def _sign(self, number: int) -> Span:
        if number in self.chosen:
            return Span("▌", "accent")
        return Span("x" if number in self.reviewed else " ", "dim")

    def _title(self, e: Entry, cells: int) -> list[Span]:
        """Return a title, cut before what distinguishes it from similar ones, and its tags if there is room.

        If there is no room for a title, return only what distinguishes it.
        """
        apart = self._apart.get(e.ref, "")
        tags = "".join(f" #{one_line(tag, 40)}" for tag in e.tags)
        beside = Span(f" {apart}" if apart else "", "dim")
        room = cells - len(beside.text)
        tags = cut(tags, max(room // 3, 0)) if tags else ""
        if len(apart) >= MIN_TITLE > room - len(tags):
            return [Span(cut(apart, cells), "dim" if e.row_id in self.reviewed else "")]
        title = cut(one_line(e.title or e.id, 200), room - len(tags))
        return [Span(title, "dim" if e.row_id in self.reviewed else ""), Span(tags, "accent"), beside]


def disambiguate(entries: list[Entry]) -> dict[str, str]:
    """Distinguish entries whose titles begin alike, by ref: with a file name or the time."""
    alike = {e.ref: one_line(e.title, 200)[:ALIKE].casefold() for e in entries}
    same = Counter(alike.values())
    found: dict[str, str] = {}
    for form in ("%H:%M", "%H:%M:%S"):
        twice = Counter((alike[e.ref], found.get(e.ref, "")) for e in entries)
        for e in entries:
            if same[alike[e.ref]] > 1 and twice[(alike[e.ref], found.get(e.ref, ""))] > 1:
                clock = time.strftime(form, time.localtime(e.when)) if e.when else ""
                found[e.ref] = {"session": clock, "import": e.id[:6]}.get(e.kind, one_line(Path(e.id).stem, 200))
    return found
