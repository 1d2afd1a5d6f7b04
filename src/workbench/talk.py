"""The state of a conversation, folded from its trace, and the view of it that journeys get.

`State` is the fold: `apply(step)` for every step, in order, live and in replay
alike. `Talk` is what policies, conditions and rehearsals read; it shows the
conversation and recorded lookups, never the world.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from .steps import (
    Answer,
    AnyStep,
    Change,
    Decision,
    Entered,
    HandOff,
    Place,
    Prompt,
    Reply,
    Result,
    Setup,
    TurnEnd,
    UserMessage,
)
from .tool import Tool


class Happened(msgspec.Struct, frozen=True):
    """A call that has been made: its tool, its arguments as run, and what it came to, plain."""

    place: Place
    tool: str
    args: dict[str, Any]
    outcome: str
    value: Any

    @property
    def ok(self) -> bool:
        return self.outcome == "ok"


class State:
    """Everything the engine needs to know of the steps so far."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.now = datetime.fromisoformat(setup.clock)
        self.turn = 0
        self.journey = ""
        self.handed_off = False
        self.messages: list[dict[str, Any]] = []
        self.said: list[str] = []
        self.replies: list[str] = []
        self.dialogue: list[tuple[str, str]] = []
        self.happened: list[Happened] = []
        self.changes: list[Change] = []
        self.prompt: Prompt | None = None
        self._open: dict[int, tuple[str, str, dict[str, Any]]] = {}
        self._decisions: list[Decision] = []
        self._answer: Answer | None = None

    def apply(self, step: AnyStep) -> None:
        handler = _APPLY.get(step.__class__)
        if handler is not None:
            handler(self, step)

    def _user(self, step: UserMessage) -> None:
        self._close_calls()
        self.turn = step.turn
        self._decisions = []
        self._answer = None
        text = str(step.text)
        self.said.append(text)
        self.dialogue.append(("user", text))
        self._say("user", {"type": "text", "text": text})

    def _answered(self, step: Answer) -> None:
        self._close_calls()
        self._decisions = []
        self._answer = step
        self.messages.append({"role": "assistant", "content": step.blocks})
        self._open = {call.number: (call.id, call.tool, call.args) for call in step.calls}

    def _decided(self, step: Decision) -> None:
        self._decisions.append(step)
        if step.stand == "message" and step.verdict == "rewrite":
            self.said[-1] = str(step.to)
            self.dialogue[-1] = ("user", str(step.to))
            self.messages[-1]["content"][-1]["text"] = str(step.to)
        elif step.stand == "after" and step.verdict != "allow":
            self._withhold(step)
        elif step.stand == "reply" and step.verdict == "block":
            self._say("user", {"type": "text", "text": f"(Your reply was not sent. Policy: {step.reason})"})

    def _withhold(self, step: Decision) -> None:
        """A policy after the tool changed what the model and the policies see of a result."""
        if any(
            d.stand == "after" and d.call == step.call and d.verdict in ("block", "escalate")
            for d in self._decisions[:-1]
        ):
            return  # what one policy withheld, a later one does not give back
        last = self.happened[-1]
        blocked = step.verdict != "rewrite"
        self.happened[-1] = Happened(
            last.place, last.tool, last.args, "error" if blocked else last.outcome, step.to
        )
        block = self.messages[-1]["content"][-1]
        block["content"] = f"withheld by policy: {step.reason}" if blocked else as_text(step.to)

    def _resulted(self, step: Result) -> None:
        call_id, _, args = self._open.pop(step.call, ("", step.tool, {}))
        for decision in self._decisions:
            if decision.call == step.call and decision.stand == "before" and decision.verdict == "rewrite":
                args = decision.to
        self.happened.append(Happened(step.place, step.tool, args, step.outcome, step.value))
        self.changes += step.changed
        block: dict[str, Any] = {"type": "tool_result", "tool_use_id": call_id, "content": as_text(step.value)}
        if step.outcome != "ok":
            block["is_error"] = True
        self._say("user", block)

    def _entered(self, step: Entered) -> None:
        self.journey = step.journey

    def _replied(self, step: Reply) -> None:
        text = str(step.text)
        self.replies.append(text)
        self.dialogue.append(("agent", text))
        if self._answer is not None and text == self._answer.text:
            return
        # a policy or a hand-off changed the words: the model must know what was really sent
        words = {"type": "text", "text": text}
        if self.messages[-1]["role"] == "assistant":
            self.messages[-1] = {"role": "assistant", "content": [words]}
        else:
            self.messages.append({"role": "assistant", "content": [words]})

    def _prompted(self, step: Prompt) -> None:
        self.prompt = step

    def _handed(self, step: HandOff) -> None:
        self.handed_off = True

    def _ended(self, step: TurnEnd) -> None:
        self._close_calls()

    def _close_calls(self) -> None:
        """A call without a result (the turn was stopped) must still be answered for the next request."""
        for call_id, _, _ in self._open.values():
            block: dict[str, Any] = {
                "type": "tool_result",
                "tool_use_id": call_id,
                "content": "not run: stopped",
                "is_error": True,
            }
            self._say("user", block)
        self._open = {}

    def _say(self, role: str, block: dict[str, Any]) -> None:
        if self.messages and self.messages[-1]["role"] == role:
            self.messages[-1]["content"].append(block)
        else:
            self.messages.append({"role": role, "content": [block]})


_APPLY: dict[type[Any], Any] = {
    UserMessage: State._user,
    Answer: State._answered,
    Decision: State._decided,
    Result: State._resulted,
    Entered: State._entered,
    Prompt: State._prompted,
    Reply: State._replied,
    HandOff: State._handed,
    TurnEnd: State._ended,
}


def as_text(value: Any) -> str:
    """A result as the model reads it: words as they are, data as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


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
        return self._state.setup.customer

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
        return list(self._state.happened)

    def results(self, tool: Tool | str, **args: Any) -> list[Any]:
        """The good results of `tool` whose arguments include `args`, decoded, oldest first."""
        name = tool if isinstance(tool, str) else tool.name
        found = []
        for call in self._state.happened:
            if call.tool == name and call.ok and all(call.args.get(k) == v for k, v in args.items()):
                self.looked.append(f"{name} at {call.place}")
                found.append(call.value if isinstance(tool, str) else tool.decode(call.value))
        return found

    def result(self, tool: Tool | str, **args: Any) -> Any:
        """The latest good result of `tool` whose arguments include `args`, decoded, or None."""
        name = tool if isinstance(tool, str) else tool.name
        for call in reversed(self._state.happened):
            if call.tool == name and call.ok and all(call.args.get(k) == v for k, v in args.items()):
                self.looked.append(f"{name} at {call.place}")
                return call.value if isinstance(tool, str) else tool.decode(call.value)
        return None
