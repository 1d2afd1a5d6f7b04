"""Rerun a recording on today's code.

Recorded answers are taken in order, and each step is compared with the recorded one
(`comparison`). The run stops at the first divergence, because what follows in the recording did not
happen in this run.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from ..authoring.agent import Agent
from ..authoring.builtin import ENTER
from ..engine.conversation import ConversationRun
from ..engine.turn import run_turn
from ..errors import JourneyError
from ..trace.events import Answer, AnyEvent, JourneyEntered
from ..trace.setup import Setup
from ..trace.steps import Step, Turn
from .comparison import Rerun, StepComparison, first_message
from .knowledge import knowledge_change
from .reexecution import ReexecutingRunner, ToolMismatch
from .tape import Tape


class _RerunLoop:
    """Runs a recording on today's code and stops it at the first divergence."""

    def __init__(
        self,
        agent: Agent,
        setup: Setup,
        events: list[AnyEvent],
        make_runner: Callable[[Tape], ReexecutingRunner] | None,
    ) -> None:
        self.tape = Tape(events, self._checkpoint)
        self.runner = make_runner(self.tape) if make_runner else None
        self.agent = agent
        self.conversation = ConversationRun(agent, setup, first_journey=_first_journey(agent, setup, events))
        self.comparison = StepComparison(self.tape, self.conversation.trace, agent.limits, self._search)
        self._compared = 0  # events

    def _checkpoint(self) -> bool:
        """Compare the steps since the last checkpoint. Returns True while there is no divergence."""
        same = self.comparison.add(self._new_events())
        return same and (self.runner is None or not self.runner.mismatches)

    def _new_events(self) -> list[AnyEvent]:
        """Return the events since the last call."""
        trace = self.conversation.trace
        known, self._compared = self._compared, len(trace)
        return trace.since(known)

    def _search(self, recorded: Step, step: Step) -> str:
        """Search the knowledge again; a changed passage is returned or, if tools run, a mismatch."""
        if self.runner is not None and step.step_id == self.runner.judged_step:
            return ""  # its expectation judges what is found today
        change = knowledge_change(self.agent, recorded, step)
        if not change or self.runner is None:
            return change
        why = f"the search of the knowledge differs: {change}"
        self.runner.mismatches.append(ToolMismatch(step.step_id, "stale", "other passages", change, why))
        return ""

    async def run(self) -> Rerun:
        for turn in self.tape.turns:
            if not await self._turn(turn):
                break
        result = self.comparison.finish()
        if self.runner is not None:
            result.tool_mismatch = min(self.runner.mismatches, key=lambda one: one.step_id, default=None)
            result.world = self.runner.final_world()
            result.executed = self.runner.executed
        self.tape.checkpoint = None  # break the reference cycle: garbage collection is expensive here
        return result

    async def _turn(self, turn: Turn) -> bool:
        message = first_message(turn)
        if message is None:  # recorded text, fixed
            for step in turn.steps:
                first = (
                    step.call is None or step.call.number == 1
                )  # an answer belongs to the step of each of its calls
                for event in (step.answer if first else None, step.result, step.reply):
                    if event is not None:
                        self.conversation.emit(event)
            self.comparison.skip(self._new_events())
            return True
        end = await run_turn(self.conversation, str(message.text), self.tape, self.runner or self.tape)
        return self._checkpoint() and self.comparison.end_turn(turn, end.reason, end.detail)


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


def _first_journey(agent: Agent, setup: Setup, events: list[AnyEvent]) -> str:
    """Return the journey in which the recording starts, or "" if there is none or it no longer exists.

    An agent with one journey starts in it. The conversation was in this journey whether or not
    the agent has others today. An imported recording names no journey: it starts in the one
    that has all the tools it calls.
    """
    entered = (event for event in events if isinstance(event, JourneyEntered) and not event.answer)
    first = next(entered, None)
    if first is None and setup.imported:
        called = {call.tool for event in events if isinstance(event, Answer) for call in event.calls}
        owners = {tool.journey for tool in agent.all_tools() if tool.journey and tool.name in called}
        return owners.pop() if len(owners) == 1 and ENTER not in called else ""
    return first.journey if first is not None and first.journey in agent.journeys else ""


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
