"""A worker factory in this process: the engine runs in the loop of the screen, on an agent in a folder."""

from __future__ import annotations

import asyncio
import json
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from support.kit import WINDOW, shop_files, write
from workbench.engine.ablation import without_parts
from workbench.engine.model import Delta, DeltaSink, ModelAnswer
from workbench.engine.model_params import ModelParams
from workbench.engine.turn import run_turn
from workbench.errors import JourneyError
from workbench.replay.judge import replay
from workbench.replay.rerun import rerun
from workbench.replay.verdict import ReplayResult
from workbench.runtime.loader import LoadedAgent, load
from workbench.runtime.protocol import (
    BlobRecorded,
    CheckFixture,
    DeltaStreamed,
    Done,
    EventRecorded,
    Failed,
    InspectWorld,
    Request,
    RerunConversation,
    RunTurn,
    WorkerEvent,
    WorldInspected,
)
from workbench.runtime.worker_main import check_world, describe_agent, inspect_world, prepare_turn, rerun_report
from workbench.store.index.entry import IndexEntry, Stamp
from workbench.store.indexer import Indexer
from workbench.store.library import IndexedLibrary as RealShelf
from workbench.store.project import Project
from workbench.store.session_log import SessionLogs
from workbench.store.sources import transcript_entry
from workbench.trace.events import Answer, TurnEnded
from workbench.trace.trace import Trace
from workbench.transcripts.codec import decode, encode
from workbench.transcripts.query import Query
from workbench.transcripts.transcript import Transcript, hash_recording
from workbench.workspace.history import Change
from workbench.workspace.library import IndexProgress, Kind, SearchResult, StoredConversation
from workbench.workspace.session import Session
from workbench.workspace.summary import summarize

BASE = {
    "about": "two orders, one of them old",
    "customer": {"name": "Ada"},
    "world": {"Shop": {"orders": {"OL-1": {"number": "OL-1", "days": 52}, "OL-2": {"number": "OL-2", "days": 2}}}},
}


def make_agent(root: Path) -> Path:
    """Write the shop with its policy and a second fixture to `root`/journeys, and return that folder."""
    fixtures = {"base": BASE, "empty": {"about": "nothing"}}
    files = {f"shop/fixtures/{name}.json": json.dumps(fixture) for name, fixture in fixtures.items()}
    return write(root / "journeys", shop_files(WINDOW) | files)


def use(tool: str, **args: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": f"c{abs(hash((tool, str(args)))) % 9999}", "name": tool, "input": args}


def say(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def think(text: str) -> dict[str, Any]:
    return {"type": "thinking", "thinking": text, "signature": "x"}


class Script:
    """A model that returns prepared answers in order, with `pace` seconds between words."""

    name = "script"
    params: dict[str, Any] = {}  # noqa: RUF012

    def __init__(self, *answers: list[dict[str, Any]], pace: float = 0.0) -> None:
        self.answers = list(answers)
        self.pace = pace

    async def answer(self, request: Any, show: DeltaSink) -> ModelAnswer:
        blocks = self.answers.pop(0) if self.answers else [say("I have no more to say.")]
        for block in blocks:
            if block["type"] == "text":
                for word in block["text"].split(" "):
                    show(Delta("text", word + " "))
                    await asyncio.sleep(self.pace)
        return ModelAnswer(blocks, model="script")


class FakeWorker:
    def __init__(self, loaded: LoadedAgent, model: Script) -> None:
        self.loaded = loaded
        self.model = model
        self.agent_info = describe_agent(loaded, model)
        self.turn: asyncio.Task[Any] | None = None
        self.closed = False

    async def ask(self, request: Request) -> AsyncIterator[WorkerEvent]:
        match request:
            case RunTurn():
                async for event in self._turn(request):
                    yield event
            case RerunConversation(setup, steps, off):
                ran = await rerun(without_parts(self.loaded.agent, off), setup, steps)
                yield rerun_report(ran)
            case InspectWorld():
                yield WorldInspected(inspect_world(self.loaded, request))
            case CheckFixture(setup):
                try:
                    check_world(self.loaded, setup)
                except JourneyError as error:
                    yield Failed(error.message, error.where, error.hint)
                else:
                    yield Done()

    async def _turn(self, request: RunTurn) -> AsyncIterator[WorkerEvent]:
        queue: asyncio.Queue[WorkerEvent | None] = asyncio.Queue()
        told: set[str] = set(request.blobs)

        def stepped(step: Any) -> None:
            blobs = conversation.trace.blobs
            for key in blobs.keys() - told:
                told.add(key)
                queue.put_nowait(BlobRecorded(key, blobs[key]))
            queue.put_nowait(EventRecorded(step))

        conversation, model, runner = prepare_turn(self.loaded, self.model, request, stepped)

        async def run() -> None:
            try:
                await run_turn(
                    conversation, request.text, model, runner,
                    lambda step_id, delta: queue.put_nowait(DeltaStreamed(step_id.turn, step_id.answer, delta)),
                )  # fmt: skip
            except asyncio.CancelledError:
                conversation.emit(TurnEnded(turn=conversation.state.turn, reason="interrupted"))
            queue.put_nowait(None)

        self.turn = asyncio.create_task(run())
        while (event := await queue.get()) is not None:
            yield event
        yield Done()

    def stop_turn(self) -> None:
        if self.turn is not None:
            self.turn.cancel()

    def close(self) -> None:
        self.closed = True

    @property
    def alive(self) -> bool:
        return not self.closed


class FakeHost:
    def __init__(self, root: Path, model: Script) -> None:
        self.root = root
        self.model = model

    async def start(self, agent: str, model: str, params: ModelParams) -> FakeWorker:
        await asyncio.sleep(0)
        return FakeWorker(load(self.root, agent), self.model)

    async def replay(self, data: bytes) -> ReplayResult:
        transcript = decode(data)
        return await asyncio.to_thread(replay, transcript, load(self.root, transcript.agent).agent)


class Memory:
    """A session store in memory."""

    def __init__(self) -> None:
        self.records: dict[str, list[dict[str, Any]]] = {}
        self.saved: dict[str, Transcript] = {}

    write_error = ""

    def begin(self, session: str, head: dict[str, Any]) -> None:
        self.records[session] = [head]

    def lock(self, session: str) -> str:
        return ""

    def retry_writes(self) -> None:
        self.write_error = ""

    def take_warnings(self) -> list[str]:
        return []

    def append(self, session: str, record: dict[str, Any]) -> None:
        self.records[session].append(record)

    def annotations(self, session: str) -> None:
        return None

    def delete(self, session: str) -> Change:
        records = self.records.pop(session)

        def restore() -> None:
            self.records[session] = records

        return Change(f"deletion of {session}", restore, lambda: self.delete(session))

    def save(self, transcript: Transcript) -> tuple[str, Change]:
        path = f"transcripts/{transcript.id}.json"

        def write() -> None:
            self.saved[path] = transcript

        write()
        return path, Change(f"save of {path}", lambda: self.remove(path), write)

    def remove(self, path: str) -> None:
        del self.saved[path]

    def save_workspace(self, data: bytes) -> None:
        self.workspace = data


class Kept:
    """A source of the library: the transcripts of the store, or the given sessions."""

    def __init__(self, kind: Kind, shelf: Shelf) -> None:
        self.kind, self.shelf = kind, shelf

    def fingerprint(self) -> None:
        return None

    def list(self) -> Iterator[tuple[str, Stamp]]:
        if self.kind == "transcript":
            yield from ((path, Stamp(len(encode(t)), 1)) for path, t in self.shelf.store.saved.items())
        else:
            yield from ((s.id, Stamp(len(s.trace), len(s.annotations))) for s in self.shelf.sessions.values())

    def entry(self, id: str) -> IndexEntry:
        if self.kind == "transcript":
            return transcript_entry(
                f"transcript:{id}",
                self.shelf.store.saved[id],
                self.shelf.log,
                self.shelf.store.saved[id].state,
                1.0,
            )
        s = self.shelf.sessions[id]
        return IndexEntry(
            "a talk", s.agent, "session", 2.0, hash_recording(list(s.trace), s.setup),
            tags=self.shelf.log.tags_of(f"session:{id}"), summary=summarize(s.trace, s.annotations.values()),
        )  # fmt: skip

    def open(self, id: str) -> StoredConversation:
        if self.kind == "session":
            s = self.shelf.sessions[id]
            return StoredConversation(
                s.setup, Trace(s.trace.events, s.trace.blobs), "a talk", "script", list(s.annotations.values())
            )
        t = self.shelf.store.saved[id]
        annotations = self.shelf.log.annotations_of(f"transcript:{id}", t.annotations)
        return StoredConversation(t.setup, t.trace, t.title, "script", annotations, t.expectations)


class Shelf(RealShelf):
    """The library of a memory store and the given sessions; its index is updated before every search."""

    def __init__(self, store: Memory, *sessions: Session, root: Path | None = None) -> None:
        project = Project(root or Path(tempfile.mkdtemp()))
        super().__init__(project, SessionLogs(project.state, project.transcripts))
        self.store = store
        self.sessions = {s.id: s for s in sessions}
        self.sources |= {kind: Kept(kind, self) for kind in ("transcript", "session")}
        self.indexing = Indexer(project.state, project.transcripts)
        self.indexing.sources |= self.sources
        self.lock = threading.Lock()

    def search(self, query: Query) -> SearchResult:
        with self.lock:
            self.indexing.refresh()
        return super().search(query)

    async def news(self) -> AsyncIterator[IndexProgress]:
        """Say that everything was read: every search updates the index."""
        yield IndexProgress(complete=True)

    def close(self) -> None:
        self.indexing.close()
        super().close()


def answers(session: Session) -> list[Answer]:
    return [s for s in session.trace if isinstance(s, Answer)]


class Changes:
    """A watcher whose changes are put in by the test."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[str] = asyncio.Queue()

    def __aiter__(self) -> Changes:
        return self

    async def __anext__(self) -> str:
        return await self.queue.get()
