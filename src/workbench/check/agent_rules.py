"""Check a loaded agent: its tools, policies and conditions."""

from __future__ import annotations

import inspect
import typing
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from ..authoring.agent import Agent
from ..authoring.builtin import BUILT_IN, ENTER, HAND_OFF, LOOK_UP
from ..authoring.journey import Journey
from ..authoring.policy import ALL, HOOK_PARAMETERS, READS, WRITES, Policy
from ..authoring.tool import Tool
from ..authoring.world import is_injected
from ..errors import JourneyError
from ..findings import Finding, error, warning
from ..source import source_location
from .conditions import mutually_exclusive


def check_tools(agent: Agent) -> Iterator[Finding]:
    """Yield findings about the types, docstrings and names of tools, and about writes without a policy."""
    for tool in agent.all_tools():
        try:
            _ = tool.schema, tool.injected
        except JourneyError as problem:
            yield error("tool-types", problem.where or tool.source, problem.message, problem.hint)
        if not tool.description:
            yield error(
                "tool-docstring",
                tool.source,
                f"tool {tool.name} has no docstring",
                "add one: the model reads it",
            )
        if tool.writes and not any(_protects(policy, tool) for policy in agent.all_policies()):
            yield warning(
                "unguarded-write",
                tool.source,
                f"tool {tool.name} writes, and no policy applies before it",
                f"add one: @{tool.journey or 'agent'}.policy(before={tool.name})",
            )
    yield from _duplicates(agent)


def _protects(policy: Policy, tool: Tool) -> bool:
    here = policy.journey in ("", tool.journey)
    return (
        here
        and policy.hook == "before_tool"
        and policy.applies_to(tool)
        and not mutually_exclusive(policy.when, tool.when)
    )


def _duplicates(agent: Agent) -> Iterator[Finding]:
    by_name: defaultdict[str, list[Tool]] = defaultdict(list)
    for tool in agent.all_tools():
        by_name[tool.name].append(tool)
    for first, *others in by_name.values():
        for other in others:
            if other.fn is first.fn:
                continue
            yield error(
                "duplicate-tool",
                other.source,
                f"duplicate tool name {other.name}, also in {_home(first)} ({first.source})",
                "rename one of them, or declare one for the whole agent",
            )


def _home(thing: Tool | Policy) -> str:
    return f"the journey {thing.journey}" if thing.journey else "the agent"


# policies


def check_policies(agent: Agent) -> Iterator[Finding]:
    """Yield findings about the docstrings and parameters of policies, and about policies that are never called."""
    for policy in agent.all_policies():
        if not policy.rule or policy.rule.lower().startswith("why:"):
            then = "add the rule as the first paragraph of its docstring"
            yield warning("policy-rule", policy.source, f"policy {policy.name} has no rule", then)
        if not policy.why:
            then = "add a paragraph that starts with Why: to its docstring"
            yield warning("policy-why", policy.source, f"policy {policy.name} has no reason", then)
        yield from _parameters(policy)
        if policy.tools:
            yield from _unreachable(agent, policy)


def _parameters(policy: Policy) -> Iterator[Finding]:
    available = HOOK_PARAMETERS[policy.hook]
    try:
        hints = typing.get_type_hints(policy.fn)
    except Exception:  # errors in its types are reported elsewhere
        hints = {}
    for name in policy.parameters:
        if name in available:
            continue
        message = (
            f"policy {policy.name} has a parameter {name!r}, which is not available {_HOOK_NAMES[policy.hook]}"
        )
        then = f"use any of: {', '.join(available)}"
        if is_injected(hints.get(name)):
            message = f"policy {policy.name} has a parameter {name!r}: policies cannot see the world"
            then = "use conversation.result(tool) for results and conversation.now for the time"
        yield error("policy-parameters", policy.source, message, then)


_HOOK_NAMES = {
    "before_tool": "before a tool",
    "after_tool": "after a tool",
    "before_reply": "before a reply",
    "on_message": "on a message",
}


def _unreachable(agent: Agent, policy: Policy) -> Iterator[Finding]:
    """Check that a policy and the tools it applies to can be available at the same time."""
    here = [t for t in agent.all_tools() if policy.journey in ("", t.journey) or not t.journey]
    for name in policy.tools:
        if name in (WRITES, READS, ALL):
            if name == WRITES and not any(t.writes for t in here):
                then = "remove the policy, or set writes=True on its tools"
                message = f"policy {policy.name} applies before every tool that writes, and there is none"
                yield warning("never-called", policy.source, message, then)
            continue
        if name in BUILT_IN:
            yield from _built_in_unreachable(agent, policy, name)
            continue
        tools = [t for t in here if t.name == name]
        if not tools:
            other = next(t for t in agent.all_tools() if t.name == name)
            yield error(
                "never-called",
                policy.source,
                f"policy {policy.name} of the journey {policy.journey} applies to {name}, "
                f"a tool of {_home(other)}: the two are never available together",
                f"move it there, or declare it for the whole agent: @agent.policy({policy.hook}=...)",
            )
        elif all(mutually_exclusive(policy.when, t.when) for t in tools):
            yield error(
                "never-called",
                policy.source,
                f"policy {policy.name} is available only when its tool {name} is not: "
                f"{_name(policy.when)} and {_name(tools[0].when)} are mutually exclusive",
                "correct one of the two conditions",
            )


def absent_built_in(agent: Agent) -> dict[str, str]:
    """Return the built-in tools that the agent does not have, with the reason."""
    reasons = {
        ENTER: "" if len(agent.journeys) > 1 else "the agent has one journey and starts in it",
        HAND_OFF: "" if agent.allow_handoff else "the agent has allow_handoff=False",
        LOOK_UP: "" if agent.knowledge else "the agent has no knowledge",
    }
    return {name: reason for name, reason in reasons.items() if reason}


def _built_in_unreachable(agent: Agent, policy: Policy, name: str) -> Iterator[Finding]:
    absent = absent_built_in(agent).get(name, "")
    if not absent and policy.hook == "after_tool" and name != LOOK_UP:
        absent = "no policy runs after it"
    if absent:
        message = f"policy {policy.name} applies to {name}, but {absent}"
        yield error("never-called", policy.source, message, "remove the policy, or use another hook")


# conditions


def check_conditions(agent: Agent) -> Iterator[Finding]:
    """Yield findings about conditions that are not plain functions or can never be true."""
    things: list[tuple[str, Tool | Policy | Journey]] = [
        *(("journey", j) for j in agent.journeys.values()),
        *(("tool", t) for t in agent.all_tools()),
        *(("policy", p) for p in agent.all_policies()),
    ]
    for kind, thing in things:
        if thing.when is None:
            continue
        what = f"{kind} {thing.name}"
        fit = _unfit(thing.when)
        if fit:
            then = "use a function with one parameter: def is_open(conversation) -> bool"
            yield error("condition", source_location(thing.when), f"the condition of {what} {fit}", then)
        elif mutually_exclusive(thing.when, None):
            message = f"the condition of {what} can never be true: it contradicts itself"
            yield error("never-available", source_location(thing.when), message, "correct the condition")
            continue
        journey = agent.journeys.get(getattr(thing, "journey", ""))
        if (
            kind == "tool"
            and journey is not None
            and journey.when is not None
            and mutually_exclusive(thing.when, journey.when)
        ):
            yield warning(
                "never-available",
                thing.source,
                f"{what} is unavailable whenever its journey {journey.name} is available: "
                f"{_name(thing.when)} and {_name(journey.when)} are mutually exclusive",
                "correct one of the two conditions",
            )


def _unfit(condition: Any) -> str:
    if inspect.iscoroutinefunction(condition):
        return "is async: it is never awaited, so it is always true"
    try:
        inspect.signature(condition).bind(None)
    except TypeError:
        return "needs exactly one parameter, the conversation"
    except ValueError:
        return ""
    return ""


def _name(condition: Any) -> str:
    name = getattr(condition, "__name__", "condition")
    return "its condition" if name == "<lambda>" else name
