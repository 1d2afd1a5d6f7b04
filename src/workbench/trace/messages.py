"""The messages a model is sent, in the shape of the Messages API, folded from the steps.

They are folded when first read: a replay, whose model is the tape, never does.
"""

from __future__ import annotations

from typing import Any

import msgspec

from .events import Answer, AnyStep, Decision, Reply, Result, TurnEnd, UserMessage

Block = dict[str, Any]


class Messages:
    """`take()` every step of a conversation, in order; `read()` gives {"role", "content": [blocks]} each."""

    def __init__(self) -> None:
        self._waiting: list[AnyStep] = []
        self._messages: list[dict[str, Any]] = []
        self._calls: dict[int, str] = {}  # calls not yet answered: number, id
        self._withheld: set[int] = set()
        self._answer: Answer | None = None
        self.take = self._waiting.append

    @classmethod
    def of(cls, messages: list[dict[str, Any]]) -> Messages:
        """Messages that are there already."""
        made = cls()
        made._messages = messages
        return made

    def read(self) -> list[dict[str, Any]]:
        for step in self._waiting:
            handler = _APPLY.get(step.__class__)
            if handler is not None:
                handler(self, step)
        self._waiting.clear()
        return self._messages

    def _user(self, step: UserMessage) -> None:
        self._close_calls()
        self._answer = None
        self._say("user", {"type": "text", "text": str(step.text)})

    def _answered(self, step: Answer) -> None:
        self._close_calls()
        self._withheld.clear()
        self._answer = step
        self._messages.append({"role": "assistant", "content": step.blocks})
        self._calls = {call.number: call.id for call in step.calls}

    def _decided(self, step: Decision) -> None:
        if step.verdict == "allow":
            return
        if step.stand == "message" and step.verdict == "rewrite":
            self._messages[-1]["content"][-1]["text"] = str(step.to)
        elif step.stand == "reply" and step.verdict == "block":
            self._say("user", {"type": "text", "text": f"(Your reply was not sent. Policy: {step.reason})"})
        elif step.stand == "after" and step.call not in self._withheld:
            block = self._messages[-1]["content"][-1]
            if step.verdict == "rewrite":
                block["content"] = as_text(step.to)
            else:  # what one policy withheld, a later one does not give back
                self._withheld.add(step.call)
                block["content"] = f"withheld by policy: {step.reason}"

    def _resulted(self, step: Result) -> None:
        call = self._calls.pop(step.call, "")
        block: Block = {"type": "tool_result", "tool_use_id": call, "content": as_text(step.value)}
        if step.outcome != "ok":
            block["is_error"] = True
        self._say("user", block)

    def _replied(self, step: Reply) -> None:
        text = str(step.text)
        if self._answer is not None and text == self._answer.text:
            return
        # a policy or a hand-off changed the words: the model must know what was really sent
        words = {"role": "assistant", "content": [{"type": "text", "text": text}]}
        if self._messages[-1]["role"] == "assistant":
            self._messages[-1] = words
        else:
            self._messages.append(words)

    def _ended(self, step: TurnEnd) -> None:
        self._close_calls()

    def _close_calls(self) -> None:
        """A call without a result (the turn was stopped) must still be answered for the next request."""
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
    Decision: Messages._decided,
    Result: Messages._resulted,
    Reply: Messages._replied,
    TurnEnd: Messages._ended,
}


def as_text(value: Any) -> str:
    """A result as the model reads it: words as they are, data as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
