"""Fill the caches of a loaded agent before its first turn, without running its functions."""

from __future__ import annotations

import contextlib

from ..authoring.agent import Agent
from ..authoring.views import Conversation
from ..errors import JourneyError
from ..trace.setup import Setup
from ..trace.state import ConversationState
from .availability import compute_availability
from .builtin_tools import built_in_tools
from .prompt import assemble


def fill_caches(agent: Agent) -> None:
    """Work out what depends on the code alone: schemas, types, descriptions of policies, prompt sections."""
    for policy in agent.all_policies():
        _ = policy.rule_hash, policy.full_name, policy.parameters
    for tool in (*agent.all_tools(), *built_in_tools(agent).values()):
        with contextlib.suppress(JourneyError):  # a wrong declaration is reported when it is used
            tool.fill_caches()
    setup = Setup(agent.name)
    conversation = Conversation(ConversationState(setup))
    for journey in ("", *agent.journeys):
        with contextlib.suppress(JourneyError):
            assemble(agent, journey, compute_availability(agent, journey, conversation, lambda *_: True), setup)
