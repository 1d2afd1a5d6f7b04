"""The steps of a conversation.

`group_steps()` groups events into steps: a tool call or a reply with the
reasoning before it and the decisions about it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from .events import (
    Answer,
    AnyEvent,
    CallRequest,
    Fault,
    HandedOff,
    HttpExchange,
    JourneyEntered,
    PartialAnswer,
    PolicyDecision,
    Prompt,
    Reply,
    ToolResult,
    TurnEnded,
    Usage,
    UserMessage,
)
from .step_id import StepId

INCOMPLETE = {
    "max_tokens": "cut off at the token limit",
    "model_context_window_exceeded": "cut off at the context window",
    "refusal": "the model refused to continue",
}
"""The stop reasons after which an answer is not all that the model had to say."""


class Step(msgspec.Struct):
    """A tool call or a reply with everything that belongs to it; at answer 0, the customer's message.

    `effect` is the combined effect of the policies: "allowed", "blocked",
    "rewritten" or "escalated"; or "rejected" or "absent" for a call that no policy
    saw. A step without a call is a reply, even an empty one. `prompt` is the
    prompt of its answer, if it was recorded.
    """

    step_id: StepId
    call: CallRequest | None = None
    message: UserMessage | None = None
    answer: Answer | None = None
    prompt: Prompt | None = None
    decisions: tuple[PolicyDecision, ...] = ()
    result: ToolResult | None = None
    reply: Reply | None = None
    partial: PartialAnswer | None = None
    entered: JourneyEntered | None = None
    handoff: HandedOff | None = None
    faults: tuple[Fault, ...] = ()
    exchanges: tuple[HttpExchange, ...] = ()

    @property
    def reasoning(self) -> str:
        """Return the thinking of the answer and, with the first call, the text next to the calls."""
        if self.partial is not None:
            return str(self.partial.thinking)
        if self.answer is None or (self.call is not None and self.call.number > 1):
            return ""
        if self.call is None:
            return self.answer.thinking
        return "\n".join(part for part in (self.answer.thinking, self.answer.text) if part)

    @property
    def effect(self) -> str:
        if self.result is not None and self.result.outcome in ("rejected", "absent"):
            return self.result.outcome
        return self._effect(("on_message", "before_tool", "before_reply")) if self.decisions else "allowed"

    @property
    def result_effect(self) -> str:
        """Return the combined effect of the after_tool policies."""
        return self._effect(("after_tool",))

    def _effect(self, hooks: tuple[str, ...]) -> str:
        effect = "allowed"
        for decision in self.decisions:
            verdict = decision.effect
            if verdict != "allow" and decision.hook in hooks:
                if verdict == "escalate":
                    return "escalated"
                if verdict == "block":
                    effect = "blocked"
                elif effect == "allowed":
                    effect = "rewritten"
        return effect

    def rewritten_value(self, hook: str) -> Any:
        """Return the value of the last rewrite at this hook, or None."""
        value = None
        for decision in self.decisions:
            if decision.effect == "rewrite" and decision.hook == hook:
                value = decision.replacement
        return value

    @property
    def message_read(self) -> str:
        """Return the customer's message as the model read it: as written, or a policy's rewrite."""
        changed = self.rewritten_value("on_message")
        return str(changed if changed is not None else self.message.text if self.message is not None else "")

    @property
    def result_read(self) -> Any:
        """Return the result as the model read it: the tool's, or a policy's rewrite."""
        changed = self.rewritten_value("after_tool")
        return changed if changed is not None else self.result.value if self.result is not None else None

    @property
    def args(self) -> dict[str, Any]:
        """Return the arguments as executed: the model's, or a policy's rewrite."""
        changed = self.rewritten_value("before_tool")
        if isinstance(changed, dict):
            return changed
        return self.call.args if self.call else {}

    @property
    def incomplete(self) -> str:
        """Return why the answer ended before its end, at its last step; "" if it is complete."""
        if self.answer is None or (self.call is not None and self.call is not self.answer.calls[-1]):
            return ""
        return INCOMPLETE.get(self.answer.stop, "")

    @property
    def executed(self) -> bool:
        """Return whether the tool ran, or its recorded result was used."""
        return self.result is not None and self.result.outcome in ("ok", "error", "fault")


class Turn(msgspec.Struct):
    """The steps of one turn in order, the number of its last answer, and how it ended (None: unfinished)."""

    turn: int
    steps: list[Step] = []
    end: TurnEnded | None = None
    last_answer: int = 0

    @property
    def ended_by_fault(self) -> bool:
        """Return whether one of its faults says already why it ended."""
        end = self.end
        if end is None or end.reason not in ("model_error", "killed"):
            return False
        return any(fault.message == end.detail for step in self.steps for fault in step.faults)

    @property
    def usage(self) -> Usage:
        """Return the usage of all its answers together."""
        answers = {s.step_id.answer: s.answer or s.partial for s in self.steps}
        used = [one.usage for one in answers.values() if one is not None and one.usage is not None]
        prices = [one.cost for one in used if one.cost is not None]
        return Usage(
            tokens_in=sum(one.tokens_in for one in used),
            tokens_out=sum(one.tokens_out for one in used),
            cache_read=sum(one.cache_read for one in used),
            cache_write=sum(one.cache_write for one in used),
            cost=sum(prices) if prices else None,
            seconds=sum(one.seconds for one in used),
        )


class StepGrouper:
    """Groups events into steps as they arrive.

    `all` are the steps in order, `turns` the same by turn, `by_id` by step id, `prompt` the
    current prompt. A single loop, because every event of every replay passes it twice.
    """

    def __init__(self, events: Iterable[AnyEvent] = ()) -> None:
        self.all: list[Step] = []
        self.turns: list[Turn] = []
        self.by_id: dict[tuple[int, int, int], Step] = {}
        self.prompt: Prompt | None = None
        self._turn = Turn(-1)
        self.extend(events)

    def extend(self, events: Iterable[AnyEvent]) -> None:
        turn, at, begin = self._turn, self.by_id, self._begin
        for event in events:
            if turn.turn != event.turn:
                turn = self._turn = Turn(event.turn)
                self.turns.append(turn)
            kind = event.__class__
            if kind is Answer:
                self._answered(event)  # type: ignore[arg-type]
            elif kind is UserMessage:
                begin(Step(StepId(event.turn), message=event))  # type: ignore[arg-type]
            elif kind is TurnEnded:
                turn.end = event  # type: ignore[assignment]
            elif kind is Prompt:
                self.prompt = event  # type: ignore[assignment]
            else:  # about an earlier step, or has its own
                step = at.get((event.turn, event.answer, event.call)) or begin(Step(event.step_id))
                if kind in _ONE:
                    setattr(step, _ONE[kind], event)
                else:
                    many = _MANY[kind]
                    setattr(step, many, (*getattr(step, many), event))

    def _answered(self, event: Answer) -> None:
        turn, answer, prompt = event.turn, event.answer, self.prompt
        calls, self._turn.last_answer = event.calls, answer
        if not calls:
            self._begin(Step(StepId(turn, answer), answer=event, prompt=prompt))
        for call in calls:
            self._begin(Step(StepId(turn, answer, call.number), call, answer=event, prompt=prompt))

    def _begin(self, step: Step) -> Step:
        self.by_id[step.step_id] = step
        self._turn.steps.append(step)
        self.all.append(step)
        return step


_ONE: dict[type[Any], str] = {
    ToolResult: "result",
    Reply: "reply",
    PartialAnswer: "partial",
    JourneyEntered: "entered",
    HandedOff: "handoff",
}
_MANY: dict[type[Any], str] = {PolicyDecision: "decisions", HttpExchange: "exchanges", Fault: "faults"}


def group_steps(events: Iterable[AnyEvent]) -> list[Turn]:
    """Group events into turns of steps; the events may be any prefix of a trace."""
    return StepGrouper(events).turns
