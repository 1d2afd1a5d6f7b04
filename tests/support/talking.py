"""Run a conversation with a sample agent: `talk_with("support", "loyal", "return OL-1001", "yes")`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workbench.runtime.loader import LoadedAgent
from workbench.testing import FinishedConversation, load_agent, run_conversation

JOURNEYS = Path(__file__).parents[2] / "journeys"


def talk_with(
    agent: str | LoadedAgent, fixture: str, *messages: str, root: Path = JOURNEYS, **more: Any
) -> FinishedConversation:
    """Run a conversation with an agent, or with the one of this name in `root`."""
    loaded = load_agent(root, agent) if isinstance(agent, str) else agent
    return run_conversation(loaded, fixture, *messages, **more)
