"""The state of a conversation, derived from its trace.

`ConversationState.apply(event)` is called for every event in order, live and in
a replay. The views of it for policies, conditions and rehearsals are in
authoring.views.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

import msgspec

from ..plain import cached, copy_plain
from .events import (
    Answer,
    AnyEvent,
    HandedOff,
    JourneyEntered,
    PolicyDecision,
    Prompt,
    Reply,
    ToolResult,
    UserMessage,
    WorldChange,
)
from .messages import Messages
from .setup import Setup
from .step_id import StepId


class DecodesResult(Protocol):
    """Decode a plain result into its declared type; Tool implements this."""

    def decode_result(self, value: Any) -> Any: ...


class PastCall(msgspec.Struct, frozen=True, dict=True):
    """A past call: its tool, its arguments as executed, and its plain result.

    `args` and `value` return copies of `raw_args` and `raw_value`.
    """

    step_id: StepId
    tool: str
    raw_args: dict[str, Any]
    outcome: str
    raw_value: Any

    @cached
    def args(self) -> dict[str, Any]:
        copied: dict[str, Any] = copy_plain(self.raw_args)
        return copied

    @cached
    def value(self) -> Any:
        return copy_plain(self.raw_value)

    @property
    def ok(self) -> bool:
        return self.outcome == "ok"

    def decoded(self, tool: DecodesResult | str) -> Any:
        """Return the result in the type that `tool` declares; a plain copy if it does not fit it."""
        return copy_plain(self.raw_value) if isinstance(tool, str) else tool.decode_result(self.raw_value)


class ConversationState:
    """Everything the engine needs to know about the events so far."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.now = datetime.fromisoformat(setup.clock)
        self.turn = 0
        self.journey = ""
        self.handed_off = False
        self.thread = Messages()
        self.user_messages: list[str] = []
        self.agent_messages: list[str] = []
        self.dialogue: list[tuple[str, str]] = []
        self.calls: list[PastCall] = []
        self.changes: list[WorldChange] = []
        self.prompt: Prompt | None = None
        self._args: dict[int, dict[str, Any]] = {}  # of the calls of the current answer, as executed
        self._withheld: set[int] = set()

    @property
    def messages(self) -> list[dict[str, Any]]:
        """Return the messages of the next request, in the format of the Messages API."""
        return self.thread.to_list()

    def apply(self, event: AnyEvent) -> None:
        self.thread.add(event)
        handler = _APPLY.get(event.__class__)
        if handler is not None:
            handler(self, event)

    def _user(self, event: UserMessage) -> None:
        self.turn = event.turn
        text = str(event.text)
        self.user_messages.append(text)
        self.dialogue.append(("user", text))

    def _answered(self, event: Answer) -> None:
        self._withheld.clear()
        self._args = {call.number: call.args for call in event.calls}

    def _decided(self, event: PolicyDecision) -> None:
        if event.effect == "allow":
            return
        if event.hook == "on_message" and event.effect == "rewrite":
            self.user_messages[-1] = str(event.replacement)
            self.dialogue[-1] = ("user", str(event.replacement))
        elif event.hook == "before_tool" and event.effect == "rewrite":
            self._args[event.call] = event.replacement
        elif event.hook == "after_tool" and event.call not in self._withheld:
            blocked = event.effect != "rewrite"
            if blocked:  # a later policy does not restore what an earlier one withheld
                self._withheld.add(event.call)
            last = self.calls[-1]
            outcome = "error" if blocked else last.outcome
            self.calls[-1] = PastCall(last.step_id, last.tool, last.raw_args, outcome, event.replacement)

    def _resulted(self, event: ToolResult) -> None:
        args = self._args.get(event.call, {})
        self.calls.append(PastCall(event.step_id, event.tool, args, event.outcome, event.value))
        self.changes += event.changed

    def _entered(self, event: JourneyEntered) -> None:
        self.journey = event.journey

    def _replied(self, event: Reply) -> None:
        text = str(event.text)
        self.agent_messages.append(text)
        self.dialogue.append(("agent", text))

    def _prompted(self, event: Prompt) -> None:
        self.prompt = event

    def _handed(self, event: HandedOff) -> None:
        self.handed_off = True


_APPLY: dict[type[Any], Any] = {
    UserMessage: ConversationState._user,
    Answer: ConversationState._answered,
    PolicyDecision: ConversationState._decided,
    ToolResult: ConversationState._resulted,
    JourneyEntered: ConversationState._entered,
    Prompt: ConversationState._prompted,
    Reply: ConversationState._replied,
    HandedOff: ConversationState._handed,
}
