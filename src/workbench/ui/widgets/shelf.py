"""The list of transcripts and past conversations."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

from ...library import Entry
from ..present.status import ago
from ..present.text import Bit, Line, cut, fit, one_line
from .lines import LineList

STATES = {
    "guard": ("◆", "good", "guard"),
    "open": ("○", "warn", "mistake, open"),
    "guarding": ("✓", "good", "mistake, guarding"),
    "session": ("·", "dim", "conversation"),
    "unreadable": ("!", "bad", "cannot be read"),
}
LEGEND = "◆ guard ○ open ✓ guards · talk"  # fits the list at 120 columns
WIDE = 70  # cells from which there is room for columns
AGENT = 100  # cells from which there is room for the agent's name


class ShelfList(LineList):
    """One entry a line; more columns where there is room."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.entries: list[Entry] = []
        self._apart: dict[str, str] = {}
        self.hint = "Nothing to review yet: talk in Develop (R), and save with t."

    @property
    def count(self) -> int:
        return len(self.entries) or 1

    @property
    def entry(self) -> Entry | None:
        return self.entries[self.cursor] if self.cursor < len(self.entries) else None

    def show(self, entries: list[Entry]) -> None:
        kept = self.entry
        self.entries = entries
        self._apart = told_apart(entries)
        if kept is not None:
            self.cursor = next((i for i, e in enumerate(entries) if e.id == kept.id), 0)
        self.redraw()

    def line(self, index: int, width: int) -> Line:
        if not self.entries:
            return fit([Bit(self.hint, "dim")], width)
        e = self.entries[index]
        glyph, role, words = STATES.get(e.state, ("·", "dim", e.state))
        title, apart = one_line(e.title or e.id, 200), self._apart.get(e.id, "")
        marks = Bit(f" ⚑{e.marks}" if e.marks else "", "mark")
        dated = e.when and e.kind == "session"  # the time of a transcript's file says nothing of the talk
        when = ago(e.when).removesuffix(" ago") if dated else ""
        if width < WIDE:
            cells = max(width - 2 - (8 if when else 0), 8)
            return (
                Bit(f"{glyph} ", role),
                *fit([*self._title(title, apart, cells - len(marks.text)), marks], cells),
                *([Bit(f" {when:>7}", "dim")] if when else []),
            )
        agent = 16 if width >= AGENT else 0
        cells = width - 21 - agent - 10 - 6 - 9
        return (
            *fit([Bit(f"{glyph} {words}", role)], 21),
            *fit(self._title(title, apart, cells), cells),
            *fit([Bit(f"  {one_line(e.agent, 40)}", "dim")], agent),
            *fit([Bit(f"{e.turns:>4} turns" if e.turns != 1 else "   1 turn", "dim")], 10),
            *fit([marks], 6),
            *fit([Bit(f"{when:>8}", "dim")], 9),
        )

    def _title(self, title: str, apart: str, cells: int) -> list[Bit]:
        """A title, cut before what tells it from others of the same name."""
        beside = Bit(f" {apart}" if apart else "", "dim")
        return [Bit(cut(title, cells - len(beside.text))), beside]


def told_apart(entries: list[Entry]) -> dict[str, str]:
    """What tells entries of the same title apart, by id: the file of a transcript, the time of a talk."""
    same = Counter(e.title for e in entries)
    found: dict[str, str] = {}
    for form in ("%H:%M", "%H:%M:%S"):
        twice = Counter((e.title, found.get(e.id, "")) for e in entries)
        for e in entries:
            if same[e.title] > 1 and twice[(e.title, found.get(e.id, ""))] > 1:
                clock = time.strftime(form, time.localtime(e.when)) if e.when else ""
                found[e.id] = clock if e.kind == "session" else Path(e.id).stem
    return found
