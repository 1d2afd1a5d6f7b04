"""A conversation being run: its trace and state, and the listener for new events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..authoring.agent import Agent
from ..trace.events import AnyEvent, HandedOff, Reply
from ..trace.setup import Setup
from ..trace.state import ConversationState
from ..trace.step_id import StepId
from ..trace.trace import Trace
from .availability import Availability
from .model import Delta
from .prompt import AssembledPrompt

OnEvent = Callable[[AnyEvent], None]
OnDelta = Callable[[StepId, Delta], None]


class ConversationRun:
    """An agent, a setup and the trace so far. `on_event` is called with every new event, after it is recorded.

    `first_journey` is the journey that the first message enters: by default the only one, or
    "" for an agent with several, of which the model enters one.
    """

    def __init__(
        self,
        agent: Agent,
        setup: Setup,
        trace: Trace | None = None,
        on_step: OnEvent | None = None,
        first_journey: str = "",
    ) -> None:
        self.agent = agent
        self.setup = setup
        self.trace = trace if trace is not None else Trace()
        self.state = ConversationState(setup)
        self.first_journey = first_journey or agent.only_journey
        self.last_prompt: tuple[Availability, tuple[Any, ...], AssembledPrompt] | None = (
            None  # the parts of the last prompt
        )
        self.on_event = on_step
        for event in self.trace:
            self.state.apply(event)

    def emit(self, event: AnyEvent) -> None:
        """Append an event: record it, update the state, call the listener. All events pass here."""
        self.trace.append(event)
        self.state.apply(event)
        if self.on_event is not None:
            self.on_event(event)

    def hand_off(self, step_id: StepId, reason: str, by: str, say: str = "") -> None:
        """Hand the conversation off to a human and send a message to the customer; a second call does nothing."""
        if self.state.handed_off:
            return
        turn, answer, call = step_id
        self.emit(HandedOff(turn=turn, answer=answer, call=call, reason=reason, by=by))
        text = say or self.agent.handoff_message
        if text:
            self.emit(Reply(turn=turn, answer=answer, call=call, text=text))
