"""Inside the worker process: journey code lives and runs here, and nowhere else.

One thread reads requests; the event loop answers them one at a time and beats
while it is free, so that whoever started this process can tell a worker that
waits from one that is stuck in journey code.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec

from ..authoring.journey import Journey
from ..engine.ablation import paragraphs, without
from ..engine.conversation import Conversation, OnStep
from ..engine.faults import CODE_ERRORS, describe
from ..engine.model import Delta, Model, ModelRequest, unseen
from ..engine.sandbox import Printed, Sandbox
from ..engine.turn import run_turn
from ..errors import JourneyError, ModelStopped, WorkbenchError
from ..models.registry import REHEARSAL, make_model
from ..replay.judge import weigh
from ..replay.partial import Splice
from ..replay.rerun import Difference, Rerun, rerun
from ..source import fault_place
from ..trace.blobs import Span
from ..trace.events import AnyStep, TurnEnd
from ..trace.messages import Messages
from ..trace.step_id import Place
from ..trace.trace import Trace
from ..transcripts.codec import decode
from .agent_files import agent_names
from .loader import Loaded, load, make_world
from .protocol import (
    AgentCard,
    Beat,
    Consult,
    Consulted,
    Differs,
    Done,
    Event,
    Exhibited,
    Failed,
    FixtureCard,
    JourneyCard,
    Judge,
    Judged,
    Load,
    PolicyCard,
    Ready,
    Request,
    Reran,
    RunAgain,
    Stepped,
    Stop,
    Streamed,
    Survey,
    Surveyed,
    TakeTurn,
    ToolCard,
    pack,
    unpack_event,
    unpack_request,
)
from .supervision import listen

BEAT = 0.25  # seconds between signs of life


def main(connection: Connection, stacks: str) -> None:
    """The life of a worker. `stacks` is the file that SIGUSR1 writes the current stack to."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    quiet = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(quiet, fd)
    sys.stdout = sys.stderr = Printed()
    listen(stacks)
    asyncio.run(_Serving(connection).run())


class _Serving:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.loaded: Loaded | None = None
        self.model: Model | None = None
        self.turn: asyncio.Task[TurnEnd] | None = None

    def send(self, event: Event) -> None:
        try:
            self.connection.send_bytes(pack(event))
        except OSError:
            os._exit(0)  # nobody listens any more

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        requests: asyncio.Queue[Request] = asyncio.Queue()
        threading.Thread(target=self._read, args=(loop, requests), daemon=True).start()
        beat = asyncio.create_task(self._beat())
        while True:
            await self._answer(await requests.get())
            assert not beat.done()

    def _read(self, loop: asyncio.AbstractEventLoop, requests: asyncio.Queue[Request]) -> None:
        while True:
            try:
                request = unpack_request(self.connection.recv_bytes())
            except (EOFError, OSError):
                os._exit(0)
            if isinstance(request, Stop):
                loop.call_soon_threadsafe(self._stop)
            else:
                loop.call_soon_threadsafe(requests.put_nowait, request)

    def _stop(self) -> None:
        if self.turn is not None:
            self.turn.cancel()

    async def _beat(self) -> None:
        while True:
            self.send(Beat())
            await asyncio.sleep(BEAT)

    async def _answer(self, request: Request) -> None:
        try:
            match request:
                case Load():
                    self._load(request)
                case TakeTurn():
                    await self._take_turn(request)
                    self.send(Done())
                case RunAgain():
                    await self._run_again(request)
                case Judge():
                    await self._judge(request)
                case Consult():
                    self.send(await self._consult(request))
                case Survey():
                    self.send(self._survey(request))
                case Stop():
                    pass
        except WorkbenchError as error:
            self.send(Failed(error.message, error.where, error.next))
        except CODE_ERRORS as error:
            where, frames = fault_place(error)
            self.send(Failed(describe(error), where, "" if frames else "this is a bug of Workbench", not frames))

    def _load(self, request: Load) -> None:
        self.loaded = load(Path(request.root), request.agent)
        self.model = make_model(request.model, self.loaded.agent)
        card = card_of(self.loaded, self.model)
        try:
            unpack_event(pack(Ready(card)))
        except msgspec.DecodeError as error:
            raise JourneyError(
                f"the agent cannot be described: {error}", where=self.loaded.agent.source, next="give a text there"
            ) from None
        self.send(Ready(card))

    def _need(self) -> Loaded:
        if self.loaded is None:
            raise JourneyError("no agent is loaded")
        return self.loaded

    async def _take_turn(self, request: TakeTurn) -> None:
        loaded, told = self._need(), set(request.exhibits)

        def on_step(step: AnyStep) -> None:
            exhibits = conversation.trace.exhibits
            if len(exhibits) > len(told):
                for key in [k for k in exhibits if k not in told]:
                    told.add(key)
                    self.send(Exhibited(key, exhibits[key]))
            self.send(Stepped(step))

        def on_delta(place: Place, delta: Delta) -> None:
            self.send(Streamed(place.turn, place.answer, delta))

        if self.model is None:
            raise JourneyError("no agent is loaded")
        conversation, model, runner = stage(loaded, self.model, request, on_step)
        limit = loaded.agent.limits.seconds
        self.turn = asyncio.create_task(run_turn(conversation, request.text, model, runner, on_delta))
        try:
            done, _ = await asyncio.wait([self.turn], timeout=limit)
            if not done:
                self.turn.cancel()
                await asyncio.wait([self.turn])
            stopped = self.turn.cancelled()
            if not stopped:
                self.turn.result()
        finally:
            self.turn = None
        if stopped:
            number = conversation.state.turn
            if done:
                conversation.emit(TurnEnd(turn=number, reason="interrupted"))
            else:
                conversation.emit(TurnEnd(turn=number, reason="limit", detail=f"{limit:g} seconds"))

    async def _run_again(self, request: RunAgain) -> None:
        result = await rerun(without(self._need().agent, request.off), request.setup, request.steps)
        self.send(reran(result))

    async def _judge(self, request: Judge) -> None:
        outcome = await weigh(decode(request.data, "transcript"), self._need().agent)
        first = outcome.first
        self.send(Judged(outcome.verdict.value, outcome.why, _plain(first) if first else None))

    def _survey(self, request: Survey) -> Surveyed:
        return Surveyed(make_world(self._need(), request.setup, substituted=True).after(request.steps))

    async def _consult(self, request: Consult) -> Consulted:
        model = make_model(request.model, self._need().agent)
        if model.name == REHEARSAL:
            return Consulted(trouble="the rehearsal is a script: it cannot judge")
        asked = Messages.of([{"role": "user", "content": [{"type": "text", "text": request.text}]}])
        judge = ModelRequest(1, 1, (Span("judge", request.system),), asked, (), None)
        try:
            answer = await model.answer(judge, unseen)
        except ModelStopped as stop:
            return Consulted(trouble=stop.message)
        words = "\n".join(b["text"] for b in answer.blocks if b.get("type") == "text")
        return Consulted(words, answer.model, answer.meter)


def stage(
    loaded: Loaded, model: Model, request: TakeTurn, on_step: OnStep
) -> tuple[Conversation, Model, Sandbox | Splice]:
    """All that a turn is run with: the record so far as a conversation, who speaks, what runs the tools."""
    world = make_world(loaded, request.setup, substituted=request.substituted)
    agent = without(loaded.agent, request.off)
    conversation = Conversation(agent, request.setup, Trace(request.steps, request.exhibits), on_step)
    world.replay(conversation.state.changes)
    sandbox = Sandbox(world)
    if not request.until:
        return conversation, model, sandbox
    splice = Splice(request.taped, Place.parse(request.until), model, sandbox, request.blocks)
    return conversation, splice, splice


def reran(result: Rerun) -> Reran:
    return Reran(
        list(result.trace.steps),
        result.trace.exhibits,
        [_plain(d) for d in result.differences],
        result.moves,
        result.prompt_changed_from,
        result.broken,
    )


def _plain(difference: Difference) -> Differs:
    return Differs(str(difference.place), difference.recorded, difference.now, difference.why)


def card_of(loaded: Loaded, model: Model) -> AgentCard:
    """What the screens may know of an agent, as plain data."""
    agent = loaded.agent
    policies = [
        PolicyCard(p.full_name, p.stand, list(p.tools), p.rule, p.why, p.source, p.version)
        for p in agent.all_policies()
    ]
    return AgentCard(
        name=agent.name,
        code=loaded.code,
        model=model.name,
        journeys=[_journey_card(j) for j in agent.journeys.values()],
        tools=[
            ToolCard(t.name, t.journey, t.writes, t.recorded, t.source, _first(t.description))
            for t in agent.all_tools()
        ],
        policies=policies,
        fixtures=[FixtureCard(f.name, f.about, f.setup) for f in loaded.fixtures.values()],
        agents=agent_names(loaded.root),
        paragraphs=paragraphs(agent),
        files=loaded.files,
        turn_seconds=agent.limits.seconds,
        code_seconds=agent.limits.code,
    )


def _journey_card(journey: Journey) -> JourneyCard:
    rehearsal = journey.rehearsal
    tries = list(rehearsal.phrases) if rehearsal is not None else []
    return JourneyCard(journey.name, journey.goal, journey.source, rehearsal is not None, tries)


def _first(text: str) -> str:
    return text.split("\n", 1)[0]
