"""Live trials: transcripts run in workers with a live model, within a budget.

A trial is the turns of the record, one after the other: each is an ordinary
turn of a worker, pinned to the tape before the place where the model goes live.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from ..errors import JourneyError, WorkerDied
from ..replay.verdict import Verdict
from ..runtime.protocol import (
    Consult,
    Consulted,
    Exhibited,
    Failed,
    Reran,
    RunAgain,
    Stepped,
    Survey,
    Surveyed,
    TakeTurn,
    Worker,
)
from ..runtime.worker import Workers
from ..trace.events import Answer, AnyStep, UserMessage
from ..trace.step_id import Place
from ..trace.trace import Trace
from ..transcripts.transcript import Transcript, prompt_seal
from .budget import Budget, Spent, TrialCost
from .rubric import SYSTEM, parse, question
from .trial import Opinion, Tools, Trial, came_of, last_turn, unshown

ALL = 1_000_000  # an answer that no turn comes to


class Asked(msgspec.Struct, frozen=True):
    """A transcript and from where it is to be live."""

    transcript: Transcript
    since: Place


class Ground(msgspec.Struct, frozen=True):
    """What was found before the first trial: the hashes, and what stands in the way ("": nothing)."""

    prompt: str
    code: str
    verdict: Verdict = Verdict.PASS
    why: str = ""


class Live:
    """Runs trials. `heard` is told of every trial with its trace, as it ends."""

    def __init__(
        self,
        root: Path,
        model: str,
        judge: str = "",
        budget: Budget | None = None,
        jobs: int = 4,
        patience: float = 0.0,
    ) -> None:
        self.root = root
        self.model = model
        self.judge = judge or model
        self.budget = budget or Budget()
        self.spent = Spent()
        self._host = Workers(root, patience)
        self._gate = asyncio.Semaphore(jobs)

    def close(self) -> None:
        self._host.close()

    @asynccontextmanager
    async def worker(self, agent: str) -> AsyncIterator[Worker]:
        """A worker of its own, so that no trial remembers another. Raises JourneyError or WorkerDied."""
        worker = await self._host.start(agent, self.model)
        try:
            yield worker
        finally:
            worker.close()

    async def ground(self, asked: Asked) -> Ground:
        """What today's code makes of the record, before anything is spent."""
        transcript = asked.transcript
        async with self._gate, self.worker(transcript.agent) as worker:
            code = worker.card.code
            if why := unshown(transcript, await self._ended(worker, transcript, transcript.steps)):
                return Ground("", code, Verdict.ERROR, why)
            async for event in worker.ask(RunAgain(transcript.setup, transcript.steps)):
                if isinstance(event, Failed):
                    return Ground("", code, Verdict.ERROR, f"{event.where}: {event.message}".lstrip(": "))
                if isinstance(event, Reran):
                    return self._ground(asked, event, code)
        raise AssertionError("a request ends with an event")

    def _ground(self, asked: Asked, ran: Reran, code: str) -> Ground:
        seal = prompt_seal(asked.transcript.setup, ran.steps)
        if ran.fault:
            return Ground(seal, code, Verdict.ERROR, ran.fault)
        first = next((d for d in ran.differences if Place.parse(d.place) < asked.since), None)
        if first is not None:
            why = f"the run leaves the record at {first.place}, before {asked.since}: {first.why}"
            return Ground(seal, code, Verdict.DIVERGED, why)
        return Ground(seal, code)

    async def trials(
        self, asked: Asked, count: int, heard: Callable[[int, Trial, Trace], None]
    ) -> tuple[list[Trial], str]:
        """Up to `count` trials, in the order they were begun; and why some were not begun, or ""."""
        stopped = ""

        async def one(number: int) -> Trial | None:
            nonlocal stopped
            async with self._gate:
                stopped = stopped or self.spent.over(self.budget)
                if stopped:
                    return None
                self.spent.trials += 1
                trial, trace = await self._trial(asked)
            heard(number, trial, trace)
            return trial

        ended = await asyncio.gather(*(one(number) for number in range(1, count + 1)))
        ran = [trial for trial in ended if trial is not None]
        return ran, f"{count - len(ran)} were not begun: {stopped}" if stopped else ""

    async def _trial(self, asked: Asked) -> tuple[Trial, Trace]:
        trace, cost = Trace(), TrialCost(self.spent)
        try:
            async with self.worker(asked.transcript.agent) as worker:
                await self.run(worker, asked, trace, cost.take)
                card = worker.card
                tools = Tools(
                    frozenset(t.name for t in card.tools if t.writes),
                    frozenset(t.name for t in card.tools if t.recorded),
                )
                opinions, judged = await self._opinions(worker, asked.transcript, trace, cost)
                ended = await self._ended(worker, asked.transcript, list(trace.steps))
            came, why = came_of(asked.transcript, trace, asked.since, tools, opinions, ended)
        except (JourneyError, WorkerDied) as error:
            came, why, judged = "error", str(error).split("\n")[0], []
        return Trial(came, why, cost.tokens, cost.cost, cost.model, cost.server, judged), trace

    async def run(
        self, worker: Worker, asked: Asked, trace: Trace, spend: Callable[[Answer], None], whole: bool = False
    ) -> None:
        """Run the turns of the record onto `trace`. Raises JourneyError or WorkerDied."""
        transcript = asked.transcript
        last = ALL if whole else last_turn(transcript)
        for step in transcript.steps:
            if step.turn == 0:
                trace.append(step)  # words of the agent before the customer's first: pinned as they are
        for step in transcript.steps:
            if isinstance(step, UserMessage) and step.turn <= last:
                taped, until = _pinned(transcript.steps, step.turn, asked.since)
                request = TakeTurn(
                    transcript.setup, list(trace.steps), dict(trace.exhibits), str(step.text), taped, until,
                    substituted=True,
                )  # fmt: skip
                async for event in worker.ask(request):
                    if isinstance(event, Stepped):
                        trace.append(event.step)
                        if isinstance(event.step, Answer) and event.step.place >= asked.since:
                            spend(event.step)
                    elif isinstance(event, Exhibited):
                        trace.exhibits[event.key] = event.value
                    elif isinstance(event, Failed):
                        raise JourneyError(event.message, where=event.where, next=event.next)

    async def _ended(self, worker: Worker, transcript: Transcript, steps: list[AnyStep]) -> dict[str, Any]:
        """The world as these steps leave it, {} where nothing hangs on it."""
        if not any(e.expect == "final_world" for e in transcript.expectations):
            return {}
        async for event in worker.ask(Survey(transcript.setup, steps)):
            if isinstance(event, Failed):
                raise JourneyError(event.message, where=event.where, next=event.next)
            if isinstance(event, Surveyed):
                return event.world
        raise AssertionError("a request ends with an event")

    async def _opinions(
        self, worker: Worker, transcript: Transcript, trace: Trace, cost: TrialCost
    ) -> tuple[dict[str, Opinion | str], list[dict[str, Any]]]:
        """What the judge says of each rubric, or why nothing; and the same for a receipt."""
        opinions: dict[str, Opinion | str] = {}
        judged: list[dict[str, Any]] = []
        for expectation in transcript.expectations:
            if expectation.expect != "rubric":
                continue
            asked = question(expectation.text, trace, Place.parse(expectation.at))
            async for event in worker.ask(Consult(self.judge, SYSTEM, asked)):
                if isinstance(event, Failed):
                    raise JourneyError(event.message, where=event.where, next=event.next)
                if isinstance(event, Consulted):
                    cost.count(event.meter)
                    opinion, silent = parse(event.text), event.trouble or "nothing in the form asked for"
                    opinions[expectation.text] = opinion or silent
                    judged.append(
                        {"rubric": expectation.text, "judge": event.model, "agrees": opinion and opinion.agrees}
                        | {"because": opinion.because if opinion else silent}
                    )
        return opinions, judged


def _pinned(steps: list[AnyStep], turn: int, since: Place) -> tuple[list[AnyStep], str]:
    """The record of a turn, and up to where it holds; ("" and nothing: the whole turn is live)."""
    if turn > since.turn or since <= (turn, 1, 0):
        return [], ""
    taped = [step for step in steps if step.turn == turn]
    return taped, str(since if turn == since.turn else Place(turn, ALL))
