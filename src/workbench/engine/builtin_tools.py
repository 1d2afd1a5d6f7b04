"""The built-in tools: enter a journey, hand off to a human, search the knowledge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..authoring.agent import Agent
from ..authoring.builtin import ENTER, HAND_OFF, LOOK_UP
from ..authoring.journey import Journey
from ..authoring.tool import Tool


def built_in_tools(agent: Agent) -> dict[str, Tool]:
    """Return the tools that every agent has, by name; cached in the agent."""
    made: dict[str, Tool] | None = agent.cache.get("built_in")
    if made is None:

        def enter_journey(journey: str) -> str:
            """Enter a journey."""
            return journey

        def hand_off(reason: str) -> str:
            """Hand the conversation off to a human."""
            return reason

        def look_up(question: str) -> list[dict[str, Any]]:
            """Look something up in the agent's knowledge."""
            return agent.search_knowledge(question)

        made = {fn.__name__: Tool(fn.__name__, fn) for fn in (enter_journey, hand_off)}
        made[LOOK_UP] = Tool(LOOK_UP, look_up, reexecute=True)
        agent.cache["built_in"] = made
    return made


def builtin_tool_schemas(agent: Agent, on_offer: tuple[Journey, ...], current: str) -> list[dict[str, Any]]:
    """Return the schemas of the available built-in tools: enter a journey, search the knowledge, hand off."""
    tools: list[dict[str, Any]] = []
    others = [j.name for j in on_offer if j.name != current]
    if len(agent.journeys) > 1 and others:
        tools.append(_schema(ENTER, "Enter a journey: get its manual and tools.", {"journey": {"enum": others}}))
    if agent.knowledge:
        tools.append(
            _schema(
                LOOK_UP,
                "Look something up in what the company has written down. Quote it; do not guess.",
                {"question": {"type": "string"}},
            )
        )
    if agent.allow_handoff:
        tools.append(
            _schema(
                HAND_OFF,
                "Hand the conversation off to a human. Nothing you say after it reaches the customer.",
                {"reason": {"type": "string"}},
            )
        )
    return tools


def _schema(name: str, description: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "description": description,
        "input_schema": {
            "type": "object",
            "properties": dict(properties),
            "required": list(properties),
            "additionalProperties": False,
        },
    }
