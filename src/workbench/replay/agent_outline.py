"""What a verdict needs to know about an agent, as plain data: the judge runs no journey code."""

from __future__ import annotations

import msgspec

from ..authoring.agent import Agent, Limits


class AgentOutline(msgspec.Struct, frozen=True):
    """The names of an agent and its tools, the source line of each policy by full name, and its limits."""

    name: str
    tools: frozenset[str] = frozenset()
    policies: dict[str, str] = {}
    limits: Limits = Limits()


def outline(agent: Agent) -> AgentOutline:
    """Return the outline of a loaded agent."""
    tools = frozenset(tool.name for tool in agent.all_tools())
    return AgentOutline(agent.name, tools, {p.full_name: p.source for p in agent.all_policies()}, agent.limits)
