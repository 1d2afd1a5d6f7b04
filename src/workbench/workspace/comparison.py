"""Compare two runs of one conversation: aligned steps, and where they first differ.

Turns are aligned by number; within a turn, steps with the same action are aligned.
Steps are compared by the rule of a replay (`rerun.divergence`) and by the messages
and actions of customer and model, which a replay holds fixed. Everything that
differs after the first real difference is considered its consequence.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import takewhile, zip_longest
from typing import Literal, NamedTuple

import msgspec

from ..errors import UsageError
from ..replay.comparison import decision_signature, divergence, stopped_mid_policy
from ..replay.tape import INTERRUPTED_ENDS
from ..trace.events import Prompt
from ..trace.setup import Setup
from ..trace.steps import Step, Turn, group_steps
from ..trace.trace import Trace

Status = Literal[
    "same",
    "drift",  # a different policy text, thinking or prompt, but the same action
    "differs",
    "left",  # only in the left run
    "right",
]
About = Literal["", "customer", "model", "policy", "tool", "result", "end", "fault"]  # the origin of a difference

Prompts = tuple[Prompt | None, Prompt | None]

MAX_ALIGNED = 40_000  # above this many pairs of signatures, a turn is aligned in order


class Side(NamedTuple):
    """One of the two runs; `name` is used in sentences ("the recording"), `title` above its column.

    `rerun`: the current code on the recording, so it ends at its first difference and no model
    was called. `disabled` are the disabled parts of the agent.
    """

    id: str
    name: str
    title: str
    setup: Setup
    trace: Trace
    rerun: bool = False
    disabled: tuple[str, ...] = ()


class AlignedStep(NamedTuple):
    """One row: a step of each run, or of one of them; `why` describes the difference."""

    turn: int
    left: Step | None
    right: Step | None
    status: Status
    why: str = ""
    about: About = ""
    prompts: Prompts = (None, None)

    @property
    def differs(self) -> bool:
        """Return whether the runs really differ here."""
        return self.status not in ("same", "drift")


class Comparison(NamedTuple):
    """The aligned rows; `first` is the index of the first real difference, or -1."""

    left: Side
    right: Side
    pairs: list[AlignedStep]
    first: int

    @property
    def initial_row(self) -> int:
        """Return the row to start at: the first difference, else the first drift, else 0."""
        return max(self.first if self.first >= 0 else self.next_difference(-1, True), 0)

    def is_consequence(self, index: int) -> bool:
        """Return whether a row differs as a consequence of the first difference."""
        return 0 <= self.first < index and self.pairs[index].differs

    def next_difference(self, start: int, forward: bool) -> int:
        """Return the index of the next differing row (or drifting row if none differ), or -1."""
        order = range(start + 1, len(self.pairs)) if forward else range(start - 1, -1, -1)
        return next((i for i in order if self._stops(self.pairs[i])), -1)

    def _stops(self, pair: AlignedStep) -> bool:
        return pair.differs if self.first >= 0 else pair.status == "drift"


def ensure_comparable(left: Side, right: Side) -> None:
    """Raise UsageError if two runs cannot be compared."""
    for side in (left, right):
        if not len(side.trace):
            raise UsageError(f"{side.name} has no steps yet", hint="send a message first")
    if left.setup.agent != right.setup.agent:
        raise UsageError(
            f"{left.name} is a conversation with {left.setup.agent}, {right.name} with {right.setup.agent}",
            hint="compare two conversations with the same agent",
        )
    if left.id == right.id:
        raise UsageError("both sides are the same conversation", hint="open another one, then compare")


def compare(left: Side, right: Side) -> Comparison:
    """Compare both runs as they are now. Raises UsageError if they cannot be compared."""
    ensure_comparable(left, right)
    pairs = list(_pairs(left.trace, right.trace))
    first = next((i for i, pair in enumerate(pairs) if pair.differs), -1)
    return Comparison(left, right, pairs, first)


def _pairs(left: Trace, right: Trace) -> Iterator[AlignedStep]:
    a, b = ({t.turn: t for t in group_steps(trace.events)} for trace in (left, right))
    sent = _Sent(left), _Sent(right)
    last: tuple[object, object] = (None, None)  # the last prompts that differed
    for number in sorted(a.keys() | b.keys()):
        ours, theirs = a.get(number), b.get(number)
        row: list[AlignedStep] = []
        for one, other in _align(ours.steps if ours else [], theirs.steps if theirs else []):
            present = one or other
            assert present is not None
            prompts = sent[0].at(one or present), sent[1].at(other or present)
            keys = _key(prompts[0]), _key(prompts[1])
            changed = None not in keys and keys[0] != keys[1] and keys != last
            last = keys if None not in keys else last
            pair = _judge(number, one, other, _cut_off(ours, theirs), changed, prompts)
            row.append(pair._replace(prompts=prompts))
        yield from _ended(row, ours, theirs)


def _align(left: list[Step], right: list[Step]) -> Iterator[tuple[Step | None, Step | None]]:
    """Align the steps of one turn: equal ones, then those of one kind, then in order.

    The equal start is matched first, so that a difference is the step at which the runs diverge.
    """
    equal_start = takewhile(
        lambda pair: _action(pair[0], True) == _action(pair[1], True), zip(left, right, strict=False)
    )
    front = list(equal_start)
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
    """Return what a step is aligned by: kind and tool; with `exact` also its text or arguments."""
    if step.call is not None:
        return (step.call.tool, _text(step.call.args)) if exact else (step.call.tool,)
    if step.message is not None or step.answer is not None or step.reply is not None:
        kind = "" if step.message is None else "message"
        return (kind, text_of(step)) if exact else (kind,)
    return ("fault",)


def _text(value: object) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()


def text_of(step: Step) -> str:
    """Return the text of the customer or the model; if no answer was recorded, the text that was sent."""
    if step.message is not None:
        return str(step.message.text)
    return step.answer.text if step.answer is not None else str(step.reply.text) if step.reply is not None else ""


def _cut_off(left: Turn | None, right: Turn | None) -> bool:
    """Return whether one of them was interrupted, or has no recorded end."""
    return any(
        turn is not None and (turn.end is None or turn.end.reason in INTERRUPTED_ENDS) for turn in (left, right)
    )


def _judge(
    turn: int, left: Step | None, right: Step | None, cut_off: bool, prompt: bool, prompts: Prompts
) -> AlignedStep:
    if left is None or right is None:
        present = left or right
        assert present is not None
        about: About = "customer" if present.message is not None else "model"
        return AlignedStep(turn, left, right, "left" if right is None else "right", "only in this run", about)
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
    """Return what the customer or the model did differently."""
    if _action(left, False) != _action(right, False):
        if left.call is not None and right.call is not None:
            return "a different tool is called", "model"
        return ("one of them calls a tool", "model") if left.call or right.call else ("something failed", "fault")
    if _action(left, True) != _action(right, True):
        if left.message is not None:
            return "the customer's message differs", "customer"
        return "different arguments" if left.call is not None else "different text", "model"
    return None


def _effects(left: Step, right: Step, cut_off: bool) -> tuple[str, About] | None:
    """Return how the effect of the same action differs, first by the rule of a replay in both directions."""
    why = divergence(left, right, cut_off) or divergence(right, left, cut_off)
    if why:
        refused = {"rejected", "absent"} & {left.effect, right.effect}
        policy = left.effect != right.effect or left.result_effect != right.result_effect or "rewritten" in why
        return why, "tool" if refused else "policy" if policy else "result"
    if bool(left.faults) != bool(right.faults):
        return "something failed", "fault"
    before, after = left.result, right.result
    if before is not None and after is not None and before.outcome == after.outcome:
        if before.value != after.value:
            return "the tool's result differs", "result"
        if before.changed != after.changed:
            return "the tool's changes differ", "result"
    elif (before is None) != (after is None) and not cut_off:
        return "one of them was not run", "end"
    return None


def _drifts(left: Step, right: Step, prompt: bool) -> list[str]:
    """Return what differs without being a different action."""
    found = ["different prompt"] if prompt else []
    if decision_signature(left) != decision_signature(right):
        found.append("different policy texts")
    if left.reasoning != right.reasoning:
        found.append("different thinking")
    if (left.reply and left.reply.text) != (right.reply and right.reply.text):
        found.append("a different reply of a policy")
    return found


def _ended(row: list[AlignedStep], left: Turn | None, right: Turn | None) -> list[AlignedStep]:
    """Mark the last row of a turn if its steps are equal but it ended differently."""
    if left is None or right is None or left.end is None or right.end is None or not row:
        return row
    if left.end.reason == right.end.reason or any(pair.differs for pair in row):
        return row
    why = f"the turn ended differently: {left.end.reason} → {right.end.reason}"
    return [*row[:-1], row[-1]._replace(status="differs", why=why, about="end")]


class _Sent:
    """The prompts of a run, each valid until the next."""

    def __init__(self, trace: Trace) -> None:
        self._prompts = [event for event in trace.events if isinstance(event, Prompt)]
        self._step_ids = [(p.turn, p.answer) for p in self._prompts]

    def at(self, step: Step) -> Prompt | None:
        """Return the prompt in effect at this step of either run; None for a customer message."""
        at = bisect_right(self._step_ids, (step.step_id.turn, step.step_id.answer)) if step.message is None else 0
        return self._prompts[at - 1] if at else None


def _key(prompt: Prompt | None) -> object:
    """Return the parts of a prompt that reach the model."""
    return None if prompt is None else (prompt.sections, prompt.tools, prompt.model, prompt.params)
