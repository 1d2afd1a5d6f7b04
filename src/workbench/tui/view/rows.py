"""Rows of the steps list: what a turn comes to, a move a row or a step a row.

A `Row` knows its place and what of the move it shows; `lanes.py` and the
narrow list draw it. Rows are made once per turn and kept, so that a new step
costs one turn and a repaint costs only the rows in sight.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from ...trace.events import AnyStep, Decision, Fault, HandOff, TurnEnd, UserMessage
from ...trace.step_id import Place
from ...trace.steps import Move, TurnMoves, moves

Part = Literal["turn", "move", "think", "act", "policy", "fault", "handoff", "end"]

CUT_OFF = ("killed", "interrupted", "limit")  # ends that stop a tool
QUIET_ENDS = ("replied", "handed_off")  # ends that another row has told already


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `number` counts the agent's moves from 1 over the whole conversation; 0 for the customer's.

    A "policy" row is that of one `decision`, or, without one, of all that allowed the move.
    """

    part: Part
    place: Place
    move: Move | None = None
    number: int = 0
    decision: Decision | None = None
    fault: Fault | None = None
    handoff: HandOff | None = None
    end: TurnEnd | None = None
    over: str = ""  # how the turn of a move ended, where it has

    @property
    def stopped(self) -> bool:
        """Whether its call was still running when the turn was ended."""
        return self.move is not None and unfinished(self.move) and self.over in CUT_OFF

    @property
    def failed(self) -> bool:
        """Whether something was stopped, refused or broke here. A rewrite is none of these."""
        if self.part in ("end", "fault"):
            return True
        if self.part == "handoff":
            return self.handoff is not None and self.handoff.by != "model"
        if self.part == "policy":
            return self.decision is not None and self.decision.verdict in ("block", "escalate")
        held = self.move is not None and self.part in ("turn", "move", "act") and bad(self.move)
        return held or self.stopped


def unfinished(move: Move) -> bool:
    return move.call is not None and move.result is None and move.effect in ("allowed", "rewritten")


def bad(move: Move) -> bool:
    """Whether a move did not go through: held back, refused, or broken."""
    through = ("allowed", "rewritten")
    if move.faults or move.effect not in through or move.after_effect not in through:
        return True
    return move.result is not None and move.result.outcome != "ok"


@dataclass(slots=True, eq=False)
class _Turn:
    """The steps of one turn; `first` counts the agent's moves before it."""

    index: int
    steps: list[AnyStep] = field(default_factory=list)
    first: int = 0
    rows: list[Row] = field(default_factory=list)
    moves: TurnMoves | None = None


class Book:
    """A conversation as rows, kept up to date a step at a time. `wide`: a move a row; else a step a row."""

    def __init__(self, wide: bool = True) -> None:
        self.wide = wide
        self.rows: list[Row] = []
        self._turns: list[_Turn] = []
        self._numbered: dict[int, _Turn] = {}
        self._seen = 0

    @property
    def turns(self) -> list[TurnMoves]:
        return [t.moves for t in self._turns if t.moves is not None]

    def turn(self, number: int) -> TurnMoves:
        """The moves of one turn."""
        found = self._numbered.get(number)
        return found.moves if found is not None and found.moves is not None else TurnMoves(number)

    def lay_out(self, wide: bool) -> None:
        """Make all rows again for the other layout."""
        if wide != self.wide:
            self.wide = wide
            self.rows = []
            for turn in self._turns:
                turn.rows = _rows(turn.moves, turn.first, wide) if turn.moves else []
                self.rows += turn.rows

    def read(self, trace: Any) -> bool:
        """Take in what `trace` has more than at the last reading. True where anything is new."""
        size = len(trace)
        if size == self._seen:
            return False
        touched: dict[int, _Turn] = {}
        for index in range(self._seen, size):
            step = trace[index]
            if not self._turns or isinstance(step, UserMessage) or step.turn != self._turns[-1].steps[0].turn:
                self._turns.append(_Turn(len(self._turns)))
            turn = self._numbered[step.turn] = self._turns[-1]
            turn.steps.append(step)
            touched[id(turn)] = turn
        self._seen = size
        for turn in touched.values():
            self._remake(turn)
        return True

    def _remake(self, turn: _Turn) -> None:
        before = self._turns[turn.index - 1] if turn.index else None
        turn.first = before.first + _count(before.moves) if before else 0
        found = moves(turn.steps)
        turn.moves = found[0] if found else None
        if turn.rows:
            del self.rows[len(self.rows) - len(turn.rows) :]
        turn.rows = _rows(turn.moves, turn.first, self.wide) if turn.moves else []
        self.rows += turn.rows


def _count(turn: TurnMoves | None) -> int:
    return sum(1 for m in turn.moves if m.message is None and not _empty(m)) if turn else 0


def _empty(move: Move) -> bool:
    """Only something that broke, or a hand-off, beside all moves: it has a row of its own."""
    return not (move.message or move.answer or move.call or move.reply or move.result or move.decisions)


def _rows(turn: TurnMoves, first: int, wide: bool) -> list[Row]:
    rows: list[Row] = []
    number = first
    over = turn.end.reason if turn.end is not None else ""
    if not turn.moves or turn.moves[0].message is None:
        rows.append(Row("turn", Place(turn.turn)))
    for move in turn.moves:
        if move.message is not None:
            rows.append(Row("turn", move.place, move))
        elif not _empty(move):
            number += 1
        if not wide:
            rows += _parts(move, number, over)
        elif move.message is None and not _empty(move):
            rows.append(Row("move", move.place, move, number, over=over))
        for fault in move.faults:
            if not wide or _alone(move, fault):
                rows.append(Row("fault", move.place, move, number, fault=fault))
        if move.handoff is not None:
            rows.append(Row("handoff", move.place, move, number, handoff=move.handoff))
    if turn.end is not None and turn.end.reason not in QUIET_ENDS:
        last = turn.moves[-1].place if turn.moves else Place(turn.turn)
        rows.append(Row("end", last, turn.moves[-1] if turn.moves else None, number, end=turn.end))
    return rows


def _alone(move: Move, fault: Fault) -> bool:
    """A fault that no tool or policy column can show: of the worker, the model, a condition, a journey."""
    return fault.origin not in ("tool", "policy") or (fault.origin == "tool" and move.call is None)


def _parts(move: Move, number: int, over: str) -> list[Row]:
    rows: list[Row] = []
    if move.message is None and not _empty(move):
        if move.reasoning.strip():
            rows.append(Row("think", move.place, move, number))
        rows.append(Row("act", move.place, move, number, over=over))
    rows += [Row("policy", move.place, move, number, decision=d) for d in move.decisions if d.verdict != "allow"]
    if any(d.verdict == "allow" for d in move.decisions):
        rows.append(Row("policy", move.place, move, number))
    return rows
