"""Compute the journeys, tools and policies that are available in one state of a conversation."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import msgspec

from ..authoring.agent import Agent
from ..authoring.builtin import ENTER
from ..authoring.journey import Journey
from ..authoring.policy import Policy
from ..authoring.tool import Condition, InvalidArguments, Tool
from ..authoring.views import Conversation
from ..source import source_location
from ..trace.events import Hook


class Availability(msgspec.Struct, frozen=True, dict=True):
    """The journeys, tools and policies available in one state, and what conditions hid.

    `hidden` are (kind, name, condition, source) tuples. `conditional` means that a
    condition was evaluated, so the result may differ in the next state.
    """

    journeys: tuple[Journey, ...] = ()
    tools: dict[str, Tool] = {}
    policies: tuple[Policy, ...] = ()
    hidden: tuple[tuple[str, str, str, str], ...] = ()
    conditional: bool = False

    def policies_at(self, hook: Hook, tool: Tool | None = None) -> list[Policy]:
        """Return the policies at this hook, in order; cached."""
        found = self._by_hook.get((hook, tool))
        if found is None:
            found = [p for p in self.policies if p.hook == hook and (tool is None or p.applies_to(tool))]
            self._by_hook[hook, tool] = found
        return found

    def unfit(self, tool: Tool, args: dict[str, Any]) -> str:
        """Return why `args` do not fit `tool`; "" if they do."""
        try:
            tool.validate(args)
        except InvalidArguments as error:
            return f"bad arguments for {tool.name}: {error}"
        if tool.name == ENTER and args["journey"] not in [j.name for j in self.journeys]:
            return f"no journey named {args['journey']!r} is available"
        return ""

    @cached_property
    def _by_hook(self) -> dict[tuple[Hook, Tool | None], list[Policy]]:
        return _BY_HOOK.setdefault(self.policies, {})


_BY_HOOK: dict[
    tuple[Policy, ...], dict[tuple[Hook, Tool | None], list[Policy]]
] = {}  # shared by all conversations


def compute_availability(
    agent: Agent, current: str, conversation: Conversation, holds: Callable[[Any, Condition, Conversation], bool]
) -> Availability:
    """Return what is available in journey `current`.

    `holds` evaluates a condition and returns False if it raises; the engine provides
    it, because it records the fault.
    """
    hidden: list[tuple[str, str, str, str]] = []
    conditional = False

    def available(thing: Any, kind: str) -> bool:
        nonlocal conditional
        if thing.when is None:
            return True
        conditional = True
        if holds(thing, thing.when, conversation):
            return True
        name = getattr(thing, "full_name", None) or thing.name
        hidden.append((kind, name, getattr(thing.when, "__name__", "condition"), source_location(thing.when)))
        return False

    journeys = tuple(j for j in agent.journeys.values() if available(j, "journey"))
    here = agent.journeys.get(current)
    tools = [*agent.tools.values(), *(here.tools.values() if here else ())]
    policies = [*agent.policies, *(here.policies if here else ())]
    return Availability(
        journeys,
        {t.name: t for t in tools if available(t, "tool")},
        tuple(p for p in policies if available(p, "policy")),
        tuple(hidden),
        conditional,
    )
