"""A folded turn in one line: what the customer said, how many moves, the worst that came of them."""

from __future__ import annotations

from ...trace.steps import Move, TurnMoves
from .lanes import Notes
from .rows import QUIET_ENDS, Row, bad
from .text import Bit, Line, fit, one_line, width


def worst(turn: TurnMoves) -> Bit:
    """The sign of the worst outcome in a turn, and how often it came."""
    if turn.end is not None and turn.end.reason not in QUIET_ENDS:
        return Bit("■ ended", "bad")
    moves = turn.moves
    for glyph, role, found in (
        ("⚠", "bad", sum(bool(m.faults) for m in moves)),
        ("✗", "bad", sum(_held(m) for m in moves)),
        ("↑", "warn", sum(m.handoff is not None for m in moves)),
        ("↻", "warn", sum(any(d.verdict == "rewrite" for d in m.decisions) for m in moves)),
    ):
        if found:
            return Bit(f"{glyph} {found}", role)
    return Bit("✓", "good")


def _held(move: Move) -> bool:
    return bad(move) and not move.faults


def line(row: Row, turn: TurnMoves, cells: int, notes: Notes) -> Line:
    """The header of a turn that is folded."""
    words = one_line(row.move.message.text) if row.move and row.move.message else ""
    count = sum(1 for move in turn.moves if move.message is None)
    told = [Bit(f"  {count} move{'' if count == 1 else 's'} ", "dim"), worst(turn)]
    head = [Bit("▸ ", "accent"), Bit(f"turn {turn.turn} ", "head"), Bit(words, "user")]
    return (*fit(head, max(cells - 3 - width(told), 12)), *told, *notes.bits)
