"""The messages of the next request in the format of the Messages API, derived from the events.

They are derived on first access: a replay takes answers from the recording and never needs them.
"""

from __future__ import annotations

from typing import Any

import msgspec

from .events import Answer, AnyEvent, PolicyDecision, Reply, ToolResult, TurnEnded, UserMessage

Block = dict[str, Any]


class Messages:
    """Collects events in order (`add`) and returns {"role", "content": [blocks]} messages (`to_list`)."""

    def __init__(self) -> None:
        self._waiting: list[AnyEvent] = []
        self._messages: list[dict[str, Any]] = []
        self._calls: dict[int, str] = {}  # calls without a result yet: id by number
        self._withheld: set[int] = set()
        self._answer: Answer | None = None
        self.add = self._waiting.append

    @classmethod
    def from_list(cls, messages: list[dict[str, Any]]) -> Messages:
        """Return Messages that start with these messages."""
        made = cls()
        made._messages = messages
        return made

    def to_list(self) -> list[dict[str, Any]]:
        for event in self._waiting:
            handler = _APPLY.get(event.__class__)
            if handler is not None:
                handler(self, event)
        self._waiting.clear()
        return self._messages

    def _user(self, event: UserMessage) -> None:
        self._close_calls()
        self._answer = None
        self._say("user", {"type": "text", "text": str(event.text)})

    def _answered(self, event: Answer) -> None:
        self._close_calls()
        self._withheld.clear()
        self._answer = event
        self._messages.append({"role": "assistant", "content": event.blocks})
        self._calls = {call.number: call.id for call in event.calls}

    def _decided(self, event: PolicyDecision) -> None:
        if event.effect == "allow":
            return
        if event.hook == "on_message" and event.effect == "rewrite":
            self._messages[-1]["content"][-1]["text"] = str(event.replacement)
        elif event.hook == "before_reply" and event.effect == "block":
            self._say("user", {"type": "text", "text": f"(Your reply was not sent. Policy: {event.reason})"})
        elif event.hook == "after_tool" and event.call not in self._withheld:
            block = self._messages[-1]["content"][-1]
            if event.effect == "rewrite":
                block["content"] = as_text(event.replacement)
            else:  # a later policy does not restore what an earlier one withheld
                self._withheld.add(event.call)
                block["content"] = f"withheld by policy: {event.reason}"

    def _resulted(self, event: ToolResult) -> None:
        call = self._calls.pop(event.call, "")
        block: Block = {"type": "tool_result", "tool_use_id": call, "content": event.raw or as_text(event.value)}
        if event.outcome != "ok":
            block["is_error"] = True
        self._say("user", block)

    def _replied(self, event: Reply) -> None:
        text = str(event.text)
        if self._answer is not None and text == self._answer.text:
            return
        # a policy or a hand-off changed the text: the model must see what was really sent
        words = {"role": "assistant", "content": [{"type": "text", "text": text}]}
        if self._messages[-1]["role"] == "assistant":
            self._messages[-1] = words
        else:
            self._messages.append(words)

    def _ended(self, event: TurnEnded) -> None:
        self._close_calls()

    def _close_calls(self) -> None:
        """Add a result for every call without one (the turn was interrupted): the next request requires it."""
        for call in self._calls.values():
            stopped = {"type": "tool_result", "tool_use_id": call, "content": "not run: stopped", "is_error": True}
            self._say("user", stopped)
        self._calls = {}

    def _say(self, role: str, block: Block) -> None:
        if self._messages and self._messages[-1]["role"] == role:
            self._messages[-1]["content"].append(block)
        else:
            self._messages.append({"role": role, "content": [block]})


_APPLY: dict[type[Any], Any] = {
    UserMessage: Messages._user,
    Answer: Messages._answered,
    PolicyDecision: Messages._decided,
    ToolResult: Messages._resulted,
    Reply: Messages._replied,
    TurnEnded: Messages._ended,
}


def as_text(value: Any) -> str:
    """Return a result as the model sees it: text unchanged, data as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
