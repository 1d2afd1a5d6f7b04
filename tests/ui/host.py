"""A host in this process: the engine runs in the screen's own loop, on an agent made in a folder."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec

from workbench.engine.ablation import without
from workbench.engine.model import Delta, ModelAnswer, Show
from workbench.engine.turn import run_turn
from workbench.replay.judge import replay
from workbench.replay.rerun import rerun
from workbench.runtime.loader import Loaded, load
from workbench.runtime.protocol import (
    Done,
    Event,
    Exhibited,
    Judge,
    Judged,
    Request,
    RunAgain,
    Stepped,
    Streamed,
    TakeTurn,
)
from workbench.runtime.worker_main import card_of, reran, stage
from workbench.store.index.entry import Card, Stamp
from workbench.store.indexer import Indexing
from workbench.store.library import Shelf as RealShelf
from workbench.store.project import Project
from workbench.store.session_log import History
from workbench.store.sources import transcript_card
from workbench.trace.events import Answer, TurnEnd
from workbench.trace.trace import Trace
from workbench.transcripts.codec import decode, encode
from workbench.transcripts.query import Query
from workbench.transcripts.transcript import Transcript, recording_id
from workbench.workspace.library import Found, Kind, News, Record
from workbench.workspace.session import Session
from workbench.workspace.summary import gist

AGENT = """
from workbench import Agent
from .returns.journey import returns
agent = Agent("shop", journeys=[returns])
"""

JOURNEY = '''
from dataclasses import dataclass
from workbench import Journey, world, Block

@dataclass
class Order:
    number: str
    days: int
    returned: bool = False

@world
class Shop:
    orders: dict[str, Order]

returns = Journey("returns", goal="return a pair of shoes")

@returns.tool
def find_order(order_number: str, shop: Shop) -> Order:
    """Find an order by its number."""
    return shop.orders[order_number]

@returns.tool(writes=True)
def create_return(order_number: str, shop: Shop) -> str:
    """Open a return."""
    shop.orders[order_number].returned = True
    return "R-1"

@returns.policy(before=create_return)
def return_window(call, talk):
    """Returns close 30 days after delivery.

    Why: worn shoes cannot be sold again.
    """
    order = talk.result(find_order, order_number=call["order_number"])
    if order is None:
        return Block("look the order up first")
    if order.days > 30:
        return Block(f"delivered {order.days} days ago; the limit is 30", days=order.days)
'''

BASE = {
    "about": "two orders, one of them old",
    "customer": {"name": "Ada"},
    "world": {"Shop": {"orders": {"OL-1": {"number": "OL-1", "days": 52}, "OL-2": {"number": "OL-2", "days": 2}}}},
}


def make_agent(root: Path) -> Path:
    """An agent with one journey, two tools and one policy under `root`/journeys."""
    journeys = root / "journeys"
    (journeys / "shop" / "returns").mkdir(parents=True)
    (journeys / "shop" / "fixtures").mkdir()
    (journeys / "shop" / "agent.py").write_text(AGENT)
    (journeys / "shop" / "persona.md").write_text("Be kind and brief.")
    (journeys / "shop" / "returns" / "journey.py").write_text(JOURNEY)
    (journeys / "shop" / "returns" / "manual.md").write_text(
        "# Returns\nLook the order up first.\n## Then\nReturn it."
    )
    (journeys / "shop" / "fixtures" / "base.json").write_bytes(msgspec.json.encode(BASE))
    (journeys / "shop" / "fixtures" / "empty.json").write_bytes(msgspec.json.encode({"about": "nothing"}))
    return journeys


def use(tool: str, **args: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": f"c{abs(hash((tool, str(args)))) % 9999}", "name": tool, "input": args}


def say(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def think(text: str) -> dict[str, Any]:
    return {"type": "thinking", "thinking": text, "signature": "x"}


class Script:
    """A model that gives the answers it was made with, in order; `pace` seconds between its words."""

    name = "script"
    params: dict[str, Any] = {}  # noqa: RUF012

    def __init__(self, *answers: list[dict[str, Any]], pace: float = 0.0) -> None:
        self.answers = list(answers)
        self.pace = pace

    async def answer(self, request: Any, show: Show) -> ModelAnswer:
        blocks = self.answers.pop(0) if self.answers else [say("I have no more to say.")]
        for block in blocks:
            if block["type"] == "text":
                for word in block["text"].split(" "):
                    show(Delta("text", word + " "))
                    await asyncio.sleep(self.pace)
        return ModelAnswer(blocks, model="script")


class FakeWorker:
    def __init__(self, loaded: Loaded, model: Script) -> None:
        self.loaded = loaded
        self.model = model
        self.card = card_of(loaded, model)
        self.turn: asyncio.Task[Any] | None = None
        self.closed = False

    async def ask(self, request: Request) -> AsyncIterator[Event]:
        match request:
            case TakeTurn():
                async for event in self._turn(request):
                    yield event
            case RunAgain(setup, steps, off):
                ran = await rerun(without(self.loaded.agent, off), setup, steps)
                yield reran(ran)
            case Judge(data):
                outcome = await asyncio.to_thread(replay, decode(data), self.loaded.agent)
                yield Judged(str(outcome.verdict), outcome.why)

    async def _turn(self, request: TakeTurn) -> AsyncIterator[Event]:
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        told: set[str] = set(request.exhibits)

        def stepped(step: Any) -> None:
            exhibits = conversation.trace.exhibits
            for key in exhibits.keys() - told:
                told.add(key)
                queue.put_nowait(Exhibited(key, exhibits[key]))
            queue.put_nowait(Stepped(step))

        conversation, model, runner = stage(self.loaded, self.model, request, stepped)

        async def run() -> None:
            try:
                await run_turn(
                    conversation, request.text, model, runner,
                    lambda place, delta: queue.put_nowait(Streamed(place.turn, place.answer, delta)),
                )  # fmt: skip
            except asyncio.CancelledError:
                conversation.emit(TurnEnd(turn=conversation.state.turn, reason="interrupted"))
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

    async def start(self, agent: str, model: str) -> FakeWorker:
        await asyncio.sleep(0)
        return FakeWorker(load(self.root, agent), self.model)


class Memory:
    """A store that keeps everything in memory."""

    def __init__(self) -> None:
        self.records: dict[str, list[dict[str, Any]]] = {}
        self.saved: dict[str, Transcript] = {}

    problem = ""

    def begin(self, session: str, head: dict[str, Any]) -> None:
        self.records[session] = [head]

    def claim(self, session: str) -> str:
        return ""

    def write_again(self) -> None:
        self.problem = ""

    def append(self, session: str, record: dict[str, Any]) -> None:
        self.records[session].append(record)

    def save(self, transcript: Transcript) -> str:
        path = f"transcripts/{transcript.id}.json"
        self.saved[path] = transcript
        return path

    def remove(self, path: str) -> None:
        del self.saved[path]

    def keep_desk(self, data: bytes) -> None:
        self.lay = data


class Kept:
    """Where a test's conversations lie: what the store saved, and sessions it was given."""

    def __init__(self, kind: Kind, shelf: Shelf) -> None:
        self.kind, self.shelf = kind, shelf

    def looks(self) -> None:
        return None

    def stamps(self) -> Iterator[tuple[str, Stamp]]:
        if self.kind == "transcript":
            yield from ((path, Stamp(len(encode(t)), 1)) for path, t in self.shelf.store.saved.items())
        else:
            yield from ((s.id, Stamp(len(s.trace), len(s.marks))) for s in self.shelf.sessions.values())

    def card(self, id: str) -> Card:
        if self.kind == "transcript":
            return transcript_card(
                f"transcript:{id}",
                self.shelf.store.saved[id],
                self.shelf.ledger,
                self.shelf.store.saved[id].state,
                1.0,
            )
        s = self.shelf.sessions[id]
        return Card(
            "a talk", s.agent, "session", 2.0, recording_id(list(s.trace), s.setup),
            tags=self.shelf.ledger.tags_of(f"session:{id}"), gist=gist(s.trace, s.marks.values()),
        )  # fmt: skip

    def open(self, id: str) -> Record:
        if self.kind == "session":
            s = self.shelf.sessions[id]
            return Record(
                s.setup, Trace(s.trace.steps, s.trace.exhibits), "a talk", "script", list(s.marks.values())
            )
        t = self.shelf.store.saved[id]
        marks = self.shelf.ledger.marks_of(f"transcript:{id}", t.marks)
        return Record(t.setup, t.trace, t.title, "script", marks, t.expectations)


class Shelf(RealShelf):
    """The library of a memory store and whatever sessions it is given; its index is true whenever it is asked."""

    def __init__(self, store: Memory, *sessions: Session, root: Path | None = None) -> None:
        project = Project(root or Path(tempfile.mkdtemp()))
        super().__init__(project, History(project.state, project.transcripts))
        self.store = store
        self.sessions = {s.id: s for s in sessions}
        self.sources |= {kind: Kept(kind, self) for kind in ("transcript", "session")}
        self.indexing = Indexing(project.state, project.transcripts)
        self.indexing.sources |= self.sources
        self.lock = threading.Lock()

    def search(self, query: Query) -> Found:
        with self.lock:
            self.indexing.refresh()
        return super().search(query)

    async def news(self) -> AsyncIterator[News]:
        """Whatever a person does here is found out by looking."""
        return
        yield

    def close(self) -> None:
        self.indexing.close()
        super().close()


def answers(session: Session) -> list[Answer]:
    return [s for s in session.trace if isinstance(s, Answer)]


class Changes:
    """Files that change when a test says so."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[str] = asyncio.Queue()

    def __aiter__(self) -> Changes:
        return self

    async def __anext__(self) -> str:
        return await self.queue.get()
