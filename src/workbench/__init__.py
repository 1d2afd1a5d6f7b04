"""The API for journey authors: `from workbench import Agent, Journey, Block`.

Importing it loads neither Textual nor the Anthropic SDK.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import import_path as import_path
from .version import __version__ as __version__

if TYPE_CHECKING:
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

_MODULES = {
    "authoring.agent": (
        "Agent",
        "Limits",
    ),
    "authoring.journey": ("Journey",),
    "authoring.policy": (
        "ALL",
        "READS",
        "WRITES",
        "Allow",
        "Block",
        "Decision",
        "Escalate",
        "Rewrite",
    ),
    "authoring.rehearsal": (
        "Ask",
        "Call",
        "CallFailed",
        "Confirm",
        "HandOff",
        "Rehearsal",
        "Say",
        "Scene",
        "Slot",
    ),
    "authoring.tool": ("Tool",),
    "authoring.views": (
        "Conversation",
        "ToolCall",
    ),
    "authoring.world": (
        "Clock",
        "Ids",
        "world",
    ),
    "errors": ("ToolError",),
    "trace.setup": ("Setup",),
    "trace.state": ("PastCall",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a name of the API when it is first used: commands and replay servers start without it."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


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
