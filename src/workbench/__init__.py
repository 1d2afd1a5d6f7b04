"""What a journey author imports: `from workbench import Agent, Journey, Block`.

Light on purpose: neither Textual nor the Anthropic SDK is loaded by it.
"""

from __future__ import annotations

from .errors import ToolError
from .journey import Agent, Journey, Limits
from .policy import EVERY, READS, WRITES, Allow, Block, Escalate, Rewrite
from .script import Ask, Confirm, Fact, HandOff, Refused, Rehearsal, Say, Scene, Use
from .talk import Talk
from .tool import Tool
from .trace.setup import Setup
from .trace.state import Happened
from .world import Clock, Ids, world

__all__ = [
    "EVERY",
    "READS",
    "WRITES",
    "Agent",
    "Allow",
    "Ask",
    "Block",
    "Clock",
    "Confirm",
    "Escalate",
    "Fact",
    "HandOff",
    "Happened",
    "Ids",
    "Journey",
    "Limits",
    "Refused",
    "Rehearsal",
    "Rewrite",
    "Say",
    "Scene",
    "Setup",
    "Talk",
    "Tool",
    "ToolError",
    "Use",
    "world",
]
