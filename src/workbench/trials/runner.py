"""Live trials: transcripts run in workers with a live model, within a budget.

A trial runs the turns of the recording one after the other. Each is an ordinary
turn of a worker; before the step from which the model is live, answers come from
the recording.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from ..engine.model_params import ModelParams
from ..errors import JourneyError, TranscriptError, WorkerCrashed
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
    request,
)
from ..runtime.worker import WorkerPool
from ..trace.events import Answer, AnyEvent, UserMessage
from ..trace.step_id import StepId
from ..trace.trace import Trace
from ..transcripts.transcript import Transcript, prompt_hash
from .budget import Budget, Spent, TrialCost
from .rubric import SYSTEM, judge_prompt, parse_judgement
from .trial import Judgement, ToolTraits, Trial, judge_trial, last_turn, world_red_proof

ALL = 1_000_000  # an answer number that no turn reaches


class TrialRequest(msgspec.Struct, frozen=True):
    """A transcript, and the step from which the model is live."""

    transcript: Transcript
    live_from: StepId


class Preflight(msgspec.Struct, frozen=True):
    """The result of the checks before the first trial: the hashes, and why no trial can run ("" if it can)."""

    prompt: str
    code: str
    verdict: Verdict = Verdict.PASS
    why: str = ""


class TrialRunner:
    """Runs trials, with limits on concurrency and cost."""

    def __init__(
        self,
        root: Path,
        model: str,
        judge: str = "",
        budget: Budget | None = None,
        jobs: int = 4,
        hang_timeout: float = 0.0,
        params: ModelParams | None = None,
    ) -> None:
        self.root = root
        self.model = model
        self.params = params or ModelParams()
        self.judge = judge or model
        self.budget = budget or Budget()
        self.spent = Spent()
        self._host = WorkerPool(root, hang_timeout)
        self._gate = asyncio.Semaphore(jobs)

    def close(self) -> None:
        self._host.close()

    @asynccontextmanager
    async def worker(self, agent: str) -> AsyncIterator[Worker]:
        """Start a separate worker, so that trials share no state. Raises JourneyError or WorkerCrashed."""
        worker = await self._host.start(agent, self.model, self.params)
        try:
            yield worker
        finally:
            worker.close()

    async def preflight(self, asked: TrialRequest) -> Preflight:
        """Check the recording against the current code, before anything is spent."""
        transcript = asked.transcript
        async with self._gate, self.worker(transcript.agent) as worker:
            code = worker.agent_info.code
            if why := world_red_proof(transcript, await self._final_world(worker, transcript, transcript.events)):
                return Preflight("", code, Verdict.ERROR, why)
            try:
                done = await request(worker, RerunConversation(transcript.setup, transcript.events), RerunDone)
            except JourneyError as error:
                return Preflight("", code, Verdict.ERROR, f"{error.where}: {error.message}".lstrip(": "))
            return self._preflight(asked, done, code)

    def _preflight(self, asked: TrialRequest, ran: RerunDone, code: str) -> Preflight:
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
        """Run up to `count` trials and call `on_trial` after each; also returns why some did not start, or ""."""
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
                await self.run(worker, asked, trace, cost.add)
                agent_info = worker.agent_info
                tools = ToolTraits(
                    frozenset(t.name for t in agent_info.tools if t.writes),
                    frozenset(t.name for t in agent_info.tools if t.recorded),
                )
                judgements, judged = await self._judge(worker, asked.transcript, trace, cost)
                ended = await self._final_world(worker, asked.transcript, list(trace.events))
            outcome, why = judge_trial(asked.transcript, trace, asked.live_from, tools, judgements, ended)
        except (JourneyError, TranscriptError, WorkerCrashed) as error:
            outcome, why, judged = "error", str(error).split("\n")[0], []
        return Trial(outcome, why, cost.tokens, cost.cost, cost.model, cost.server, judged), trace

    async def run(
        self,
        worker: Worker,
        asked: TrialRequest,
        trace: Trace,
        spend: Callable[[Answer], None],
        whole: bool = False,
    ) -> None:
        """Run the turns of the recording; events go to `trace`. Raises JourneyError or WorkerCrashed."""
        transcript = asked.transcript
        last = ALL if whole else last_turn(transcript)
        for step in transcript.events:
            if step.turn == 0:
                trace.append(step)  # messages of the agent before the first of the customer stay as recorded
        for step in transcript.events:
            if isinstance(step, UserMessage) and step.turn <= last:
                recorded, until = _pinned(transcript.events, step.turn, asked.live_from)
                turn = RunTurn(
                    transcript.setup, list(trace.events), dict(trace.blobs), str(step.text), recorded, until,
                    substituted=True,
                )  # fmt: skip
                async for event in worker.ask(turn):
                    if isinstance(event, EventRecorded):
                        trace.append(event.event)
                        if isinstance(event.event, Answer) and event.event.step_id >= asked.live_from:
                            spend(event.event)
                    elif isinstance(event, BlobRecorded):
                        trace.blobs[event.key] = event.value
                    elif isinstance(event, Failed):
                        raise event.error

    async def _final_world(self, worker: Worker, transcript: Transcript, events: list[AnyEvent]) -> dict[str, Any]:
        """Return the world after these events; {} if no expectation needs it."""
        if not any(e.kind == "final_world" for e in transcript.expectations):
            return {}
        return (await request(worker, InspectWorld(transcript.setup, events), WorldInspected)).world

    async def _judge(
        self, worker: Worker, transcript: Transcript, trace: Trace, cost: TrialCost
    ) -> tuple[dict[str, Judgement | str], list[dict[str, Any]]]:
        """Return the judgement of each rubric, or why there is none; and the same for a live result."""
        judgements: dict[str, Judgement | str] = {}
        judged: list[dict[str, Any]] = []
        for expectation in transcript.expectations:
            if expectation.kind != "rubric":
                continue
            prompt = judge_prompt(expectation.text, trace, StepId.parse(expectation.step))
            answered = await request(worker, AskModel(self.judge, SYSTEM, prompt), ModelAnswered)
            cost.add_usage(answered.usage)
            judgement = parse_judgement(answered.text)
            missing = answered.trouble or "its answer does not have the required form"
            judgements[expectation.text] = judgement or missing
            judged.append(
                {
                    "rubric": expectation.text,
                    "judge": answered.model,
                    "agrees": judgement and judgement.agrees,
                    "because": judgement.because if judgement else missing,
                }
            )
        return judgements, judged


def _pinned(events: list[AnyEvent], turn: int, since: StepId) -> tuple[list[AnyEvent], str]:
    """Return the recording of a turn, and the step at which it ends ([] and "": the whole turn is live)."""
    if turn > since.turn or since <= (turn, 1, 0):
        return [], ""
    recorded = [event for event in events if event.turn == turn]
    return recorded, str(since if turn == since.turn else StepId(turn, ALL))
