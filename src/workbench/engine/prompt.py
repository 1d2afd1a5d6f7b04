"""The prompt: the sections and tool schemas the model is sent in one state."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..authoring.agent import Agent
from ..authoring.journey import Journey
from ..plain import content_hash
from ..trace.blobs import PromptSection, section_hash
from ..trace.setup import Setup
from .availability import Availability
from .builtin_tools import builtin_tool_schemas


class AssembledPrompt(NamedTuple):
    """An assembled prompt, with the hashes under which a trace stores it; `blobs` are its parts by hash."""

    sections: tuple[PromptSection, ...]
    section_hashes: list[str]
    tools: tuple[dict[str, Any], ...]
    tool_keys: list[str]
    blobs: dict[str, Any]


def assemble(agent: Agent, journey: str, availability: Availability, setup: Setup) -> AssembledPrompt:
    """Assemble the sections: persona, goals, manual of the current journey, facts. Cached per distinct state."""
    sheets = agent.cache.setdefault("sheets", {})
    state = (journey, tuple(j.name for j in availability.journeys), tuple(availability.tools))
    general = sheets.get(state)
    if general is None:
        sections = list(agent.persona_sections)
        if len(agent.journeys) > 1:
            sections.append(_goals(agent, availability.journeys, journey))
        if journey in agent.journeys:
            sections += agent.journeys[journey].sections
        schemas = (t.schema for t in availability.tools.values())
        tools = (*builtin_tool_schemas(agent, availability.journeys, journey), *schemas)
        span_keys, tool_keys = [section_hash(s) for s in sections], [content_hash(t) for t in tools]
        blobs = dict(zip((*span_keys, *tool_keys), (*(s._asdict() for s in sections), *tools), strict=True))
        general = sheets[state] = AssembledPrompt(tuple(sections), span_keys, tools, tool_keys, blobs)
    sections, span_keys, tools, tool_keys, blobs = general
    facts = facts_section(setup)
    key = section_hash(facts)
    return AssembledPrompt(
        (*sections, facts), [*span_keys, key], tools, tool_keys, {**blobs, key: facts._asdict()}
    )


def _goals(agent: Agent, available: tuple[Journey, ...], current: str) -> PromptSection:
    lines = ["You help with these goals. Enter a journey to get its manual and tools."]
    lines += [f"- {j.name}: {j.goal}" + (" (you are in it)" if j.name == current else "") for j in available]
    return PromptSection("goals", "\n".join(lines), agent.source)


def facts_section(setup: Setup) -> PromptSection:
    """Return the section with the facts of the setup: time, channel, customer."""
    lines = [f"Now: {setup.clock}", f"Channel: {setup.channel}"]
    lines += [f"{name}: {value}" for name, value in setup.customer.items()]
    return PromptSection("what is known", "\n".join(lines))
