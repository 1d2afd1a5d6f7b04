"""Run a conversation with an agent in the process of a test."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from ..engine.conversation import ConversationRun
from ..engine.model import Model
from ..engine.sandbox import Sandbox
from ..engine.turn import run_turn
from ..engine.world import World
from ..models.rehearsal import RehearsalModel
from ..runtime.loader import LoadedAgent, load_for_turns, prepare_world
from ..runtime.time_travel import conversation_time
from ..trace.events import Effect, Fault, HandedOff, PolicyDecision, ToolResult, TurnEnded
from ..trace.setup import Setup
from ..trace.steps import Step, group_steps
from ..trace.trace import Trace

E = TypeVar("E")


class FinishedConversation:
    """A finished conversation, with the properties that tests assert on.

    `trace` contains every event, `setup` is the starting point of the conversation.
    """

    def __init__(self, conversation: ConversationRun) -> None:
        self.trace: Trace = conversation.trace
        self.setup: Setup = conversation.setup
        self._state = conversation.state

    @property
    def steps(self) -> list[Step]:
        """Return every step in order: a message, a tool call or a reply, with its reasoning and decisions."""
        return [step for turn in group_steps(self.trace) for step in turn.steps]

    @property
    def user_messages(self) -> list[str]:
        """Return the customer's messages as the model and the policies saw them: after rewrites, oldest first."""
        return list(self._state.user_messages)

    @property
    def replies(self) -> list[str]:
        """Return the texts that the customer received, oldest first."""
        return list(self._state.agent_messages)

    @property
    def reply(self) -> str:
        """Return the last text that the customer received."""
        return self.replies[-1]

    @property
    def calls(self) -> list[str]:
        """Return every tool call as "tool outcome", in order, except entering a journey."""
        return [f"{r.tool} {r.outcome}" for r in self._events(ToolResult) if r.tool != "enter_journey"]

    @property
    def entered(self) -> list[str]:
        """Return the journeys that were entered, in order."""
        return [r.value.split()[1].rstrip(":") for r in self._events(ToolResult) if r.tool == "enter_journey"]

    @property
    def blocked_by(self) -> list[str]:
        """Return the full names of the policies that blocked something, in order."""
        return self.decided("block")

    @property
    def handed_off(self) -> bool:
        """Return whether the conversation was handed off to a human."""
        return bool(self._events(HandedOff))

    @property
    def ends(self) -> list[str]:
        """Return the reason each turn ended, for example "replied" or "handed_off"."""
        return [end.reason for end in self._events(TurnEnded)]

    @property
    def faults(self) -> list[str]:
        """Return the exceptions that journey code raised, as "origin name: message"."""
        return [f"{f.origin} {f.name}: {f.message}" for f in self._events(Fault)]

    def decided(self, verdict: Effect) -> list[str]:
        """Return the policies with this effect: "allow", "block", "rewrite" or "escalate"."""
        return [d.policy for d in self._events(PolicyDecision) if d.effect == verdict]

    def args(self, tool: str) -> dict[str, Any]:
        """Return the arguments of the last call of `tool`, after rewrites."""
        return [call.args for call in self._state.calls if call.tool == tool][-1]

    def value(self, tool: str) -> Any:
        """Return the result of the last call of `tool`, as the model and the policies see it."""
        return [call.value for call in self._state.calls if call.tool == tool][-1]

    def _events(self, kind: type[E]) -> list[E]:
        return [event for event in self.trace if isinstance(event, kind)]


def load_agent(journeys: Path | str, name: str) -> LoadedAgent:
    """Load the agent in the folder `journeys`/`name`. Raises JourneyError, with file and line."""
    return load_for_turns(Path(journeys), name)


def run_conversation(
    agent: LoadedAgent,
    fixture: str,
    *messages: str,
    model: Model | None = None,
    customer: dict[str, Any] | None = None,
    clock: str = "",
) -> FinishedConversation:
    """Run a conversation on a fixture, one turn for each message of the customer.

    Without `model` the agent's rehearsal answers; for scripted answers use
    ScriptedModel. `customer` adds facts to those of the fixture, `clock`
    replaces its time (ISO 8601 with an offset).
    """
    start = agent.fixtures[fixture]
    setup = msgspec.structs.replace(
        start.setup,
        customer={**start.setup.customer, **(customer or {})},
        clock=clock or start.setup.clock,
    )
    conversation = ConversationRun(agent.agent, setup)
    with conversation_time(setup.clock):
        world = World(prepare_world(agent, setup), now=datetime.fromisoformat(setup.clock), seed=setup.seed)
        asyncio.run(_run(conversation, messages, model or RehearsalModel(agent.agent), Sandbox(world)))
    return FinishedConversation(conversation)


async def _run(conversation: ConversationRun, messages: Iterable[str], model: Model, sandbox: Sandbox) -> None:
    for message in messages:
        await run_turn(conversation, message, model, sandbox)
