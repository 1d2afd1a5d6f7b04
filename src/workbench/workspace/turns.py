"""Runs the turns of a session: sends a message to a worker and records the events that come back."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import JourneyError, UsageError, WorkerDied
from ..plain import writable
from ..runtime.protocol import Exhibited, Failed, Stepped, Streamed, TakeTurn, Worker
from ..trace.events import Answer, AnyStep, Fault, TurnEnd, UserMessage
from ..trace.step_id import Place

if TYPE_CHECKING:
    from .session import Session


@dataclass(frozen=True)
class Middle:
    """A turn that is to be run again from its middle: what TakeTurn holds fixed of it."""

    text: str
    taped: list[AnyStep]
    until: Place
    blocks: list[dict[str, Any]] | None = None


def middle_of(steps: Iterable[AnyStep], until: Place, blocks: list[dict[str, Any]] | None = None) -> Middle:
    """Find the turn of `until` in `steps`. Raises UsageError if it has no customer message."""
    turn = [step for step in steps if step.turn == until.turn]
    said = next((str(step.text) for step in turn if isinstance(step, UserMessage)), None)
    if said is None:
        raise UsageError("the agent spoke here before the customer did", next="choose a step after that")
    return Middle(said, turn, until, blocks)


class TurnRunner:
    """Runs one turn at a time. `middle` is the turn that `go_on()` runs the rest of."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.busy = False
        self.sending = ""  # words that are not on record yet
        self.heard = 0.0  # when the last message of the worker arrived
        self.middle: Middle | None = None
        self._worker: Worker | None = None  # while a turn runs on it
        self._stopped = False  # whether the turn was interrupted

    async def say(self, text: str) -> None:
        """Run one turn. Raises UsageError if no code is loaded or a turn is running."""
        if self.session.handed_off:
            raise UsageError(
                "a person has this conversation now", next="start a new one, or fork before the hand-off"
            )
        self.middle = None
        await self._turn(Middle(writable(text), [], Place(0)))

    async def go_on(self) -> None:
        """Run the rest of `middle`. Raises UsageError as say() does."""
        if self.middle is None:
            raise UsageError("there is no turn to go on with")
        middle, self.middle = self.middle, None
        size = len(self.session.trace)
        try:
            await self._turn(middle)
        except UsageError:
            begun = len(self.session.trace) != size
            self.middle = None if begun else middle  # it may be tried again
            raise

    def interrupt(self) -> None:
        """Stop the turn in progress."""
        self._stopped = True
        if self._worker is not None:
            self._worker.stop_turn()

    async def _turn(self, turn: Middle) -> None:
        if self.busy:
            raise UsageError("the agent is still answering", next="wait, or interrupt it")
        session = self.session
        self.busy, self.heard, self.sending = True, time.monotonic(), turn.text
        self._stopped = False
        session.tell("turn")
        died = False
        try:
            async with session.serving.worker() as worker:
                if self._stopped:
                    raise UsageError("interrupted before it began", next="say it again")
                self._worker = worker
                session.log.begin()
                session.log.off()
                session.tell("turn")
                await self._hear(worker, turn)
        except WorkerDied as error:
            died = True
            self._bury(turn.text, error)
        except JourneyError as error:
            if len(session.trace) and not isinstance(session.trace[-1], TurnEnd):
                self._bury(turn.text, error)
            raise
        finally:
            self.busy, self._worker, self.sending = False, None, ""
            session.tell("turn")
        if died:
            await session.serving.revive()

    async def _hear(self, worker: Worker, turn: Middle) -> None:
        session = self.session
        until = str(turn.until) if turn.until.turn else ""
        request = TakeTurn(
            session.setup, list(session.trace.steps), session.trace.exhibits,
            turn.text, turn.taped, until, turn.blocks, list(session.off),
        )  # fmt: skip
        async for event in worker.ask(request):
            self.heard = time.monotonic()
            match event:
                case Stepped(step):
                    self._record(step)
                case Exhibited(key, value):
                    session.log.exhibit(key, value)
                case Streamed():
                    session.tell("delta", delta=event)
                case Failed(message, where, hint):
                    raise JourneyError(message, where=where, next=hint)
                case _:
                    pass

    def _record(self, step: AnyStep) -> None:
        self.session.log.step(step)
        self.sending = ""
        self.session.tell("step", step=step)

    def _bury(self, text: str, error: WorkerDied | JourneyError) -> None:
        """End the turn on record: the worker is gone or gave up, and the conversation goes on."""
        trace = self.session.trace
        turn = trace[-1].turn if len(trace) else 0
        if not len(trace) or isinstance(trace[-1], TurnEnd):
            turn += 1
            self._record(UserMessage(turn=turn, text=text))
        last = next((s for s in reversed(trace.steps) if isinstance(s, Answer) and s.turn == turn), None)
        answer = last.answer if last else 0
        self._record(
            Fault(
                turn=turn, answer=answer, origin="worker", name="worker",
                message=error.message, where=error.where,
            )
        )  # fmt: skip
        self._record(TurnEnd(turn=turn, reason="killed", detail=error.message))
