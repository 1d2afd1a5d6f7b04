"""Two runs of one conversation on one index: what is the same, and where they first part.

Turns meet by their number, moves within a turn by what was done. Where two
moves really differ is decided as in a replay (`replay.differs`), and by the
words and deeds of the customer and the model, which a replay holds fixed.
All that differs after the first real difference is taken as its consequence.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import takewhile, zip_longest
from typing import Literal, NamedTuple

import msgspec

from ..errors import UsageError
from ..replay.rerun import differs, said, undecided
from ..replay.tape import STOPPED
from ..trace.events import Prompt
from ..trace.setup import Setup
from ..trace.steps import Move, TurnMoves, moves
from ..trace.trace import Trace

Status = Literal[
    "same",
    "drift",  # other words of a policy, another thought, another prompt: the same deed
    "differs",
    "left",  # only the left run has it
    "right",
]
About = Literal["", "customer", "model", "policy", "tool", "result", "end", "fault"]  # what a difference is one of

Prompts = tuple[Prompt | None, Prompt | None]

MANY = 40_000  # pairs of signatures beyond which a turn is paired in order


class Side(NamedTuple):
    """One of the two runs. `name` stands in sentences ("the record"), `title` above its column.

    `rerun`: today's code on the tape, so it ends at its first difference and no model was asked.
    `off` names the parts of the agent that were switched off in it.
    """

    id: str
    name: str
    title: str
    setup: Setup
    trace: Trace
    rerun: bool = False
    off: tuple[str, ...] = ()


class Pair(NamedTuple):
    """One row of the index: a move of each run, or of one of them. `why` says in words what differs."""

    turn: int
    left: Move | None
    right: Move | None
    status: Status
    why: str = ""
    about: About = ""
    prompts: Prompts = (None, None)

    @property
    def parts(self) -> bool:
        """Whether the runs really differ here."""
        return self.status not in ("same", "drift")


class Comparison(NamedTuple):
    """`first` is the index of the first real difference, -1 where there is none."""

    left: Side
    right: Side
    pairs: list[Pair]
    first: int

    @property
    def start(self) -> int:
        """The row to begin at: the first difference, else the first drift."""
        return max(self.first if self.first >= 0 else self.jump(-1, True), 0)

    def follows(self, index: int) -> bool:
        """Whether a row differs as a consequence of the first difference."""
        return 0 <= self.first < index and self.pairs[index].parts

    def jump(self, start: int, forward: bool) -> int:
        """The next row that parts the runs, or drifts where none parts them; -1 where there is none."""
        order = range(start + 1, len(self.pairs)) if forward else range(start - 1, -1, -1)
        return next((i for i in order if self._stops(self.pairs[i])), -1)

    def _stops(self, pair: Pair) -> bool:
        return pair.parts if self.first >= 0 else pair.status == "drift"


def check(left: Side, right: Side) -> None:
    """Raise UsageError where two runs cannot be compared."""
    for side in (left, right):
        if not len(side.trace):
            raise UsageError(f"there are no steps in {side.name}", next="say something first")
    if left.setup.agent != right.setup.agent:
        raise UsageError(
            f"{left.name} is a conversation with {left.setup.agent}, {right.name} with {right.setup.agent}",
            next="compare two of one agent",
        )
    if left.id == right.id:
        raise UsageError("this is the same conversation twice", next="go to another one, then compare")


def compare(left: Side, right: Side) -> Comparison:
    """Both runs as they stand now, on one index. Raises UsageError for what cannot be compared."""
    check(left, right)
    pairs = list(_pairs(left.trace, right.trace))
    first = next((i for i, pair in enumerate(pairs) if pair.parts), -1)
    return Comparison(left, right, pairs, first)


def _pairs(left: Trace, right: Trace) -> Iterator[Pair]:
    a, b = ({t.turn: t for t in moves(trace.steps)} for trace in (left, right))
    sent = _Sent(left), _Sent(right)
    told: tuple[object, object] = (None, None)  # the prompts that differed last
    for number in sorted(a.keys() | b.keys()):
        ours, theirs = a.get(number), b.get(number)
        row: list[Pair] = []
        for one, other in _align(ours.moves if ours else [], theirs.moves if theirs else []):
            there = one or other
            assert there is not None
            prompts = sent[0].at(there if one is None else one), sent[1].at(there if other is None else other)
            keys = _key(prompts[0]), _key(prompts[1])
            fresh = None not in keys and keys[0] != keys[1] and keys != told
            told = keys if None not in keys else told
            pair = _judge(number, one, other, _broken_off(ours, theirs), fresh, prompts)
            row.append(pair._replace(prompts=prompts))
        yield from _ended(row, ours, theirs)


def _align(left: list[Move], right: list[Move]) -> Iterator[tuple[Move | None, Move | None]]:
    """Moves of one turn side by side: those that are equal, then those of one kind, then in order.

    From the front as long as they are equal: a difference is where a run left the other, and no earlier.
    """
    alike = takewhile(lambda pair: _deed(pair[0], True) == _deed(pair[1], True), zip(left, right, strict=False))
    front = list(alike)
    yield from front
    left, right = left[len(front) :], right[len(front) :]
    if len(left) * len(right) > MANY:
        yield from zip_longest(left, right)
        return
    for same, ours, theirs in _blocks(left, right, exact=True):
        if same:
            yield from zip(ours, theirs, strict=True)
            continue
        for _, some, others in _blocks(ours, theirs, exact=False):
            yield from zip_longest(some, others)


def _blocks(left: list[Move], right: list[Move], exact: bool) -> Iterator[tuple[bool, list[Move], list[Move]]]:
    ours, theirs = [_deed(m, exact) for m in left], [_deed(m, exact) for m in right]
    for what, i, j, k, n in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        yield what == "equal", left[i:j], right[k:n]


def _deed(move: Move, exact: bool) -> tuple[str, ...]:
    """What a move is told from others by: its kind and tool, and when `exact` its words or arguments too."""
    if move.call is not None:
        return (move.call.tool, _text(move.call.args)) if exact else (move.call.tool,)
    if move.message is not None or move.answer is not None or move.reply is not None:
        kind = "" if move.message is None else "message"
        return (kind, words(move)) if exact else (kind,)
    return ("fault",)


def _text(value: object) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()


def words(move: Move) -> str:
    """What the customer or the model said; where no answer is recorded, what the customer was sent."""
    if move.message is not None:
        return str(move.message.text)
    return move.answer.text if move.answer is not None else str(move.reply.text) if move.reply is not None else ""


def _broken_off(left: TurnMoves | None, right: TurnMoves | None) -> bool:
    """Whether one of them was stopped in the middle of something, or does not say how it ended."""
    return any(turn is not None and (turn.end is None or turn.end.reason in STOPPED) for turn in (left, right))


def _judge(
    turn: int, left: Move | None, right: Move | None, cut_off: bool, prompt: bool, prompts: Prompts
) -> Pair:
    if left is None or right is None:
        there = left or right
        assert there is not None
        about: About = "customer" if there.message is not None else "model"
        return Pair(turn, left, right, "left" if right is None else "right", "only here", about)
    stopped = cut_off and (undecided(left, right, prompts[0]) or undecided(right, left, prompts[1]))
    effects = _effects(left, right, cut_off) if not stopped else None
    why, about = _deeds(left, right) or effects or ("", "")
    if why:
        return Pair(turn, left, right, "differs", why, about)
    drifts = _drifts(left, right, prompt)
    return Pair(turn, left, right, "drift" if drifts else "same", ", ".join(drifts))


def _deeds(left: Move, right: Move) -> tuple[str, About] | None:
    """What the customer or the model did otherwise."""
    if _deed(left, False) != _deed(right, False):
        if left.call is not None and right.call is not None:
            return "another tool is called", "model"
        return ("one of them calls a tool", "model") if left.call or right.call else ("something broke", "fault")
    if _deed(left, True) != _deed(right, True):
        if left.message is not None:
            return "the customer wrote something else", "customer"
        return "other arguments" if left.call is not None else "other words", "model"
    return None


def _effects(left: Move, right: Move, cut_off: bool) -> tuple[str, About] | None:
    """What became of the same deed: first by the rule of a replay, whichever side is the record."""
    why = differs(left, right, cut_off) or differs(right, left, cut_off)
    if why:
        refused = {"rejected", "absent"} & {left.effect, right.effect}
        policy = left.effect != right.effect or left.after_effect != right.after_effect or "rewritten" in why
        return why, "tool" if refused else "policy" if policy else "result"
    if bool(left.faults) != bool(right.faults):
        return "something broke", "fault"
    before, after = left.result, right.result
    if before is not None and after is not None and before.outcome == after.outcome:
        if before.value != after.value:
            return "the tool gave something else", "result"
        if before.changed != after.changed:
            return "the tool changed something else", "result"
    elif (before is None) != (after is None) and not cut_off:
        return "one of them was not run", "end"
    return None


def _drifts(left: Move, right: Move, prompt: bool) -> list[str]:
    """What differs without being another deed."""
    found = ["another prompt"] if prompt else []
    if said(left) != said(right):
        found.append("the policies say it otherwise")
    if left.reasoning != right.reasoning:
        found.append("another thought")
    if (left.reply and left.reply.text) != (right.reply and right.reply.text):
        found.append("a policy tells the customer something else")
    return found


def _ended(row: list[Pair], left: TurnMoves | None, right: TurnMoves | None) -> list[Pair]:
    """A turn whose moves are alike, but which ended otherwise, differs in its last row."""
    if left is None or right is None or left.end is None or right.end is None or not row:
        return row
    if left.end.reason == right.end.reason or any(pair.parts for pair in row):
        return row
    why = f"the turn ended otherwise: {left.end.reason} → {right.end.reason}"
    return [*row[:-1], row[-1]._replace(status="differs", why=why, about="end")]


class _Sent:
    """The prompts of a run, each standing until the next."""

    def __init__(self, trace: Trace) -> None:
        self._prompts = [step for step in trace.steps if isinstance(step, Prompt)]
        self._places = [(p.turn, p.answer) for p in self._prompts]

    def at(self, move: Move) -> Prompt | None:
        """What stood when this move was made, here or on the other side; None for the customer's."""
        at = bisect_right(self._places, (move.place.turn, move.place.answer)) if move.message is None else 0
        return self._prompts[at - 1] if at else None


def _key(prompt: Prompt | None) -> object:
    """What of a prompt reaches the model."""
    return None if prompt is None else (prompt.spans, prompt.tools, prompt.model, prompt.params)
