"""A conversation being run: its trace and state, and who listens to new events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..authoring.agent import Agent
from ..trace.events import AnyStep, HandOff, Reply
from ..trace.setup import Setup
from ..trace.state import State
from ..trace.step_id import Place
from ..trace.trace import Trace
from .availability import Offer
from .model import Delta
from .prompt import Sheet

OnStep = Callable[[AnyStep], None]
OnDelta = Callable[[Place, Delta], None]


class Conversation:
    """An agent, a setup and the trace so far. `on_step` hears every new step, once it is on record."""

    def __init__(
        self, agent: Agent, setup: Setup, trace: Trace | None = None, on_step: OnStep | None = None
    ) -> None:
        self.agent = agent
        self.setup = setup
        self.trace = trace if trace is not None else Trace()
        self.state = State(setup)
        self.told: tuple[Offer, tuple[Any, ...], Sheet] | None = None  # what the last prompt was made of
        self.on_step = on_step
        for step in self.trace:
            self.state.apply(step)

    def emit(self, step: AnyStep) -> None:
        """The one way a step comes into being: on record, folded, told."""
        self.trace.append(step)
        self.state.apply(step)
        if self.on_step is not None:
            self.on_step(step)

    def hand_off(self, place: Place, reason: str, by: str, say: str = "") -> None:
        """Give the conversation to a person, and tell the customer; once."""
        if self.state.handed_off:
            return
        turn, answer, call = place
        self.emit(HandOff(turn=turn, answer=answer, call=call, reason=reason, by=by))
        text = say or self.agent.hand_off_text
        if text:
            self.emit(Reply(turn=turn, answer=answer, call=call, text=text))
