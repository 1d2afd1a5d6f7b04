"""What a journey author imports: `from workbench import Agent, Journey, Block`.

Light on purpose: neither Textual nor the Anthropic SDK is loaded by it.
"""

from __future__ import annotations

from .authoring.agent import Agent, Limits
from .authoring.journey import Journey
from .authoring.policy import EVERY, READS, WRITES, Allow, Block, Escalate, Rewrite
from .authoring.rehearsal import Ask, Confirm, Fact, HandOff, Refused, Rehearsal, Say, Scene, Use
from .authoring.tool import Tool
from .authoring.views import CallView as ToolCall
from .authoring.views import Talk
from .authoring.world import Clock, Ids, world
from .errors import ToolError
from .trace.setup import Setup
from .trace.state import Happened
from .version import __version__ as __version__

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
    "ToolCall",
    "ToolError",
    "Use",
    "world",
]
