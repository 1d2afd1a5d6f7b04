"""What a policy is handed: the conversation so far, and a call."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from .record import Place


@dataclass
class Talk:
    """What a policy may ask of a conversation, kept by hand."""

    setup: dict[str, Any]
    turn: int = 0
    journey: str = ""
    handed_off: bool = False
    user_messages: list[str] = field(default_factory=list)
    agent_messages: list[str] = field(default_factory=list)
    messages: list[tuple[str, str]] = field(default_factory=list)
    calls: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.now = datetime.fromisoformat(self.setup.get("clock", "2026-01-05T10:00:00+00:00"))
        self.customer, self.channel = self.setup.get("customer", {}), self.setup.get("channel", "chat")

    @property
    def last_user_message(self) -> str:
        return self.user_messages[-1] if self.user_messages else ""

    def results(self, tool: Any, **args: Any) -> list[Any]:
        name = tool if isinstance(tool, str) else tool.name
        fits = [c for c in self.calls if c.tool == name and c.ok and args.items() <= c.args.items()]
        return [c.value if isinstance(tool, str) else tool.decode_result(c.value) for c in fits]

    def result(self, tool: Any, **args: Any) -> Any:
        return (self.results(tool, **args) or [None])[-1]

    def hear(self, text: str) -> None:
        self.user_messages.append(text)
        self.messages.append(("user", text))

    def reply(self, text: str) -> None:
        self.agent_messages.append(text)
        self.messages.append(("agent", text))

    def called(self, place: Place, tool: str, args: Any, outcome: str, value: Any) -> Any:
        call = SimpleNamespace(
            step_id=place, tool=tool, args=args, outcome=outcome, value=value, ok=outcome == "ok"
        )
        call.decoded = lambda tool: tool.decode_result(call.value)
        self.calls.append(call)
        return call


class View:
    """A call as a policy sees it."""

    def __init__(self, tool: str, args: dict[str, Any]) -> None:
        self.tool, self.args, self.get = tool, args, args.get

    def __getitem__(self, name: str) -> Any:
        return self.args[name]
