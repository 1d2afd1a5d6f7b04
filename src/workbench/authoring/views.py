"""What policies, conditions and rehearsals see: the conversation, and the tool call being decided.

They see the conversation and recorded lookups, never the world.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..plain import own
from ..trace.state import Happened, State
from .tool import Tool


class CallView:
    """A call as a policy sees it: `call.tool`, `call["order_number"]`, `call.get(name)`, `call.args`.

    It is handed copies: only a Rewrite changes a call.
    """

    def __init__(self, tool: str, args: dict[str, Any]) -> None:
        self.tool = tool
        self._args = args

    @property
    def args(self) -> dict[str, Any]:
        copied: dict[str, Any] = own(self._args)
        return copied

    def __getitem__(self, name: str) -> Any:
        return own(self._args[name])

    def get(self, name: str, default: Any = None) -> Any:
        return own(self._args.get(name, default))


class Talk:
    """The conversation as a policy, a condition or a rehearsal may read it.

    Looking up a result is noted, so that the decision shows what it looked at.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self.looked: list[str] = []

    @property
    def now(self) -> datetime:
        """The conversation's time, from its setup."""
        return self._state.now

    @property
    def turn(self) -> int:
        return self._state.turn

    @property
    def channel(self) -> str:
        return self._state.setup.channel

    @property
    def customer(self) -> dict[str, Any]:
        """What is known of the customer from the start, from the setup."""
        known: dict[str, Any] = own(self._state.setup.customer)
        return known

    @property
    def journey(self) -> str:
        """The journey the conversation is in, or ""."""
        return self._state.journey

    @property
    def said(self) -> list[str]:
        """What the customer wrote, a message an item, oldest first."""
        return list(self._state.said)

    @property
    def last_said(self) -> str:
        return self._state.said[-1] if self._state.said else ""

    @property
    def replies(self) -> list[str]:
        """What the customer was sent, oldest first."""
        return list(self._state.replies)

    @property
    def dialogue(self) -> list[tuple[str, str]]:
        """("user" | "agent", text) in order: what was said between the two."""
        return list(self._state.dialogue)

    @property
    def calls(self) -> list[Happened]:
        """Every call so far, oldest first, those that were blocked or rejected included."""
        return [Happened(h.place, h.tool, h.given, h.outcome, h.gave) for h in self._state.happened]

    def results(self, tool: Tool | str, **args: Any) -> list[Any]:
        """The good results of `tool` whose arguments include `args`, decoded, oldest first."""
        name = tool if isinstance(tool, str) else tool.name
        found = []
        for call in self._state.happened:
            if call.tool == name and call.ok and all(call.given.get(k) == v for k, v in args.items()):
                self.looked.append(f"{name} at {call.place}")
                found.append(call.decoded(tool))
        return found

    def result(self, tool: Tool | str, **args: Any) -> Any:
        """The latest good result of `tool` whose arguments include `args`, decoded, or None."""
        name = tool if isinstance(tool, str) else tool.name
        for call in reversed(self._state.happened):
            if call.tool == name and call.ok and all(call.given.get(k) == v for k, v in args.items()):
                self.looked.append(f"{name} at {call.place}")
                return call.decoded(tool)
        return None
