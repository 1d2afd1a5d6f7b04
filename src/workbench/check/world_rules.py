"""Check what world classes and results of tools can hold."""

from __future__ import annotations

from collections.abc import Iterator

from ..authoring.agent import Agent
from ..authoring.world_types import class_location, wider_classes
from ..engine.parts import Schema
from ..errors import JourneyError
from ..findings import Finding, error, warning


def check_world(agent: Agent) -> Iterator[Finding]:
    """Yield findings about subclasses of world data, which a field of the base class cannot hold."""
    for kind in agent.world_classes().values():
        for base, wider in wider_classes(Schema.of(kind).shape):
            yield error(
                "world-type",
                class_location(wider),
                f"the world declares {base.__name__}, which cannot hold the fields of {wider.__name__}",
                f"declare {base.__name__} | {wider.__name__} there, or do not derive {wider.__name__} from it",
            )


def check_results(agent: Agent) -> Iterator[Finding]:
    """Yield findings about declared results that policies receive as plain data instead."""
    for tool in agent.all_tools():
        try:
            why = tool.undecodable
        except JourneyError:  # check_tools reports it
            continue
        if why:
            then = "declare a type of the table in docs/journeys.md, or Any"
            yield warning(
                "result-type",
                tool.source,
                f"policies receive the result of {tool.name} as plain data: {why}",
                then,
            )
