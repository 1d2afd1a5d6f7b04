"""The list of transcripts and past conversations."""

from __future__ import annotations

from ...library import Entry
from ..present.status import ago
from ..present.text import Bit, Line, fit, one_line
from .lines import LineList

STATES = {
    "guard": ("◆", "good", "guard"),
    "open": ("✗", "bad", "mistake, open"),
    "guarding": ("✓", "good", "mistake, guarding"),
    "session": ("·", "dim", "conversation"),
    "unreadable": ("⚠", "bad", "cannot be read"),
}
WIDE = 70  # cells from which there is room for columns
AGENT = 100  # cells from which there is room for the agent's name


class ShelfList(LineList):
    """One entry a line; more columns where there is room."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.entries: list[Entry] = []
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
        if kept is not None:
            self.cursor = next((i for i, e in enumerate(entries) if e.id == kept.id), 0)
        self.redraw()

    def line(self, index: int, width: int) -> Line:
        if not self.entries:
            return fit([Bit(self.hint, "dim")], width)
        e = self.entries[index]
        glyph, role, words = STATES.get(e.state, ("·", "dim", e.state))
        title = Bit(one_line(e.title or e.id, 200))
        marks = Bit(f" ⚑{e.marks}" if e.marks else "", "mark")
        dated = e.when and e.kind == "session"  # the time of a transcript's file says nothing of the talk
        when = ago(e.when).removesuffix(" ago") if dated else ""
        if width < WIDE:
            return (
                Bit(f"{glyph} ", role),
                *fit([title, marks], max(width - 2 - (8 if when else 0), 8)),
                *([Bit(f" {when:>7}", "dim")] if when else []),
            )
        agent = 16 if width >= AGENT else 0
        return (
            *fit([Bit(f"{glyph} {words}", role)], 21),
            *fit([title], width - 21 - agent - 10 - 6 - 9),
            *fit([Bit(f"  {one_line(e.agent, 40)}", "dim")], agent),
            *fit([Bit(f"{e.turns:>4} turns" if e.turns != 1 else "   1 turn", "dim")], 10),
            *fit([marks], 6),
            *fit([Bit(f"{when:>8}", "dim")], 9),
        )
