"""Run the turns of a session: send a message to a worker and record the returned events."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import JourneyError, UsageError, WorkerCrashed
from ..plain import escape_surrogates
from ..runtime.protocol import BlobRecorded, DeltaStreamed, EventRecorded, Failed, RunTurn, Worker
from ..trace.events import Answer, AnyEvent, Fault, TurnEnded, UserMessage
from ..trace.step_id import StepId
from .partial_answer import AnswerInProgress

if TYPE_CHECKING:
    from .session import Session


@dataclass(frozen=True)
class PartialTurn:
    """A turn to rerun from its middle: the part of it that is fixed."""

    text: str
    recorded: list[AnyEvent]
    until: StepId
    blocks: list[dict[str, Any]] | None = None


def partial_turn_until(
    events: Iterable[AnyEvent], until: StepId, blocks: list[dict[str, Any]] | None = None
) -> PartialTurn:
    """Return the turn of `until` in `events`. Raises UsageError if it has no customer message."""
    turn = [event for event in events if event.turn == until.turn]
    text = next((str(event.text) for event in turn if isinstance(event, UserMessage)), None)
    if text is None:
        raise UsageError("the agent spoke first in this turn", hint="choose a step after that")
    return PartialTurn(text, turn, until, blocks)


class TurnRunner:
    """Runs one turn at a time; `partial_turn` is the turn that `resume()` completes."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.busy = False
        self.pending_text = ""  # a message that is not recorded yet
        self.last_event_at = 0.0  # when the last message of the worker arrived
        self.partial_turn: PartialTurn | None = None
        self.answering = AnswerInProgress()
        self._worker: Worker | None = None  # while a turn runs on it
        self._stopped = False  # whether the turn was interrupted

    async def send(self, text: str) -> None:
        """Run one turn. Raises UsageError if no code is loaded or a turn is running."""
        if self.session.handed_off:
            raise UsageError(
                "this conversation was handed off to a human", hint="start a new one, or fork before the hand-off"
            )
        self.partial_turn = None
        await self._turn(PartialTurn(escape_surrogates(text), [], StepId(0)))

    async def resume(self) -> None:
        """Run the rest of `partial_turn`. Raises UsageError as send() does."""
        if self.partial_turn is None:
            raise UsageError("there is no turn to continue")
        turn, self.partial_turn = self.partial_turn, None
        size = len(self.session.trace)
        try:
            await self._turn(turn)
        except UsageError:
            begun = len(self.session.trace) != size
            self.partial_turn = None if begun else turn  # can be tried again
            raise

    def interrupt(self) -> None:
        """Stop the turn in progress."""
        self._stopped = True
        if self._worker is not None:
            self._worker.stop_turn()

    async def _turn(self, turn: PartialTurn) -> None:
        if self.busy:
            raise UsageError("the agent is still answering", hint="wait, or interrupt it")
        session = self.session
        self.busy, self.last_event_at, self.pending_text = True, time.monotonic(), turn.text
        self._stopped, self.answering = False, AnswerInProgress(session.model)
        session.notify("turn")
        crashed = False
        try:
            async with session.code_service.borrow_worker() as worker:
                if self._stopped:
                    raise UsageError("interrupted before it started", hint="send it again")
                self._worker = worker
                session.log.begin()
                session.log.disabled()
                session.notify("turn")
                await self._receive(worker, turn)
        except WorkerCrashed as error:
            crashed = True
            self._record_crash(turn.text, error)
        except JourneyError as error:
            if len(session.trace) and not isinstance(session.trace[-1], TurnEnded):
                self._record_crash(turn.text, error)
            raise
        finally:
            self.busy, self._worker, self.pending_text = False, None, ""
            session.notify("turn")
        if crashed:
            await session.code_service.ensure_worker()

    async def _receive(self, worker: Worker, turn: PartialTurn) -> None:
        session = self.session
        until = str(turn.until) if turn.until.turn else ""
        request = RunTurn(
            session.setup, list(session.trace.events), session.trace.blobs,
            turn.text, turn.recorded, until, turn.blocks, list(session.disabled),
        )  # fmt: skip
        async for event in worker.ask(request):
            self.last_event_at = time.monotonic()
            match event:
                case EventRecorded(step):
                    self._record(step)
                case BlobRecorded(key, value):
                    session.log.blob(key, value)
                case DeltaStreamed():
                    self.answering.add(event)
                    session.notify("delta", delta=event)
                case Failed():
                    raise event.error
                case _:
                    pass

    def _record(self, event: AnyEvent) -> None:
        for one in (self.answering.take(event), event):
            if one is not None:
                self.session.log.event(one)
                self.pending_text = ""
                self.session.notify("event", event=one)

    def _record_crash(self, text: str, error: WorkerCrashed | JourneyError) -> None:
        """Record the end of the turn after a crash; the conversation can continue."""
        trace = self.session.trace
        turn = trace[-1].turn if len(trace) else 0
        if not len(trace) or isinstance(trace[-1], TurnEnded):
            turn += 1
            self._record(UserMessage(turn=turn, text=text))
        last = next((s for s in reversed(trace.events) if isinstance(s, Answer) and s.turn == turn), None)
        answer = last.answer if last else 0
        self._record(
            Fault(
                turn=turn, answer=answer, origin="worker", name="worker",
                message=error.message, where=error.where,
            )
        )  # fmt: skip
        self._record(TurnEnded(turn=turn, reason="killed", detail=error.message))
