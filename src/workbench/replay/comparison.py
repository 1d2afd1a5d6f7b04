"""Compare a run with the recording, step by step.

Divergence: the combined effect of the policies on each message, call, result and reply; a missing or
changed result; the end of the turn; unused answers. Drift: the prompt, the deciding policy, its
reason, the passages that a search of the knowledge finds. Ignored: ids, times, usage, thinking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from ..authoring.agent import Limits
from ..engine.limits import still_exceeded
from ..plain import plain_equal
from ..trace.describe import describe_pair, describe_step
from ..trace.events import AnyEvent, Fault, Prompt, TurnEnded, UserMessage
from ..trace.step_id import StepId
from ..trace.steps import Step, StepGrouper, Turn
from ..trace.trace import Trace
from .difference import Difference
from .reexecution import ToolMismatch
from .tape import INTERRUPTED_ENDS, Tape


class Drift(msgspec.Struct, frozen=True):
    """A change that did not change any action; `step` counts from 1, `detail` names what has changed."""

    step_id: StepId
    step: int
    what: str
    detail: str = ""


class Rerun(msgspec.Struct):
    """The result of a rerun: the new trace, up to and including the answer that diverges.

    `recorded` and `current` are the steps of both runs in order, by step id. If tools ran,
    `tool_mismatch` is the first different result, `world` the final world, `executed` the step
    ids at which a tool ran, `recorded_world` the world that the recording ends with, and
    `fingerprints` those of the run and of its repetition, if they were requested. `searches` are the
    changes of searches of the knowledge.
    """

    trace: Trace
    differences: list[Difference] = []
    drift: list[Drift] = []
    steps: int = 0
    faults: list[Fault] = []
    recorded: Mapping[tuple[int, int, int], Step] = {}
    current: Mapping[tuple[int, int, int], Step] = {}
    tool_mismatch: ToolMismatch | None = None
    world: dict[str, Any] | None = None
    executed: set[StepId] = set()
    recorded_world: dict[str, Any] | None = None
    fingerprints: list[tuple[str, ...]] = []
    searches: dict[StepId, str] = {}

    @property
    def first(self) -> Difference | None:
        return self.differences[0] if self.differences else None

    @property
    def journey_fault(self) -> str:
        """Return the first fault of code that runs in every replay, in words; "" if there is none."""
        for fault in self.faults:
            if fault.origin in ("policy", "condition", "journey"):
                return f"{fault.where}: {fault.name}: {fault.message}"
        return ""

    @property
    def prompt_changed_from(self) -> int:
        """Return the number of the first step with a changed prompt; 0 if there is none."""
        return next((d.step for d in self.drift if d.what == "prompt"), 0)


class StepComparison:
    """Compares the steps of a run with the recorded ones; `rerun` has the result so far.

    It receives the events of the run in order: while it runs, to stop it at the first divergence
    (`rerun()`), or afterwards, from the report of the process that ran it (`compare`). `limits` are
    those of the agent today; `search` returns how a search of the knowledge changed, given the
    recorded and the current step, or "".
    """

    def __init__(self, tape: Tape, trace: Trace, limits: Limits, search: Callable[[Step, Step], str]) -> None:
        self._tape = tape
        self._limits, self._search = limits, search
        self._steps = StepGrouper()
        self.rerun = Rerun(trace, recorded=tape.steps, current=self._steps.by_id)
        self._drifted = False

    def add(self, events: Iterable[AnyEvent]) -> bool:
        """Compare the steps of these events. Returns whether there is no divergence so far."""
        for step in self._group(events):
            self._compare(step)
        return not self.rerun.differences

    def skip(self, events: Iterable[AnyEvent]) -> None:
        """Accept the events of a turn without a customer message: they are taken from the recording."""
        self._group(events)

    def end_turn(self, turn: Turn, reason: str, detail: str) -> bool:
        """Compare how a turn ended, and whether all its recorded answers were used."""
        last = self._steps.turns[-1].last_answer
        step_id = StepId(turn.turn, last)
        if turn.last_answer > last:
            left = next(m for m in turn.steps if m.step_id.answer > last and m.answer is not None)
            self.rerun.differences.append(
                Difference(
                    left.step_id,
                    describe_step(left),
                    f"the turn ended: {reason}",
                    "the recording has answers that were never used",
                )
            )
        elif turn.end is not None and turn.end.reason != reason and turn.end.reason not in INTERRUPTED_ENDS:
            why = "the turn ended for a different reason"
            now = f"the turn ended: {reason}" + (f" ({detail})" if detail else "")
            self.rerun.differences.append(Difference(step_id, f"the turn ended: {turn.end.reason}", now, why))
        elif turn.end is not None and reason == "limit" and self._limit_was_raised(turn.end, detail):
            then = f"the turn ended: limit ({detail})"
            why = "the turn would not end at its limit"
            self.rerun.differences.append(Difference(step_id, then, "the turn continues", why))
        return not self.rerun.differences

    def _limit_was_raised(self, end: TurnEnded, detail: str) -> bool:
        """Return whether a turn that the tape ended at its recorded limit would continue today."""
        return end.detail == detail and not still_exceeded(detail, self._limits)

    def finish(self) -> Rerun:
        """Return the result, with the faults of the run."""
        self.rerun.faults = [fault for step in self._steps.all for fault in step.faults]
        return self.rerun

    def _group(self, events: Iterable[AnyEvent]) -> list[Step]:
        """Return the new steps of these events."""
        known = len(self._steps.all)
        self._steps.extend(events)
        return self._steps.all[known:]

    def _compare(self, step: Step) -> None:
        rerun = self.rerun
        if step.message is None:
            rerun.steps += 1
        recorded = self._tape.step_at(step.step_id)
        if recorded is None:
            rerun.differences.append(
                Difference(step.step_id, "nothing", describe_step(step), "the recording has no such step")
            )
            return
        if not self._drifted and step.prompt is not None:
            self._prompt_drift(recorded.prompt, step)
        if step.call is not None:
            change = self._search(recorded, step)
            if change:
                rerun.searches[step.step_id] = change
                rerun.drift.append(Drift(step.step_id, rerun.steps, "knowledge", change))
        stops = self._tape.truncated_at(step.step_id)
        if stops and stopped_mid_policy(recorded, step, recorded.prompt):
            return
        why = divergence(recorded, step, stops)
        if why:
            rerun.differences.append(Difference(step.step_id, *describe_pair(recorded, step), why))
        elif (recorded.decisions or step.decisions) and decision_signature(recorded) != decision_signature(step):
            rerun.drift.append(Drift(step.step_id, rerun.steps, "decisions"))
        elif (
            recorded.reply
            and step.reply
            and recorded.reply.text != step.reply.text
            and not step.rewritten_value("before_reply")
        ):
            # replaced by a policy, a hand-off or the fallback
            rerun.drift.append(Drift(step.step_id, rerun.steps, "text sent"))

    def _prompt_drift(self, then: Prompt | None, step: Step) -> None:
        now = step.prompt
        assert now is not None
        if then is None or then.sections != now.sections or then.tools != now.tools:
            self._drifted = True
            self.rerun.drift.append(Drift(step.step_id, self.rerun.steps, "prompt"))


def first_message(turn: Turn) -> UserMessage | None:
    """Return the customer's message of a turn; None if the agent spoke first."""
    return turn.steps[0].message if turn.steps else None


class IncompleteRun(Exception):
    """The events of a run that ended neither a turn nor itself at a divergence."""


def compare(
    recorded: Iterable[AnyEvent],
    trace: Trace,
    limits: Limits,
    searches: Mapping[StepId, str],
    mismatch: ToolMismatch | None = None,
) -> Rerun:
    """Compare a finished run with the recording, like `rerun` does while it runs.

    `searches` are the changes of searches of the knowledge, by step; `mismatch` is the different tool
    result that stopped the run. Raises IncompleteRun if events are missing.
    """
    tape = Tape(recorded)
    by_turn: dict[int, list[AnyEvent]] = {}
    for event in trace:
        by_turn.setdefault(event.turn, []).append(event)
    comparison = StepComparison(tape, trace, limits, lambda _, step: searches.get(step.step_id, ""))
    for turn in tape.turns:
        events = by_turn.get(turn.turn, [])
        if first_message(turn) is None:
            comparison.skip(events)
            continue
        if mismatch is not None and mismatch.step_id.turn == turn.turn:
            comparison.add(events)
            break
        if not comparison.add(events):
            break
        end = next((event for event in reversed(events) if isinstance(event, TurnEnded)), None)
        if end is None:
            raise IncompleteRun(f"the run reported no end of turn {turn.turn}")
        if not comparison.end_turn(turn, end.reason, end.detail):
            break
    comparison.rerun.tool_mismatch = mismatch
    return comparison.finish()


def divergence(recorded: Step, now: Step, cut_off: bool = False) -> str:
    """Return why two steps with the same id diverge, or "".

    `cut_off`: the recording was interrupted in this turn, so a call may have no recorded result.
    """
    if now.effect != recorded.effect:
        if now.effect == "absent":
            return "the tool is not available"
        return "the schema changed" if now.effect == "rejected" else _effect_change(recorded, now)
    if now.decisions or recorded.decisions:
        for hook in ("on_message", "before_tool", "before_reply", "after_tool"):
            if not plain_equal(now.rewritten_value(hook), recorded.rewritten_value(hook)):
                return "it is rewritten differently"
        if now.result_effect != recorded.result_effect:
            return _effect_change(recorded, now, of_result=True)
    if now.result is not None and now.result.outcome == "missing" and not (cut_off and recorded.result is None):
        return str(now.result.value)
    then, here = sent_text(recorded), sent_text(now)
    if then != here and then is not None and here is not None:
        return "a different reply is sent"
    before, after = recorded.result, now.result
    if before is not None and after is not None and before.outcome != after.outcome:
        return "the result changed"
    return ""


def _effect_change(recorded: Step, now: Step, *, of_result: bool = False) -> str:
    """Return which effect the policies had on a step in the recording, and which they have now."""
    subject = now.call.tool if now.call else "the customer's message" if now.message else "the reply"
    if of_result:
        subject = f"the result of {subject}"
    then, here = (_effect_with_policies(step, of_result) for step in (recorded, now))
    return f"{subject} was {then} in the recording; it is {here} now"


def _effect_with_policies(step: Step, of_result: bool) -> str:
    """Return the effect and the policies that had it, for example "blocked by returns.return_window"."""
    effect = step.result_effect if of_result else step.effect
    decided = _DECISIONS.get(effect)
    by = [d.policy for d in step.decisions if d.effect == decided and (d.hook == "after_tool") is of_result]
    return f"{effect} by {', '.join(by)}" if by else effect


_DECISIONS = {"blocked": "block", "rewritten": "rewrite", "escalated": "escalate"}  # by effect


def sent_text(step: Step) -> str | None:
    """Return the text of an answer that was sent; None if nothing was sent, or something else in its place."""
    if step.reply is None or step.answer is None or step.handoff or step.effect == "blocked":
        return None
    return str(step.reply.text)


def stopped_mid_policy(recorded: Step, now: Step, then: Prompt | None) -> bool:
    """Return whether the recording was interrupted before all policies at this step had decided.

    `then` is the prompt of the step; it names the policies of that time. A changed recorded
    decision is still a difference.
    """
    if recorded.result is not None or recorded.reply is not None:
        return False
    asked = {decision.policy for decision in recorded.decisions}
    again = Step(now.step_id, decisions=tuple(d for d in now.decisions if d.policy in asked))
    if asked and divergence(recorded, again, cut_off=True):
        return False
    held = {decision.policy for decision in now.decisions if decision.effect != "allow"} - asked
    return bool(held if then is None else held.intersection(then.policies))


def decision_signature(step: Step) -> list[tuple[str, str, str, str]]:
    """Return the decisions on a step as drift compares them: policy, effect, reason, rule hash."""
    return [(d.policy, d.effect, d.reason, d.version) for d in step.decisions]
