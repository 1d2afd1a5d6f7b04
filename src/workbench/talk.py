"""The state of a conversation, folded from its trace, and the view of it that journeys get.

`State` is the fold: `apply(step)` for every step, in order, live and in replay
alike. `Talk` is what policies, conditions and rehearsals read; it shows the
conversation and recorded lookups, never the world.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

import msgspec

from .messages import Messages
from .plain import once, own
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
    UserMessage,
)
from .tool import Tool


class DecodesResult(Protocol):
    """Decode a plain result into its declared type. A tool does."""

    def decode(self, value: Any) -> Any: ...


class Happened(msgspec.Struct, frozen=True, dict=True):
    """A call that has been made: its tool, its arguments as run, and what it came to, plain.

    `args` and `value` are copies, to give away, of what was `given` and what it `gave`.
    """

    place: Place
    tool: str
    given: dict[str, Any]
    outcome: str
    gave: Any

    @once
    def args(self) -> dict[str, Any]:
        copied: dict[str, Any] = own(self.given)
        return copied

    @once
    def value(self) -> Any:
        return own(self.gave)

    @property
    def ok(self) -> bool:
        return self.outcome == "ok"

    def decoded(self, tool: DecodesResult | str) -> Any:
        """What it came to as `tool` declares its result; a plain copy where it does not fit, or for a name."""
        return own(self.gave) if isinstance(tool, str) else tool.decode(self.gave)


class State:
    """Everything the engine needs to know of the steps so far."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.now = datetime.fromisoformat(setup.clock)
        self.turn = 0
        self.journey = ""
        self.handed_off = False
        self.thread = Messages()
        self.said: list[str] = []
        self.replies: list[str] = []
        self.dialogue: list[tuple[str, str]] = []
        self.happened: list[Happened] = []
        self.changes: list[Change] = []
        self.prompt: Prompt | None = None
        self._args: dict[int, dict[str, Any]] = {}  # of the calls of the answer at hand, as they run
        self._withheld: set[int] = set()

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What the model is sent next, in the shape of the Messages API."""
        return self.thread.read()

    def apply(self, step: AnyStep) -> None:
        self.thread.take(step)
        handler = _APPLY.get(step.__class__)
        if handler is not None:
            handler(self, step)

    def _user(self, step: UserMessage) -> None:
        self.turn = step.turn
        text = str(step.text)
        self.said.append(text)
        self.dialogue.append(("user", text))

    def _answered(self, step: Answer) -> None:
        self._withheld.clear()
        self._args = {call.number: call.args for call in step.calls}

    def _decided(self, step: Decision) -> None:
        if step.verdict == "allow":
            return
        if step.stand == "message" and step.verdict == "rewrite":
            self.said[-1] = str(step.to)
            self.dialogue[-1] = ("user", str(step.to))
        elif step.stand == "before" and step.verdict == "rewrite":
            self._args[step.call] = step.to
        elif step.stand == "after" and step.call not in self._withheld:
            blocked = step.verdict != "rewrite"
            if blocked:  # what one policy withheld, a later one does not give back
                self._withheld.add(step.call)
            last = self.happened[-1]
            outcome = "error" if blocked else last.outcome
            self.happened[-1] = Happened(last.place, last.tool, last.given, outcome, step.to)

    def _resulted(self, step: Result) -> None:
        args = self._args.get(step.call, {})
        self.happened.append(Happened(step.place, step.tool, args, step.outcome, step.value))
        self.changes += step.changed

    def _entered(self, step: Entered) -> None:
        self.journey = step.journey

    def _replied(self, step: Reply) -> None:
        text = str(step.text)
        self.replies.append(text)
        self.dialogue.append(("agent", text))

    def _prompted(self, step: Prompt) -> None:
        self.prompt = step

    def _handed(self, step: HandOff) -> None:
        self.handed_off = True


_APPLY: dict[type[Any], Any] = {
    UserMessage: State._user,
    Answer: State._answered,
    Decision: State._decided,
    Result: State._resulted,
    Entered: State._entered,
    Prompt: State._prompted,
    Reply: State._replied,
    HandOff: State._handed,
}


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
