"""The list of transcripts, past and imported conversations. Rows are fetched when they become visible."""

from __future__ import annotations

import time
from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from ...text import display_width
from ...workspace.library import Entry, SearchResult
from ..view.status import relative_time
from ..view.text import Line, Span, cut, fit, one_line, wrap
from ..view.titles import cut_apart, differences
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
SHORT = 9  # cells: a time of day or a short id stays whole
ALIKE = 12  # equal first characters that make two titles look alike
HELD = 20 * PAGE  # rows held at most
READING = "reading transcripts and past conversations…"
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
        self.hints = [READING]
        self._rows: dict[int, Entry] = {}
        self._apart: dict[str, str] = {}  # what distinguishes an entry from similar ones, by ref
        self._equal: set[str] = set()  # refs with the title of another one
        self._differ: dict[str, int] = {}  # where a title, or the id of an equal one, begins to differ

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
                self._forget_differences()
            start = index - index % PAGE
            page = self.fetch(self.numbers[start : start + PAGE])
            self._rows |= {entry.row_id: entry for entry in page}
            self._learn(page)
        return self._rows.get(self.numbers[index])

    def _learn(self, page: list[Entry]) -> None:
        """Find out how the entries of a page differ from each other."""
        self._apart |= disambiguate(page)
        titles = {e.ref: one_line(e.title or e.id, 200) for e in page}
        times = Counter(title.casefold() for title in titles.values())
        self._equal |= {ref for ref, title in titles.items() if times[title.casefold()] > 1}
        self._differ |= differences(titles)
        ids = {f"id {ref}": apart for ref, apart in self._apart.items() if ref in self._equal}
        self._differ |= differences(ids)

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
        self._rows = {}
        self._forget_differences()
        self.redraw()

    def _forget_differences(self) -> None:
        self._apart, self._equal, self._differ = {}, set(), {}

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
        """Return a title and its tags if there is room; what similar titles differ in stays visible.

        An equal title is cut at its end, and followed by what distinguishes the entries.
        """
        title, role = one_line(e.title or e.id, 200), "dim" if e.row_id in self.reviewed else ""
        apart = self._apart.get(e.ref, "")
        tags = "".join(f" #{one_line(tag, 40)}" for tag in e.tags)
        if display_width(title + tags) + len(apart) + bool(apart) <= cells:
            return [Span(title, role), Span(tags, "accent"), Span(f" {apart}" if apart else "", "dim")]
        equal = e.ref in self._equal
        beside = (
            f" {cut_apart(apart, self._differ.get(f'id {e.ref}', 0), max(cells // 2, SHORT), head=0)}"
            if equal and apart
            else ""
        )
        tags = cut(tags, max((cells - len(beside)) // 3, 0))
        room = cells - len(beside) - display_width(tags)
        short = cut(title, room) if equal else cut_apart(title, self._differ.get(e.ref, 0), room)
        return [Span(short, role), Span(tags, "accent"), Span(beside, "dim")]


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
