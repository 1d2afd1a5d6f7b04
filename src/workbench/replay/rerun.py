"""Rerun a recording on today's code and compare it step by step.

Recorded answers are taken in order; decisions, results and ends must match; prompt
changes only warn. Divergence: the combined effect of the policies on each message,
call, result and reply; a missing or changed result; the end of the turn; unused
answers. Drift: the prompt, the deciding policy, its reason, the passages that a search
of the knowledge finds. Ignored: ids, times, usage, thinking. The run stops at the first
divergence, because what follows in the recording did not happen in this run.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import msgspec

from ..authoring.agent import Agent
from ..authoring.builtin import ENTER
from ..engine.conversation import ConversationRun
from ..engine.limits import still_exceeded
from ..engine.turn import run_turn
from ..errors import JourneyError
from ..plain import plain_equal
from ..trace.describe import describe_pair, describe_step
from ..trace.events import Answer, AnyEvent, Fault, JourneyEntered, Prompt, TurnEnded
from ..trace.setup import Setup
from ..trace.step_id import StepId
from ..trace.steps import Step, StepGrouper, Turn
from ..trace.trace import Trace
from .knowledge import knowledge_change
from .reexecution import ReexecutingRunner, ToolMismatch
from .tape import INTERRUPTED_ENDS, Tape


class Difference(msgspec.Struct, frozen=True):
    """A divergence from the recording: both sides in words, and why it counts."""

    step_id: StepId
    recorded: str
    now: str
    why: str


class Drift(msgspec.Struct, frozen=True):
    """A change that did not change any action; `step` counts from 1, `detail` names what has changed."""

    step_id: StepId
    step: int
    what: str
    detail: str = ""


class Rerun(msgspec.Struct):
    """The result of a rerun: the new trace, up to and including the answer that diverges.

    `recorded` and `current` are the steps of both runs in order, by step id. If tools ran,
    `tool_mismatch` is the first different result, `world` the final world, and `executed`
    the step ids at which a tool ran.
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


class _RerunLoop:
    """Reruns a recording in lock-step and records differences and drift."""

    def __init__(
        self,
        agent: Agent,
        setup: Setup,
        events: list[AnyEvent],
        make_runner: Callable[[Tape], ReexecutingRunner] | None,
    ) -> None:
        self.agent = agent
        self.tape = Tape(events, self._checkpoint)
        self.make_runner = make_runner(self.tape) if make_runner else None
        self._steps = StepGrouper()
        self.conversation = ConversationRun(agent, setup, first_journey=_first_journey(agent, events))
        self.rerun = Rerun(self.conversation.trace, recorded=self.tape.steps, current=self._steps.by_id)
        self._grouped = 0  # events
        self._drifted = False

    def _checkpoint(self) -> bool:
        """Compare the steps since the last checkpoint. Returns True while there is no divergence."""
        for step in self._new_steps():
            self._compare(step)
        if self.make_runner is not None and self.make_runner.mismatches:
            self.rerun.tool_mismatch = min(self.make_runner.mismatches, key=lambda mismatch: mismatch.step_id)
        return not self.rerun.differences and self.rerun.tool_mismatch is None

    def _new_steps(self) -> list[Step]:
        """Return the steps since the last call."""
        known, trace = len(self._steps.all), self.conversation.trace
        self._steps.extend(trace.since(self._grouped))
        self._grouped = len(trace)
        return self._steps.all[known:]

    def _compare(self, step: Step) -> None:
        rerun = self.rerun
        if step.message is None:
            rerun.steps += 1
        recorded = self.tape.step_at(step.step_id)
        if recorded is None:
            rerun.differences.append(
                Difference(step.step_id, "nothing", describe_step(step), "the recording has no such step")
            )
            return
        if not self._drifted and step.prompt is not None:
            self._prompt_drift(recorded.prompt, step)
        if step.call is not None:
            self._compare_knowledge(recorded, step)
        stops = self.tape.truncated_at(step.step_id)
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
            rerun.drift.append(Drift(step.step_id, rerun.steps, "text sent"))  # replaced by a policy or a hand-off

    def _compare_knowledge(self, recorded: Step, step: Step) -> None:
        """Search the knowledge again: a changed passage is drift, and a mismatch if tools run."""
        if self.make_runner is not None and step.step_id == self.make_runner.judged_step:
            return  # its expectation judges what is found today
        change = knowledge_change(self.agent, recorded, step)
        if change and self.make_runner is not None:
            why = f"the search of the knowledge differs: {change}"
            self.make_runner.mismatches.append(ToolMismatch(step.step_id, "stale", "other passages", change, why))
        elif change:
            self.rerun.drift.append(Drift(step.step_id, self.rerun.steps, "knowledge", change))

    def _prompt_drift(self, then: Prompt | None, step: Step) -> None:
        now = step.prompt
        assert now is not None
        if then is None or then.sections != now.sections or then.tools != now.tools:
            self._drifted = True
            self.rerun.drift.append(Drift(step.step_id, self.rerun.steps, "prompt"))

    async def run(self) -> Rerun:
        for turn in self.tape.turns:
            if not await self._turn(turn):
                break
        if self.make_runner is not None:
            self.rerun.world = self.make_runner.sandbox.world.state()
            self.rerun.executed = self.make_runner.executed
        self.rerun.faults = [fault for step in self._steps.all for fault in step.faults]
        self.tape.checkpoint = None  # break the reference cycle: garbage collection is expensive here
        return self.rerun

    async def _turn(self, turn: Turn) -> bool:
        message = turn.steps[0].message if turn.steps else None
        if message is None:  # the agent spoke first: recorded text, fixed
            for step in turn.steps:
                first = (
                    step.call is None or step.call.number == 1
                )  # an answer belongs to the step of each of its calls
                for event in (step.answer if first else None, step.result, step.reply):
                    if event is not None:
                        self.conversation.emit(event)
            self._new_steps()
            return True
        end = await run_turn(self.conversation, str(message.text), self.tape, self.make_runner or self.tape)
        if not self._checkpoint():
            return False
        return self._ended(turn, end.reason, end.detail)

    def _ended(self, turn: Turn, reason: str, detail: str) -> bool:
        """Compare how the turn ended, and whether all recorded answers were used."""
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
        return end.detail == detail and not still_exceeded(detail, self.agent.limits)


async def rerun(
    agent: Agent,
    setup: Setup,
    events: list[AnyEvent],
    make_runner: Callable[[Tape], ReexecutingRunner] | None = None,
) -> Rerun:
    """Rerun a recording on `agent`: recorded answers, today's journey code, up to the first divergence.

    `make_runner` creates the runner for tools to re-execute; without it no tool runs.
    """
    return await _RerunLoop(agent, setup, events, make_runner).run()


def _first_journey(agent: Agent, events: list[AnyEvent]) -> str:
    """Return the journey in which the recording starts, or "" if there is none or it no longer exists.

    An agent with one journey starts in it. The conversation was in this journey whether or not
    the agent has others today. An imported recording names no journey: it starts in the one
    that has all the tools it calls.
    """
    entered = (event for event in events if isinstance(event, JourneyEntered) and not event.answer)
    first = next(entered, None)
    if first is None and not any(event.__class__ is Prompt for event in events):
        called = {call.tool for event in events if isinstance(event, Answer) for call in event.calls}
        owners = {tool.journey for tool in agent.all_tools() if tool.journey and tool.name in called}
        return owners.pop() if len(owners) == 1 and ENTER not in called else ""
    return first.journey if first is not None and first.journey in agent.journeys else ""


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
    """Return the text of an answer that was sent; None if nothing was sent or a policy replaced it."""
    return None if step.reply is None or step.answer is None or step.handoff else str(step.reply.text)


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


def run_without_loop(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine without an event loop if nothing in it waits, else on one.

    Importing asyncio's event loop costs 30 ms, more than most replays.
    """
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    coroutine.close()
    raise JourneyError(
        "a policy awaits, but is not declared with `async def`",
        hint="declare it and its wrappers with `async def`",
    )


def needs_event_loop(agent: Agent) -> bool:
    """Return whether any policy of the agent is a coroutine function (conditions never are)."""
    if "async" not in agent.cache:
        agent.cache["async"] = any(_is_async(p.fn) for p in agent.all_policies())
    return bool(agent.cache["async"])


def _is_async(fn: Callable[..., Any]) -> bool:
    return bool(getattr(getattr(fn, "__code__", None), "co_flags", 0) & 0x80)


def run_sync(agent: Agent, coroutine: Coroutine[Any, Any, Any], *, tools: bool = False) -> Any:
    """Run to completion, on an event loop only if the agent needs one; with `tools`, tools may too."""
    if not needs_event_loop(agent) and not (tools and any(_is_async(t.fn) for t in agent.all_tools())):
        return run_without_loop(coroutine)
    import asyncio

    return asyncio.run(coroutine)
