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
from ..replay.rerun import decision_signature, divergence, stopped_mid_policy
from ..replay.tape import INTERRUPTED_ENDS
from ..trace.events import Prompt
from ..trace.setup import Setup
from ..trace.steps import Step, Turn, group_steps
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

MAX_ALIGNED = 40_000  # pairs of signatures beyond which a turn is paired in order


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
    disabled: tuple[str, ...] = ()


class AlignedStep(NamedTuple):
    """One row of the index: a move of each run, or of one of them. `why` says in words what differs."""

    turn: int
    left: Step | None
    right: Step | None
    status: Status
    why: str = ""
    about: About = ""
    prompts: Prompts = (None, None)

    @property
    def differs(self) -> bool:
        """Whether the runs really differ here."""
        return self.status not in ("same", "drift")


class Comparison(NamedTuple):
    """`first` is the index of the first real difference, -1 where there is none."""

    left: Side
    right: Side
    pairs: list[AlignedStep]
    first: int

    @property
    def initial_row(self) -> int:
        """The row to begin at: the first difference, else the first drift."""
        return max(self.first if self.first >= 0 else self.next_difference(-1, True), 0)

    def is_consequence(self, index: int) -> bool:
        """Whether a row differs as a consequence of the first difference."""
        return 0 <= self.first < index and self.pairs[index].differs

    def next_difference(self, start: int, forward: bool) -> int:
        """The next row that parts the runs, or drifts where none parts them; -1 where there is none."""
        order = range(start + 1, len(self.pairs)) if forward else range(start - 1, -1, -1)
        return next((i for i in order if self._stops(self.pairs[i])), -1)

    def _stops(self, pair: AlignedStep) -> bool:
        return pair.differs if self.first >= 0 else pair.status == "drift"


def ensure_comparable(left: Side, right: Side) -> None:
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
    ensure_comparable(left, right)
    pairs = list(_pairs(left.trace, right.trace))
    first = next((i for i, pair in enumerate(pairs) if pair.differs), -1)
    return Comparison(left, right, pairs, first)


def _pairs(left: Trace, right: Trace) -> Iterator[AlignedStep]:
    a, b = ({t.turn: t for t in group_steps(trace.events)} for trace in (left, right))
    sent = _Sent(left), _Sent(right)
    told: tuple[object, object] = (None, None)  # the prompts that differed last
    for number in sorted(a.keys() | b.keys()):
        ours, theirs = a.get(number), b.get(number)
        row: list[AlignedStep] = []
        for one, other in _align(ours.steps if ours else [], theirs.steps if theirs else []):
            there = one or other
            assert there is not None
            prompts = sent[0].at(there if one is None else one), sent[1].at(there if other is None else other)
            keys = _key(prompts[0]), _key(prompts[1])
            fresh = None not in keys and keys[0] != keys[1] and keys != told
            told = keys if None not in keys else told
            pair = _judge(number, one, other, _broken_off(ours, theirs), fresh, prompts)
            row.append(pair._replace(prompts=prompts))
        yield from _ended(row, ours, theirs)


def _align(left: list[Step], right: list[Step]) -> Iterator[tuple[Step | None, Step | None]]:
    """Moves of one turn side by side: those that are equal, then those of one kind, then in order.

    From the front as long as they are equal: a difference is where a run left the other, and no earlier.
    """
    alike = takewhile(
        lambda pair: _action(pair[0], True) == _action(pair[1], True), zip(left, right, strict=False)
    )
    front = list(alike)
    yield from front
    left, right = left[len(front) :], right[len(front) :]
    if len(left) * len(right) > MAX_ALIGNED:
        yield from zip_longest(left, right)
        return
    for same, ours, theirs in _blocks(left, right, exact=True):
        if same:
            yield from zip(ours, theirs, strict=True)
            continue
        for _, some, others in _blocks(ours, theirs, exact=False):
            yield from zip_longest(some, others)


def _blocks(left: list[Step], right: list[Step], exact: bool) -> Iterator[tuple[bool, list[Step], list[Step]]]:
    ours, theirs = [_action(m, exact) for m in left], [_action(m, exact) for m in right]
    for what, i, j, k, n in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        yield what == "equal", left[i:j], right[k:n]


def _action(step: Step, exact: bool) -> tuple[str, ...]:
    """What a move is told from others by: its kind and tool, and when `exact` its words or arguments too."""
    if step.call is not None:
        return (step.call.tool, _text(step.call.args)) if exact else (step.call.tool,)
    if step.message is not None or step.answer is not None or step.reply is not None:
        kind = "" if step.message is None else "message"
        return (kind, text_of(step)) if exact else (kind,)
    return ("fault",)


def _text(value: object) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()


def text_of(step: Step) -> str:
    """What the customer or the model said; where no answer is recorded, what the customer was sent."""
    if step.message is not None:
        return str(step.message.text)
    return step.answer.text if step.answer is not None else str(step.reply.text) if step.reply is not None else ""


def _broken_off(left: Turn | None, right: Turn | None) -> bool:
    """Whether one of them was stopped in the middle of something, or does not say how it ended."""
    return any(
        turn is not None and (turn.end is None or turn.end.reason in INTERRUPTED_ENDS) for turn in (left, right)
    )


def _judge(
    turn: int, left: Step | None, right: Step | None, cut_off: bool, prompt: bool, prompts: Prompts
) -> AlignedStep:
    if left is None or right is None:
        there = left or right
        assert there is not None
        about: About = "customer" if there.message is not None else "model"
        return AlignedStep(turn, left, right, "left" if right is None else "right", "only here", about)
    stopped = cut_off and (
        stopped_mid_policy(left, right, prompts[0]) or stopped_mid_policy(right, left, prompts[1])
    )
    effects = _effects(left, right, cut_off) if not stopped else None
    why, about = _actions(left, right) or effects or ("", "")
    if why:
        return AlignedStep(turn, left, right, "differs", why, about)
    drifts = _drifts(left, right, prompt)
    return AlignedStep(turn, left, right, "drift" if drifts else "same", ", ".join(drifts))


def _actions(left: Step, right: Step) -> tuple[str, About] | None:
    """What the customer or the model did otherwise."""
    if _action(left, False) != _action(right, False):
        if left.call is not None and right.call is not None:
            return "another tool is called", "model"
        return ("one of them calls a tool", "model") if left.call or right.call else ("something broke", "fault")
    if _action(left, True) != _action(right, True):
        if left.message is not None:
            return "the customer wrote something else", "customer"
        return "other arguments" if left.call is not None else "other words", "model"
    return None


def _effects(left: Step, right: Step, cut_off: bool) -> tuple[str, About] | None:
    """What became of the same deed: first by the rule of a replay, whichever side is the record."""
    why = divergence(left, right, cut_off) or divergence(right, left, cut_off)
    if why:
        refused = {"rejected", "absent"} & {left.effect, right.effect}
        policy = left.effect != right.effect or left.result_effect != right.result_effect or "rewritten" in why
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


def _drifts(left: Step, right: Step, prompt: bool) -> list[str]:
    """What differs without being another deed."""
    found = ["another prompt"] if prompt else []
    if decision_signature(left) != decision_signature(right):
        found.append("the policies say it otherwise")
    if left.reasoning != right.reasoning:
        found.append("another thought")
    if (left.reply and left.reply.text) != (right.reply and right.reply.text):
        found.append("a policy tells the customer something else")
    return found


def _ended(row: list[AlignedStep], left: Turn | None, right: Turn | None) -> list[AlignedStep]:
    """A turn whose moves are alike, but which ended otherwise, differs in its last row."""
    if left is None or right is None or left.end is None or right.end is None or not row:
        return row
    if left.end.reason == right.end.reason or any(pair.differs for pair in row):
        return row
    why = f"the turn ended otherwise: {left.end.reason} → {right.end.reason}"
    return [*row[:-1], row[-1]._replace(status="differs", why=why, about="end")]


class _Sent:
    """The prompts of a run, each standing until the next."""

    def __init__(self, trace: Trace) -> None:
        self._prompts = [event for event in trace.events if isinstance(event, Prompt)]
        self._step_ids = [(p.turn, p.answer) for p in self._prompts]

    def at(self, step: Step) -> Prompt | None:
        """What stood when this move was made, here or on the other side; None for the customer's."""
        at = bisect_right(self._step_ids, (step.step_id.turn, step.step_id.answer)) if step.message is None else 0
        return self._prompts[at - 1] if at else None


def _key(prompt: Prompt | None) -> object:
    """What of a prompt reaches the model."""
    return None if prompt is None else (prompt.sections, prompt.tools, prompt.model, prompt.params)
