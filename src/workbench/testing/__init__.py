"""Helpers for the tests of a journey: load an agent, run a conversation, inspect its steps.

    from workbench.testing import load_agent, run_conversation

    def test_a_reserved_book_is_not_renewed() -> None:
        agent = load_agent("journeys", "library")
        conversation = run_conversation(agent, "reader", "renew my book L-18", "yes")
        assert conversation.blocked_by == ["loans.nobody_waits"]

Everything runs in the process of the test: no worker, no screen, no network.
"""

from __future__ import annotations

from .conversation import FinishedConversation, load_agent, run_conversation
from .scripted import Blocks, ScriptedModel, text, thinking, tool_use

__all__ = [
    "Blocks",
    "FinishedConversation",
    "ScriptedModel",
    "load_agent",
    "run_conversation",
    "text",
    "thinking",
    "tool_use",
]
