"""The state of a conversation, folded from its trace.

`State` is the fold: `apply(step)` for every step, in order, live and in replay
alike. What policies, conditions and rehearsals read of it is in authoring.views.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

import msgspec

from ..plain import once, own
from .events import Answer, AnyStep, Change, Decision, Entered, HandOff, Prompt, Reply, Result, UserMessage
from .messages import Messages
from .setup import Setup
from .step_id import Place


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
