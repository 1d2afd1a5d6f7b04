"""The worker process, in which journey code is loaded and run.

One thread reads requests. The event loop handles them one at a time, and sends
heartbeats while it is free, so that the parent can distinguish an idle worker from
one that is blocked by journey code.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import msgspec

from ..authoring.journey import Journey
from ..engine.ablation import prompt_paragraphs, without_parts
from ..engine.conversation import ConversationRun, OnEvent
from ..engine.faults import JOURNEY_EXCEPTIONS, describe_exception
from ..engine.limits import seconds_detail
from ..engine.model import Delta, Model, ModelRequest, discard_delta
from ..engine.sandbox import CappedOutput, Sandbox
from ..engine.turn import run_turn
from ..errors import JourneyError, NoAnswer, WorkbenchError
from ..machine import machine_error
from ..models.registry import REHEARSAL, make_model
from ..replay.comparison import Rerun
from ..replay.difference import Difference
from ..replay.partial import PartialReplay
from ..replay.rerun import rerun
from ..source import fault_location
from ..trace.blobs import PromptSection
from ..trace.events import AnyEvent, TurnEnded
from ..trace.messages import Messages
from ..trace.setup import Setup
from ..trace.step_id import StepId
from ..trace.trace import Trace
from .agent_files import agent_names
from .confinement import adopt_orphans
from .descendants import end_own_descendants
from .loader import LoadedAgent, load_for_turns, make_world, prepare_world
from .process import isolate
from .protocol import (
    AgentInfo,
    AskModel,
    BlobRecorded,
    CancelTurn,
    CheckFixture,
    DeltaStreamed,
    DifferenceInfo,
    Done,
    EventRecorded,
    Failed,
    FileWritten,
    FixtureInfo,
    Heartbeat,
    InspectWorld,
    JourneyInfo,
    Load,
    Loaded,
    ModelAnswered,
    PolicyInfo,
    Request,
    RerunConversation,
    RerunDone,
    RunTurn,
    ToolInfo,
    WorkerEvent,
    WorldInspected,
    pack,
    unpack_event,
    unpack_request,
)
from .time_travel import conversation_time
from .written_files import WrittenFiles

BEAT = 0.25  # seconds between heartbeats


OUT_OF_RESOURCES = 71  # the exit status of a worker without a process, a file or memory; EX_OSERR of sysexits.h


def main(connection: Connection, stacks: str) -> None:
    """Run a worker. `stacks` is the file to which SIGUSR1 writes the current stack."""
    isolate(stacks)
    adopt_orphans()
    sys.stdout = sys.stderr = CappedOutput()
    try:
        asyncio.run(WorkerServer(connection).run())
    except (OSError, RuntimeError, MemoryError) as error:
        if machine_error(error) is None:
            raise
        os._exit(OUT_OF_RESOURCES)


class WorkerServer:
    """Handles the requests of one connection."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.loaded: LoadedAgent | None = None
        self.model: Model | None = None
        self.turn: asyncio.Task[TurnEnded] | None = None
        self._sending = threading.Lock()
        self._written: WrittenFiles | None = None

    def send(self, event: WorkerEvent) -> None:
        try:
            with self._sending:
                self.connection.send_bytes(pack(event))
        except OSError:
            os._exit(0)  # the parent has exited

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
                end_own_descendants()
                os._exit(0)
            if isinstance(request, CancelTurn):
                loop.call_soon_threadsafe(self._stop)
            else:
                loop.call_soon_threadsafe(requests.put_nowait, request)

    def _stop(self) -> None:
        if self.turn is not None:
            self.turn.cancel()

    async def _beat(self) -> None:
        while True:
            self.send(Heartbeat())
            await asyncio.sleep(BEAT)

    async def _answer(self, request: Request) -> None:
        try:
            match request:
                case Load():
                    self._load(request)
                case RunTurn():
                    await self._run_turn(request)
                    self.send(Done())
                case RerunConversation():
                    await self._rerun(request)
                case AskModel():
                    self.send(await self._ask_model(request))
                case InspectWorld():
                    self.send(await self._inspect_world(request))
                case CheckFixture():
                    await asyncio.to_thread(check_world, self._require_agent(), request.setup)
                    self.send(Done())
                case CancelTurn():
                    pass
        except WorkbenchError as error:
            self.send(Failed(error.message, error.where, error.hint))
        except JOURNEY_EXCEPTIONS as error:
            where, frames = fault_location(error)
            problem = machine_error(error)
            hint = problem.hint if problem else "" if frames else "this is a bug of Workbench"
            self.send(Failed(describe_exception(error), where, hint))

    def _load(self, request: Load) -> None:
        if self._written is None:
            self._written = WrittenFiles(Path(request.root), lambda path: self.send(FileWritten(path)))
        self.loaded = load_for_turns(Path(request.root), request.agent)
        self.model = make_model(request.model, self.loaded.agent, request.params)
        agent_info = describe_agent(self.loaded, self.model)
        try:
            unpack_event(pack(Loaded(agent_info)))
        except msgspec.DecodeError as error:
            raise JourneyError(
                f"the agent cannot be described: {error}",
                where=self.loaded.agent.source,
                hint="use a string there",
            ) from None
        self.send(Loaded(agent_info))

    def _require_agent(self) -> LoadedAgent:
        if self.loaded is None:
            raise JourneyError("no agent is loaded")
        return self.loaded

    async def _run_turn(self, request: RunTurn) -> None:
        loaded, sent = self._require_agent(), set(request.blobs)

        def on_event(event: AnyEvent) -> None:
            blobs = conversation.trace.blobs
            if len(blobs) > len(sent):
                for key in [k for k in blobs if k not in sent]:
                    sent.add(key)
                    self.send(BlobRecorded(key, blobs[key]))
            self.send(EventRecorded(event))

        def on_delta(step_id: StepId, delta: Delta) -> None:
            self.send(DeltaStreamed(step_id.turn, step_id.answer, delta))

        if self.model is None:
            raise JourneyError("no agent is loaded")
        limits = loaded.agent.limits
        with _inputs(request.setup):
            # in a thread, so that heartbeats continue: it is not journey code that takes the time
            await asyncio.to_thread(prepare_world, loaded, request.setup, request.substituted)
            conversation, model, runner = prepare_turn(loaded, self.model, request, on_event)
            self.turn = asyncio.create_task(run_turn(conversation, request.text, model, runner, on_delta))
            try:
                done, _ = await asyncio.wait([self.turn], timeout=limits.turn_seconds)
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
                conversation.emit(TurnEnded(turn=number, reason="interrupted"))
            else:
                conversation.emit(TurnEnded(turn=number, reason="limit", detail=seconds_detail(limits)))

    async def _rerun(self, request: RerunConversation) -> None:
        agent = without_parts(self._require_agent().agent, request.disabled)
        with _inputs(request.setup):
            result = await rerun(agent, request.setup, request.events)
        self.send(rerun_report(result))

    async def _inspect_world(self, request: InspectWorld) -> WorldInspected:
        loaded = self._require_agent()
        with _inputs(request.setup):
            await asyncio.to_thread(prepare_world, loaded, request.setup, request.substituted)
            return WorldInspected(inspect_world(loaded, request))

    async def _ask_model(self, request: AskModel) -> ModelAnswered:
        model = make_model(request.model, self._require_agent().agent)
        if model.name == REHEARSAL:
            return ModelAnswered(trouble="the rehearsal is a script: it cannot judge")
        messages = Messages.from_list([{"role": "user", "content": [{"type": "text", "text": request.text}]}])
        judge = ModelRequest(1, 1, (PromptSection("judge", request.system),), messages, (), None)
        try:
            answer = await model.answer(judge, discard_delta)
        except NoAnswer as stop:
            return ModelAnswered(trouble=stop.message)
        text = "\n".join(b["text"] for b in answer.blocks if b.get("type") == "text")
        return ModelAnswered(text, answer.model, answer.usage)


@contextmanager
def _inputs(setup: Setup) -> Iterator[None]:
    """Give journey code inside the time and the environment of a conversation, as in a replay."""
    before = dict(os.environ)
    os.environ.update(setup.environment)
    try:
        with conversation_time(setup.clock):
            yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def prepare_turn(
    loaded: LoadedAgent, model: Model, request: RunTurn, on_event: OnEvent
) -> tuple[ConversationRun, Model, Sandbox | PartialReplay]:
    """Return what a turn needs: the conversation so far, the model, and the tool runner."""
    world = make_world(loaded, request.setup, substituted=request.substituted)
    agent = without_parts(loaded.agent, request.disabled)
    conversation = ConversationRun(agent, request.setup, Trace(request.events, request.blobs), on_event)
    world.apply(conversation.state.changes)
    sandbox = Sandbox(world)
    if not request.fork_at:
        return conversation, model, sandbox
    partial = PartialReplay(request.recorded, StepId.parse(request.fork_at), model, sandbox, request.blocks)
    return conversation, partial, partial


def inspect_world(loaded: LoadedAgent, request: InspectWorld) -> dict[str, Any]:
    """Return the world after the events of a request."""
    return make_world(loaded, request.setup, substituted=request.substituted).state_after(request.events)


def check_world(loaded: LoadedAgent, setup: Setup) -> None:
    """Raise JourneyError if the world cannot be created from its fixture."""
    world = make_world(loaded, setup)
    for kind in loaded.agent.world_classes().values():
        try:
            world.get(kind, StepId(0))
        except JourneyError as error:
            where = error.where or f"{loaded.agent.name}/{loaded.agent.fixtures}/{setup.fixture}.json"
            raise JourneyError(error.message, where=where, hint=error.hint) from None


def rerun_report(result: Rerun) -> RerunDone:
    """Convert the result of a rerun to a message."""
    return RerunDone(
        list(result.trace.events),
        result.trace.blobs,
        [_plain(d) for d in result.differences],
        result.steps,
        result.prompt_changed_from,
        result.journey_fault,
    )


def _plain(difference: Difference) -> DifferenceInfo:
    return DifferenceInfo(str(difference.step_id), difference.recorded, difference.now, difference.why)


def describe_agent(loaded: LoadedAgent, model: Model) -> AgentInfo:
    """Describe an agent as plain data for the screens."""
    agent = loaded.agent
    policies = [
        PolicyInfo(p.full_name, p.hook, list(p.tools), p.rule, p.why, p.source, p.rule_hash)
        for p in agent.all_policies()
    ]
    return AgentInfo(
        name=agent.name,
        code=loaded.code,
        model=model.name,
        journeys=[_journey_info(j) for j in agent.journeys.values()],
        tools=[
            ToolInfo(t.name, t.journey, t.writes, t.replay_only, t.source, _first(t.description))
            for t in agent.all_tools()
        ],
        policies=policies,
        fixtures=[FixtureInfo(f.name, f.description, f.setup) for f in loaded.fixtures.values()],
        agents=agent_names(loaded.root),
        paragraphs=prompt_paragraphs(agent),
        files=loaded.files,
        fixture_folder=agent.fixtures,
        turn_seconds=agent.limits.turn_seconds,
        code_seconds=agent.limits.blocking_seconds,
    )


def _journey_info(journey: Journey) -> JourneyInfo:
    rehearsal = journey.rehearsal
    phrases = list(rehearsal.phrases) if rehearsal is not None else []
    return JourneyInfo(journey.name, journey.goal, journey.source, phrases)


def _first(text: str) -> str:
    return text.split("\n", 1)[0]
