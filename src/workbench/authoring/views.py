"""Views for policies, conditions and rehearsals: the conversation, and the tool call to decide on.

They contain the conversation and recorded lookups, never the world.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..plain import copy_plain
from ..trace.state import ConversationState, PastCall
from .tool import Tool


class ToolCall:
    """A call as a policy sees it: `call.tool`, `call["order_number"]`, `call.get(name)`, `call.args`.

    All values are copies: only a Rewrite changes a call.
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
    """A read-only view of the conversation for policies, conditions and rehearsals.

    Reading a result is recorded, so that the decision shows what it was based on.
    """

    def __init__(self, state: ConversationState) -> None:
        self._state = state
        self.lookups: list[str] = []

    @property
    def now(self) -> datetime:
        """Return the current time of the conversation, from its setup."""
        return self._state.now

    @property
    def turn(self) -> int:
        return self._state.turn

    @property
    def channel(self) -> str:
        return self._state.setup.channel

    @property
    def customer(self) -> dict[str, Any]:
        """Return the customer data of the setup."""
        known: dict[str, Any] = copy_plain(self._state.setup.customer)
        return known

    @property
    def journey(self) -> str:
        """Return the name of the current journey, or "" if there is none."""
        return self._state.journey

    @property
    def user_messages(self) -> list[str]:
        """Return the customer's messages, oldest first."""
        return list(self._state.user_messages)

    @property
    def last_user_message(self) -> str:
        return self._state.user_messages[-1] if self._state.user_messages else ""

    @property
    def agent_messages(self) -> list[str]:
        """Return the texts sent to the customer, oldest first."""
        return list(self._state.agent_messages)

    @property
    def messages(self) -> list[tuple[str, str]]:
        """Return ("user" | "agent", text) pairs in order."""
        return list(self._state.dialogue)

    @property
    def calls(self) -> list[PastCall]:
        """Return all calls so far, oldest first, including blocked and rejected ones."""
        return [PastCall(h.step_id, h.tool, h.raw_args, h.outcome, h.raw_value) for h in self._state.calls]

    def results(self, tool: Tool | str, **args: Any) -> list[Any]:
        """Return the successful results of `tool` whose arguments include `args`, decoded, oldest first."""
        name = tool if isinstance(tool, str) else tool.name
        found = []
        for call in self._state.calls:
            if call.tool == name and call.ok and all(call.raw_args.get(k) == v for k, v in args.items()):
                self.lookups.append(f"{name} at {call.step_id}")
                found.append(call.decoded(tool))
        return found

    def result(self, tool: Tool | str, **args: Any) -> Any:
        """Return the latest successful result of `tool` whose arguments include `args`, decoded, or None."""
        name = tool if isinstance(tool, str) else tool.name
        for call in reversed(self._state.calls):
            if call.tool == name and call.ok and all(call.raw_args.get(k) == v for k, v in args.items()):
                self.lookups.append(f"{name} at {call.step_id}")
                return call.decoded(tool)
        return None
