"""The prompt: which spans and tool schemas the model is sent in one state."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..authoring.agent import Agent
from ..authoring.journey import Journey
from ..plain import digest
from ..trace.blobs import Span, span_key
from ..trace.setup import Setup
from .availability import Offer
from .builtin_tools import built_in


class Sheet(NamedTuple):
    """What was assembled, with the hashes under which a trace keeps it; `exhibits` is all of it by hash."""

    spans: tuple[Span, ...]
    span_keys: list[str]
    tools: tuple[dict[str, Any], ...]
    tool_keys: list[str]
    exhibits: dict[str, Any]


def assemble(agent: Agent, journey: str, offer: Offer, setup: Setup) -> Sheet:
    """Spans: persona, goals, the manual of the current journey, the facts. Made once per distinct state."""
    sheets = agent.kept.setdefault("sheets", {})
    state = (journey, tuple(j.name for j in offer.journeys), tuple(offer.tools))
    general = sheets.get(state)
    if general is None:
        spans = list(agent.persona_spans)
        if len(agent.journeys) > 1:
            spans.append(_goals(agent, offer.journeys, journey))
        if journey in agent.journeys:
            spans += agent.journeys[journey].spans
        schemas = (t.schema for t in offer.tools.values())
        tools = (*built_in(agent, offer.journeys, journey), *schemas)
        span_keys, tool_keys = [span_key(s) for s in spans], [digest(t) for t in tools]
        exhibits = dict(zip((*span_keys, *tool_keys), (*(s._asdict() for s in spans), *tools), strict=True))
        general = sheets[state] = Sheet(tuple(spans), span_keys, tools, tool_keys, exhibits)
    spans, span_keys, tools, tool_keys, exhibits = general
    facts = facts_span(setup)
    key = span_key(facts)
    return Sheet((*spans, facts), [*span_keys, key], tools, tool_keys, {**exhibits, key: facts._asdict()})


def _goals(agent: Agent, on_offer: tuple[Journey, ...], current: str) -> Span:
    lines = ["You help with these goals. Enter a journey to get its manual and tools."]
    lines += [f"- {j.name}: {j.goal}" + (" (you are in it)" if j.name == current else "") for j in on_offer]
    return Span("goals", "\n".join(lines), agent.source)


def facts_span(setup: Setup) -> Span:
    lines = [f"Now: {setup.clock}", f"Channel: {setup.channel}"]
    lines += [f"{name}: {value}" for name, value in setup.customer.items()]
    return Span("what is known", "\n".join(lines))
