"""What policies, conditions and rehearsals see: the conversation, and the tool call being decided.

They see the conversation and recorded lookups, never the world.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..plain import copy_plain
from ..trace.state import ConversationState, PastCall
from .tool import Tool


class ToolCall:
    """A call as a policy sees it: `call.tool`, `call["order_number"]`, `call.get(name)`, `call.args`.

    It is handed copies: only a Rewrite changes a call.
    """

    def __init__(self, tool: str, args: dict[str, Any]) -> None:
        self.tool = tool
        self._args = args

    @property
    def args(self) -> dict[str, Any]:
        copied: dict[str, Any] = copy_plain(self._args)
        return copied

    def __getitem__(self, name: str) -> Any:
        return copy_plain(self._args[name])

    def get(self, name: str, default: Any = None) -> Any:
        return copy_plain(self._args.get(name, default))


class Conversation:
    """The conversation as a policy, a condition or a rehearsal may read it.

    Looking up a result is noted, so that the decision shows what it looked at.
    """

    def __init__(self, state: ConversationState) -> None:
        self._state = state
        self.lookups: list[str] = []

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
        known: dict[str, Any] = copy_plain(self._state.setup.customer)
        return known

    @property
    def journey(self) -> str:
        """The journey the conversation is in, or ""."""
        return self._state.journey

    @property
    def user_messages(self) -> list[str]:
        """What the customer wrote, a message an item, oldest first."""
        return list(self._state.user_messages)

    @property
    def last_user_message(self) -> str:
        return self._state.user_messages[-1] if self._state.user_messages else ""

    @property
    def agent_messages(self) -> list[str]:
        """What the customer was sent, oldest first."""
        return list(self._state.agent_messages)

    @property
    def messages(self) -> list[tuple[str, str]]:
        """("user" | "agent", text) in order: what was said between the two."""
        return list(self._state.dialogue)

    @property
    def calls(self) -> list[PastCall]:
        """Every call so far, oldest first, those that were blocked or rejected included."""
        return [PastCall(h.step_id, h.tool, h.raw_args, h.outcome, h.raw_value) for h in self._state.calls]

    def results(self, tool: Tool | str, **args: Any) -> list[Any]:
        """The good results of `tool` whose arguments include `args`, decoded, oldest first."""
        name = tool if isinstance(tool, str) else tool.name
        found = []
        for call in self._state.calls:
            if call.tool == name and call.ok and all(call.raw_args.get(k) == v for k, v in args.items()):
                self.lookups.append(f"{name} at {call.step_id}")
                found.append(call.decoded(tool))
        return found

    def result(self, tool: Tool | str, **args: Any) -> Any:
        """The latest good result of `tool` whose arguments include `args`, decoded, or None."""
        name = tool if isinstance(tool, str) else tool.name
        for call in reversed(self._state.calls):
            if call.tool == name and call.ok and all(call.raw_args.get(k) == v for k, v in args.items()):
                self.lookups.append(f"{name} at {call.step_id}")
                return call.decoded(tool)
        return None
