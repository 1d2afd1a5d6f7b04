"""What the workbench and its worker say to each other: plain values, both ways.

The worker holds journey code; the workbench never does. Requests go in, events
come out; every request ends with exactly one Done, Failed or a report.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Protocol

import msgspec

from ..engine.ablation import Off, Paragraph
from ..engine.model import Delta
from ..trace.events import AnyStep, Meter
from ..trace.setup import Setup


class _Message(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="say"):
    pass


# what the worker tells of the agent it loaded


class ToolCard(msgspec.Struct, frozen=True, omit_defaults=True):
    name: str
    journey: str = ""
    writes: bool = False
    recorded: bool = False
    source: str = ""
    about: str = ""


class PolicyCard(msgspec.Struct, frozen=True, omit_defaults=True):
    """`name` is the full name ("returns.return_window"); `version` names its exhibit."""

    name: str
    stand: str
    tools: list[str] = []
    rule: str = ""
    why: str = ""
    source: str = ""
    version: str = ""


class JourneyCard(msgspec.Struct, frozen=True, omit_defaults=True):
    """`tries` are phrases that its rehearsal understands, one an intent."""

    name: str
    goal: str
    source: str = ""
    rehearsed: bool = False
    tries: list[str] = []


class FixtureCard(msgspec.Struct, frozen=True, omit_defaults=True):
    name: str
    about: str
    setup: Setup


class AgentCard(msgspec.Struct, frozen=True, omit_defaults=True):
    """An agent as a worker loaded it. `code` hashes all its files, `files` each of them.

    `agents` are the names of all agents of the project.
    """

    name: str
    code: str
    model: str
    journeys: list[JourneyCard] = []
    tools: list[ToolCard] = []
    policies: list[PolicyCard] = []
    fixtures: list[FixtureCard] = []
    files: dict[str, str] = {}
    agents: list[str] = []
    paragraphs: list[Paragraph] = []
    turn_seconds: float = 120.0
    code_seconds: float = 10.0

    def policies_at(self, tool: str) -> list[PolicyCard]:
        """The policies that may stand before `tool`."""
        writes = any(t.name == tool and t.writes for t in self.tools)
        names = {tool, "every", "writes" if writes else "reads"}
        return [p for p in self.policies if p.stand == "before" and names & set(p.tools)]


# requests


class Load(_Message, frozen=True, tag="load"):
    """Load an agent and its model. `model` is "rehearsal", "claude" or the id of a Claude model."""

    root: str
    agent: str
    model: str


class TakeTurn(_Message, frozen=True, tag="turn"):
    """Run one turn after a record (`steps`), on the agent without what is `off`.

    `taped` is the record of the same turn, held fixed up to the place `until`;
    there stand `blocks`, an answer by hand, where they are given; from there on the model speaks.
    `substituted`: the words are those of a transcript, so the world has its substitutes too.
    """

    setup: Setup
    steps: list[AnyStep]
    exhibits: dict[str, Any]
    text: str
    taped: list[AnyStep] = []
    until: str = ""
    blocks: list[dict[str, Any]] | None = None
    off: list[Off] = []
    substituted: bool = False


class Stop(_Message, frozen=True, tag="stop"):
    """Stop the turn in progress; it ends as interrupted."""


class RunAgain(_Message, frozen=True, tag="run_again"):
    """Run a record again on this code without what is `off`, tape pinned."""

    setup: Setup
    steps: list[AnyStep]
    off: list[Off] = []


class Judge(_Message, frozen=True, tag="judge"):
    """Replay a transcript, given as the bytes of its file."""

    data: bytes


class Consult(_Message, frozen=True, tag="consult"):
    """Ask a model one thing, outside any conversation: `model` is a name as in Load."""

    model: str
    system: str
    text: str


class Survey(_Message, frozen=True, tag="survey"):
    """Look at the world as these steps of a transcript leave it."""

    setup: Setup
    steps: list[AnyStep]


Request = Load | TakeTurn | Stop | RunAgain | Judge | Consult | Survey


# events


class Ready(_Message, frozen=True, tag="ready"):
    card: AgentCard


class Failed(_Message, frozen=True, tag="failed"):
    """A request that could not be done; the engineer's file and line where it is theirs."""

    message: str
    where: str = ""
    next: str = ""
    ours: bool = False


class Beat(_Message, frozen=True, tag="beat"):
    """The worker is alive and not stuck in journey code."""


class Stepped(_Message, frozen=True, tag="stepped"):
    step: AnyStep


class Exhibited(_Message, frozen=True, tag="exhibited"):
    key: str
    value: Any


class Streamed(_Message, frozen=True, tag="streamed"):
    turn: int
    answer: int
    delta: Delta


class Done(_Message, frozen=True, tag="done"):
    pass


class Differs(msgspec.Struct, frozen=True, omit_defaults=True):
    """A replay.Difference, as plain data. `place` is "3.1.2"."""

    place: str
    recorded: str
    now: str
    why: str


class Reran(_Message, frozen=True, tag="reran"):
    """A record run again: the new steps, where they leave the record, and what drifted.

    `moves` were the same (all of them where `differences` is empty);
    `prompt_changed_from` is the first move whose prompt changed, 0 for none.
    """

    steps: list[AnyStep]
    exhibits: dict[str, Any]
    differences: list[Differs] = []
    moves: int = 0
    prompt_changed_from: int = 0
    fault: str = ""


class Judged(_Message, frozen=True, tag="judged"):
    verdict: str
    why: str = ""
    difference: Differs | None = None


class Consulted(_Message, frozen=True, tag="consulted"):
    """What a model that was consulted answered; where none came, `trouble` says why."""

    text: str = ""
    model: str = ""
    meter: Meter | None = None
    trouble: str = ""


class Surveyed(_Message, frozen=True, tag="surveyed"):
    """The world by class name, as plain data."""

    world: dict[str, Any]


Event = Ready | Failed | Beat | Stepped | Exhibited | Streamed | Done | Reran | Judged | Consulted | Surveyed

# JSON, which whole numbers of any size go through, as in the files
_REQUESTS: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)
_EVENTS: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def pack(message: Request | Event) -> bytes:
    return msgspec.json.encode(message)


def unpack_request(data: bytes) -> Request:
    return _REQUESTS.decode(data)


def unpack_event(data: bytes) -> Event:
    return _EVENTS.decode(data)


class Worker(Protocol):
    """A process that holds journey code. `card` describes what it loaded."""

    card: AgentCard

    @property
    def alive(self) -> bool: ...

    def ask(self, request: Request) -> AsyncIterator[Event]:
        """Events up to and including the one that ends the request. Raises WorkerDied."""
        ...

    def stop_turn(self) -> None:
        """Interrupt the turn in progress; its `ask` then ends."""
        ...

    def close(self) -> None: ...


class Host(Protocol):
    async def start(self, agent: str, model: str) -> Worker:
        """A worker that has loaded the agent and answered. Raises JourneyError or WorkerDied."""
        ...
