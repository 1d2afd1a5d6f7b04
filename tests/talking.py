"""Talking to an agent in a test: `talk_with("support", "loyal", "I want to return OL-1001", "yes")`.

No worker, no screen, no network: the engine, the sandbox and, unless told
otherwise, the agent's rehearsal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from workbench.engine.conversation import Conversation
from workbench.engine.model import Model
from workbench.engine.sandbox import Sandbox
from workbench.engine.turn import run_turn
from workbench.engine.world import World
from workbench.models.rehearsal import RehearsalModel
from workbench.runtime.loader import Loaded, load
from workbench.trace.events import Decision, Fault, HandOff, Result, TurnEnd

JOURNEYS = Path(__file__).parents[1] / "journeys"


class Talked:
    """A conversation that has been had, with the questions a test asks of it."""

    def __init__(self, conversation: Conversation) -> None:
        self.conversation = conversation
        self.steps = list(conversation.trace)

    @property
    def replies(self) -> list[str]:
        return list(self.conversation.state.replies)

    @property
    def reply(self) -> str:
        """The last thing the customer was told."""
        return self.replies[-1]

    @property
    def calls(self) -> list[str]:
        """Every call but entering a journey, "tool outcome", in order."""
        return [f"{s.tool} {s.outcome}" for s in self._all(Result) if s.tool != "enter_journey"]

    @property
    def entered(self) -> list[str]:
        return [s.value.split()[1].rstrip(":") for s in self._all(Result) if s.tool == "enter_journey"]

    @property
    def thoughts(self) -> list[str]:
        return [s.thinking for s in self.steps if hasattr(s, "thinking")]

    @property
    def blocked_by(self) -> list[str]:
        """The policies that blocked something, in order."""
        return self.decided("block")

    @property
    def handed_off(self) -> bool:
        return bool(self._all(HandOff))

    @property
    def ended(self) -> list[str]:
        return [s.reason for s in self._all(TurnEnd)]

    @property
    def faults(self) -> list[str]:
        return [f"{s.origin} {s.name}: {s.message}" for s in self._all(Fault)]

    def decided(self, verdict: str) -> list[str]:
        return [s.policy for s in self._all(Decision) if s.verdict == verdict]

    def args(self, tool: str) -> dict[str, Any]:
        """The arguments of the last call of `tool`, as it was run."""
        return [c.args for c in self.conversation.state.happened if c.tool == tool][-1]

    def value(self, tool: str) -> Any:
        """What the last call of `tool` came to, as the model and the policies see it."""
        return [c.value for c in self.conversation.state.happened if c.tool == tool][-1]

    def _all(self, kind: type[Any]) -> list[Any]:
        return [s for s in self.steps if isinstance(s, kind)]


def talk_with(
    agent: str | Loaded,
    fixture: str,
    *messages: str,
    customer: dict[str, Any] | None = None,
    model: Model | None = None,
    root: Path = JOURNEYS,
    clock: str = "",
) -> Talked:
    """Have a conversation on a fixture, a turn a message; `customer` facts are added to the fixture's."""
    loaded = load(root, agent) if isinstance(agent, str) else agent
    start = loaded.fixtures[fixture]
    setup = start.setup
    if customer is not None:
        setup = type(setup)(**{**_fields(setup), "customer": {**setup.customer, **customer}})
    if clock:
        setup = type(setup)(**{**_fields(setup), "clock": clock})
    conversation = Conversation(loaded.agent, setup)
    world = World(start.world, now=datetime.fromisoformat(setup.clock), seed=setup.seed)
    asyncio.run(_say_all(conversation, messages, model or RehearsalModel(loaded.agent), Sandbox(world)))
    return Talked(conversation)


def _fields(setup: Any) -> dict[str, Any]:
    return {name: getattr(setup, name) for name in setup.__struct_fields__}


async def _say_all(conversation: Conversation, messages: Iterable[str], model: Model, runner: Sandbox) -> None:
    for message in messages:
        await run_turn(conversation, message, model, runner)
