"""The tour as lines: its steps, and the instructions of the current one."""

from __future__ import annotations

import re

from ...workspace.tour import STEPS, Tour
from .. import actions
from .text import Line, Span, wrap

INDENT = 1


def lines(tour: Tour, cells: int) -> list[Line]:
    """Return the list of steps, and the instructions of the current one."""
    bits = [Span(" Tour ", "title"), Span(" ")]
    for number, event in enumerate(STEPS):
        sign, role = ("✓", "good") if number < tour.at else ("▸", "accent") if number == tour.at else ("·", "dim")
        bits += [Span(f" {sign} {event.name}", role)]
    bits.append(Span(f"   {actions.key('quit')} quits", "dim"))
    return [tuple(bits), *wrap([Span(" "), *highlighted(tour.words)], cells, INDENT)]


def highlighted(text: str) -> list[Span]:
    """Return the text of a step: {id} becomes the key of the action, and keys are highlighted."""
    bits: list[Span] = []
    for part in re.split(r"(\{\w+\}|\benter\b|ctrl\+s)", text):
        key = part.startswith("{")
        bits.append(
            Span(actions.key(part[1:-1]) if key else part, "key" if key or part in ("enter", "ctrl+s") else "")
        )
    return bits
