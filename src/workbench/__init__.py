"""The names for journey authors: `from workbench import Agent, Journey, Block`.

It imports little on purpose: neither Textual nor the Anthropic SDK.
"""

from __future__ import annotations

from .authoring.agent import Agent, Limits
from .authoring.journey import Journey
from .authoring.policy import ALL, READS, WRITES, Allow, Block, Decision, Escalate, Rewrite
from .authoring.rehearsal import Ask, Call, CallFailed, Confirm, HandOff, Rehearsal, Say, Scene, Slot
from .authoring.tool import Tool
from .authoring.views import Conversation, ToolCall
from .authoring.world import Clock, Ids, world
from .errors import ToolError
from .trace.setup import Setup
from .trace.state import PastCall
from .version import __version__ as __version__

__all__ = [
    "ALL",
    "READS",
    "WRITES",
    "Agent",
    "Allow",
    "Ask",
    "Block",
    "Call",
    "CallFailed",
    "Clock",
    "Confirm",
    "Conversation",
    "Decision",
    "Escalate",
    "HandOff",
    "Ids",
    "Journey",
    "Limits",
    "PastCall",
    "Rehearsal",
    "Rewrite",
    "Say",
    "Scene",
    "Setup",
    "Slot",
    "Tool",
    "ToolCall",
    "ToolError",
    "world",
]
