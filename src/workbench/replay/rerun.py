"""Following a record: the same conversation on today's code, compared move by move.

Order selects, a projection verifies, a fingerprint warns. Hard: the combined
effect of the policies on each message, call, result and reply, the results the
tape holds, why the turn ended, an unused tail. Drift: the prompt, which policy
decided and in what words. Ignored: ids, times, usage, thinking. At the first
hard difference the run stops: what follows on the tape is counterfactual.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import msgspec

from ..authoring.agent import Agent
from ..engine.conversation import ConversationRun
from ..engine.turn import run_turn
from ..errors import JourneyError
from ..plain import plain_equal
from ..trace.describe import describe_pair, describe_step
from ..trace.events import AnyEvent, Fault, Prompt
from ..trace.setup import Setup
from ..trace.step_id import StepId
from ..trace.steps import Step, StepGrouper, Turn
from ..trace.trace import Trace
from .reexecution import ReexecutingRunner, ToolMismatch
from .tape import INTERRUPTED_ENDS, Tape


class Difference(msgspec.Struct, frozen=True):
    """Where a run left the record: both sides in words, and why it counts."""

    step_id: StepId
    recorded: str
    now: str
    why: str


class Drift(msgspec.Struct, frozen=True):
    """Something that changed without changing what was done. `move` counts from 1."""

    step_id: StepId
    step: int
    what: str


class Rerun(msgspec.Struct):
    """A record run again: the new trace, up to and including the answer that differs.

    `then` and `now` are the moves of the record and of the run, in order, by place.
    `unlike`, `world`, `ran`: with tools that run, the first that gave something else,
    the world it all ended in, and the places where one ran.
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
    ran: set[StepId] = set()

    @property
    def first(self) -> Difference | None:
        return self.differences[0] if self.differences else None

    @property
    def journey_fault(self) -> str:
        """The first fault of code that runs in every replay, in words; "" where there is none."""
        for fault in self.faults:
            if fault.origin in ("policy", "condition", "journey"):
                return f"{fault.where}: {fault.name}: {fault.message}"
        return ""

    @property
    def prompt_changed_from(self) -> int:
        """The first move whose prompt is not the recorded one; 0 where none is."""
        return next((d.step for d in self.drift if d.what == "prompt"), 0)


class _Follower:
    """Runs a record again in lock-step and notes where it leaves it."""

    def __init__(
        self,
        agent: Agent,
        setup: Setup,
        events: list[AnyEvent],
        recheck: Callable[[Tape], ReexecutingRunner] | None,
    ) -> None:
        self.tape = Tape(events, self._checkpoint)
        self.recheck = recheck(self.tape) if recheck else None
        self._steps = StepGrouper()
        self.conversation = ConversationRun(agent, setup)
        self.rerun = Rerun(self.conversation.trace, recorded=self.tape.steps, current=self._steps.by_id)
        self._grouped = 0  # steps
        self._drifted = False

    def _checkpoint(self) -> bool:
        """Compare what happened since the last checkpoint. True: still on the record."""
        for step in self._news():
            self._compare(step)
        if self.recheck is not None and self.recheck.mismatches:
            self.rerun.tool_mismatch = self.recheck.mismatches[0]
        return not self.rerun.differences and self.rerun.tool_mismatch is None

    def _news(self) -> list[Step]:
        """The moves made since this was asked last."""
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
                Difference(step.step_id, "nothing", describe_step(step), "the record holds no such move")
            )
            return
        if not self._drifted and step.prompt is not None:
            self._prompt_drift(recorded.prompt, step)
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
            rerun.drift.append(Drift(step.step_id, rerun.steps, "words sent"))  # of a policy, or of a hand-off

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
        if self.recheck is not None:
            self.rerun.world = self.recheck.sandbox.world.state()
            self.rerun.ran = self.recheck.executed
        self.rerun.faults = [fault for step in self._steps.all for fault in step.faults]
        self.tape.checkpoint = None  # no ring is left for the collector: it is dear
        return self.rerun

    async def _turn(self, turn: Turn) -> bool:
        message = turn.steps[0].message if turn.steps else None
        if message is None:  # words of the agent before the customer's first: pinned as they are
            for step in turn.steps:
                first = step.call is None or step.call.number == 1  # an answer stands in the move of each call
                for event in (step.answer if first else None, step.result, step.reply):
                    if event is not None:
                        self.conversation.emit(event)
            self._news()
            return True
        end = await run_turn(self.conversation, str(message.text), self.tape, self.recheck or self.tape)
        if not self._checkpoint():
            return False
        return self._ended(turn, end.reason, end.detail)

    def _ended(self, turn: Turn, reason: str, detail: str) -> bool:
        """Compare how the turn ended, and whether the tape was used up."""
        last = self._steps.turns[-1].last_answer
        step_id = StepId(turn.turn, last)
        if turn.last_answer > last:
            left = next(m for m in turn.steps if m.step_id.answer > last and m.answer is not None)
            self.rerun.differences.append(
                Difference(
                    left.step_id,
                    describe_step(left),
                    f"the turn ended: {reason}",
                    "a part of the tape was not used",
                )
            )
        elif turn.end is not None and turn.end.reason != reason and turn.end.reason not in INTERRUPTED_ENDS:
            why = "the turn ended for another reason"
            now = f"the turn ended: {reason}" + (f" ({detail})" if detail else "")
            self.rerun.differences.append(Difference(step_id, f"the turn ended: {turn.end.reason}", now, why))
        return not self.rerun.differences


async def rerun(
    agent: Agent, setup: Setup, events: list[AnyEvent], recheck: Callable[[Tape], ReexecutingRunner] | None = None
) -> Rerun:
    """Run a record again on `agent`: tape pinned, journey code run, stopped at the first hard difference.

    `recheck` makes the runner of tools that run too; without it none does.
    """
    return await _Follower(agent, setup, events, recheck).run()


def divergence(recorded: Step, now: Step, cut_off: bool = False) -> str:
    """Why two moves at one place are a hard difference, or "".

    `cut_off`: the record stops in the middle of this turn, so a call may have no result on it.
    """
    if now.effect != recorded.effect:
        if now.effect == "absent":
            return "this agent has no such tool here"
        return "the policies' combined effect changed" if now.effect != "rejected" else "the schema changed"
    if now.decisions or recorded.decisions:
        for hook in ("on_message", "before_tool", "before_reply", "after_tool"):
            if not plain_equal(now.rewritten_value(hook), recorded.rewritten_value(hook)):
                return "it is rewritten otherwise"
        if now.result_effect != recorded.result_effect:
            return "the policies' combined effect on the result changed"
    if now.result is not None and now.result.outcome == "missing" and not (cut_off and recorded.result is None):
        return str(now.result.value)
    then, here = sent_text(recorded), sent_text(now)
    if then != here and then is not None and here is not None:
        return "the reply is sent otherwise"
    before, after = recorded.result, now.result
    if before is not None and after is not None and before.outcome != after.outcome:
        return "the result changed"
    return ""


def sent_text(step: Step) -> str | None:
    """What the customer was sent of an answer; None where nothing was, or where the words are a policy's."""
    return None if step.reply is None or step.answer is None or step.handoff else str(step.reply.text)


def stopped_mid_policy(recorded: Step, now: Step, then: Prompt | None) -> bool:
    """Whether a move was stopped before policies that stood there had said what they say now.

    `then` is the prompt it was made under: it names the policies of that time. What is
    on record of it counts: where those who had spoken say something else, it is decided.
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
    """What the policies said of a move, as drift is told by: policy, verdict, reason, version."""
    return [(d.policy, d.effect, d.reason, d.version) for d in step.decisions]


def run_without_loop(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine to its end: by hand while nothing in it waits, else on an event loop.

    The event loop costs 30 ms to import, more than most replays take.
    """
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    coroutine.close()
    raise JourneyError(
        "a policy waits, but is not declared with `async def`", next="write it as `async def`, wrappers included"
    )


def needs_event_loop(agent: Agent) -> bool:
    """Whether any policy of the agent is a coroutine function (no condition is)."""
    if "async" not in agent.cache:
        agent.cache["async"] = any(_is_async(p.fn) for p in agent.all_policies())
    return bool(agent.cache["async"])


def _is_async(fn: Callable[..., Any]) -> bool:
    return bool(getattr(getattr(fn, "__code__", None), "co_flags", 0) & 0x80)


def run_sync(agent: Agent, coroutine: Coroutine[Any, Any, Any], *, tools: bool = False) -> Any:
    """Run to the end, on an event loop only where the agent needs one; with `tools`, its tools run too."""
    if not needs_event_loop(agent) and not (tools and any(_is_async(t.fn) for t in agent.all_tools())):
        return run_without_loop(coroutine)
    import asyncio

    return asyncio.run(coroutine)
