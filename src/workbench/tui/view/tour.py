"""The tour as lines: what is done, what comes, and what to do now."""

from __future__ import annotations

import re

from ...workspace.tour import STEPS, Tour
from .. import actions
from .text import Bit, Line, wrap

INDENT = 1


def lines(tour: Tour, cells: int) -> list[Line]:
    """A line of steps and what the present one asks for."""
    bits = [Bit(" Tour ", "title"), Bit(" ")]
    for number, step in enumerate(STEPS):
        sign, role = ("✓", "good") if number < tour.at else ("▸", "accent") if number == tour.at else ("·", "dim")
        bits += [Bit(f" {sign} {step.name}", role)]
    bits.append(Bit(f"   {actions.key('quit')} leaves", "dim"))
    return [tuple(bits), *wrap([Bit(" "), *words(tour.words)], cells, INDENT)]


def words(text: str) -> list[Bit]:
    """What a step says; {id} becomes the key that does the action, and keys stand out."""
    bits: list[Bit] = []
    for part in re.split(r"(\{\w+\}|\benter\b|ctrl\+s)", text):
        key = part.startswith("{")
        bits.append(
            Bit(actions.key(part[1:-1]) if key else part, "key" if key or part in ("enter", "ctrl+s") else "")
        )
    return bits
