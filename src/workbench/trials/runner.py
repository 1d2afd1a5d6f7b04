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

from ..errors import JourneyError, WorkerCrashed
from ..replay.verdict import Verdict
from ..runtime.protocol import (
    AskModel,
    BlobRecorded,
    EventRecorded,
    Failed,
    InspectWorld,
    ModelAnswered,
    RerunConversation,
    RerunDone,
    RunTurn,
    Worker,
    WorldInspected,
)
from ..runtime.worker import WorkerPool
from ..trace.events import Answer, AnyEvent, UserMessage
from ..trace.step_id import StepId
from ..trace.trace import Trace
from ..transcripts.transcript import Transcript, prompt_hash
from .budget import Budget, Spent, TrialCost
from .rubric import SYSTEM, judge_prompt, parse_judgement
from .trial import Judgement, ToolTraits, Trial, judge_trial, last_turn, world_red_proof

ALL = 1_000_000  # an answer that no turn comes to


class TrialRequest(msgspec.Struct, frozen=True):
    """A transcript and from where it is to be live."""

    transcript: Transcript
    live_from: StepId


class Preflight(msgspec.Struct, frozen=True):
    """The result of the checks before the first trial: the hashes, and why there can be none ("": nothing)."""

    prompt: str
    code: str
    verdict: Verdict = Verdict.PASS
    why: str = ""


class TrialRunner:
    """Runs trials, with a limit on those at the same time and on what they cost."""

    def __init__(
        self,
        root: Path,
        model: str,
        judge: str = "",
        budget: Budget | None = None,
        jobs: int = 4,
        hang_timeout: float = 0.0,
    ) -> None:
        self.root = root
        self.model = model
        self.judge = judge or model
        self.budget = budget or Budget()
        self.spent = Spent()
        self._host = WorkerPool(root, hang_timeout)
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

    async def preflight(self, asked: TrialRequest) -> Preflight:
        """What today's code makes of the record, before anything is spent."""
        transcript = asked.transcript
        async with self._gate, self.worker(transcript.agent) as worker:
            code = worker.card.code
            if why := world_red_proof(transcript, await self._ended(worker, transcript, transcript.events)):
                return Preflight("", code, Verdict.ERROR, why)
            async for event in worker.ask(RerunConversation(transcript.setup, transcript.events)):
                if isinstance(event, Failed):
                    return Preflight("", code, Verdict.ERROR, f"{event.where}: {event.message}".lstrip(": "))
                if isinstance(event, RerunDone):
                    return self._ground(asked, event, code)
        raise AssertionError("a request ends with an event")

    def _ground(self, asked: TrialRequest, ran: RerunDone, code: str) -> Preflight:
        prompt = prompt_hash(asked.transcript.setup, ran.events)
        if ran.fault:
            return Preflight(prompt, code, Verdict.ERROR, ran.fault)
        first = next((d for d in ran.differences if StepId.parse(d.step_id) < asked.live_from), None)
        if first is not None:
            why = f"the run diverges from the recording at {first.step_id}, before {asked.live_from}: {first.why}"
            return Preflight(prompt, code, Verdict.DIVERGED, why)
        return Preflight(prompt, code)

    async def trials(
        self, asked: TrialRequest, count: int, on_trial: Callable[[int, Trial, Trace], None]
    ) -> tuple[list[Trial], str]:
        """Run up to `count` trials, and call `on_trial` as each ends; returns why some did not start, or ""."""
        stopped = ""

        async def one(number: int) -> Trial | None:
            nonlocal stopped
            async with self._gate:
                stopped = stopped or self.spent.exceeded(self.budget)
                if stopped:
                    return None
                self.spent.trials += 1
                trial, trace = await self._trial(asked)
            on_trial(number, trial, trace)
            return trial

        ended = await asyncio.gather(*(one(number) for number in range(1, count + 1)))
        ran = [trial for trial in ended if trial is not None]
        return ran, f"{count - len(ran)} did not start: {stopped}" if stopped else ""

    async def _trial(self, asked: TrialRequest) -> tuple[Trial, Trace]:
        trace, cost = Trace(), TrialCost(self.spent)
        try:
            async with self.worker(asked.transcript.agent) as worker:
                await self.run(worker, asked, trace, cost.take)
                card = worker.card
                tools = ToolTraits(
                    frozenset(t.name for t in card.tools if t.writes),
                    frozenset(t.name for t in card.tools if t.recorded),
                )
                opinions, judged = await self._opinions(worker, asked.transcript, trace, cost)
                ended = await self._ended(worker, asked.transcript, list(trace.events))
            came, why = judge_trial(asked.transcript, trace, asked.live_from, tools, opinions, ended)
        except (JourneyError, WorkerCrashed) as error:
            came, why, judged = "error", str(error).split("\n")[0], []
        return Trial(came, why, cost.tokens, cost.cost, cost.model, cost.server, judged), trace

    async def run(
        self,
        worker: Worker,
        asked: TrialRequest,
        trace: Trace,
        spend: Callable[[Answer], None],
        whole: bool = False,
    ) -> None:
        """Run the turns of the record onto `trace`. Raises JourneyError or WorkerDied."""
        transcript = asked.transcript
        last = ALL if whole else last_turn(transcript)
        for step in transcript.events:
            if step.turn == 0:
                trace.append(step)  # words of the agent before the customer's first: pinned as they are
        for step in transcript.events:
            if isinstance(step, UserMessage) and step.turn <= last:
                recorded, until = _pinned(transcript.events, step.turn, asked.live_from)
                request = RunTurn(
                    transcript.setup, list(trace.events), dict(trace.blobs), str(step.text), recorded, until,
                    substituted=True,
                )  # fmt: skip
                async for event in worker.ask(request):
                    if isinstance(event, EventRecorded):
                        trace.append(event.event)
                        if isinstance(event.event, Answer) and event.event.step_id >= asked.live_from:
                            spend(event.event)
                    elif isinstance(event, BlobRecorded):
                        trace.blobs[event.key] = event.value
                    elif isinstance(event, Failed):
                        raise JourneyError(event.message, where=event.where, hint=event.hint)

    async def _ended(self, worker: Worker, transcript: Transcript, events: list[AnyEvent]) -> dict[str, Any]:
        """The world as these steps leave it, {} where nothing hangs on it."""
        if not any(e.kind == "final_world" for e in transcript.expectations):
            return {}
        async for event in worker.ask(InspectWorld(transcript.setup, events)):
            if isinstance(event, Failed):
                raise JourneyError(event.message, where=event.where, hint=event.hint)
            if isinstance(event, WorldInspected):
                return event.world
        raise AssertionError("a request ends with an event")

    async def _opinions(
        self, worker: Worker, transcript: Transcript, trace: Trace, cost: TrialCost
    ) -> tuple[dict[str, Judgement | str], list[dict[str, Any]]]:
        """What the judge says of each rubric, or why nothing; and the same for a receipt."""
        opinions: dict[str, Judgement | str] = {}
        judged: list[dict[str, Any]] = []
        for expectation in transcript.expectations:
            if expectation.kind != "rubric":
                continue
            asked = judge_prompt(expectation.text, trace, StepId.parse(expectation.step))
            async for event in worker.ask(AskModel(self.judge, SYSTEM, asked)):
                if isinstance(event, Failed):
                    raise JourneyError(event.message, where=event.where, hint=event.hint)
                if isinstance(event, ModelAnswered):
                    cost.count(event.usage)
                    judgement, silent = (
                        parse_judgement(event.text),
                        event.trouble or "nothing in the form asked for",
                    )
                    opinions[expectation.text] = judgement or silent
                    judged.append(
                        {
                            "rubric": expectation.text,
                            "judge": event.model,
                            "agrees": judgement and judgement.agrees,
                        }
                        | {"because": judgement.because if judgement else silent}
                    )
        return opinions, judged


def _pinned(events: list[AnyEvent], turn: int, since: StepId) -> tuple[list[AnyEvent], str]:
    """The record of a turn, and up to where it holds; ("" and nothing: the whole turn is live)."""
    if turn > since.turn or since <= (turn, 1, 0):
        return [], ""
    recorded = [event for event in events if event.turn == turn]
    return recorded, str(since if turn == since.turn else StepId(turn, ALL))
