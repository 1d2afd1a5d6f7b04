"""What the workbench and its worker say to each other: plain values, both ways.

The worker holds journey code; the workbench never does. Requests go in, events
come out; every request ends with exactly one Done, Failed or a report.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Protocol

import msgspec

from ..engine.ablation import DisabledPart, Paragraph
from ..engine.model import Delta
from ..trace.events import AnyEvent, Usage
from ..trace.setup import Setup


class _Message(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="say"):
    pass


# what the worker tells of the agent it loaded


class ToolInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    name: str
    journey: str = ""
    writes: bool = False
    recorded: bool = False
    source: str = ""
    description: str = ""


class PolicyInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """`name` is the full name ("returns.return_window"); `version` names its exhibit."""

    name: str
    hook: str
    tools: list[str] = []
    rule: str = ""
    why: str = ""
    source: str = ""
    version: str = ""


class JourneyInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """`tries` are phrases that its rehearsal understands, one an intent."""

    name: str
    goal: str
    source: str = ""
    rehearsed: bool = False
    example_phrases: list[str] = []


class FixtureInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    name: str
    description: str
    setup: Setup


class AgentInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """An agent as a worker loaded it. `code` hashes all its files, `files` each of them.

    `agents` are the names of all agents of the project.
    """

    name: str
    code: str
    model: str
    journeys: list[JourneyInfo] = []
    tools: list[ToolInfo] = []
    policies: list[PolicyInfo] = []
    fixtures: list[FixtureInfo] = []
    files: dict[str, str] = {}
    agents: list[str] = []
    paragraphs: list[Paragraph] = []
    turn_seconds: float = 120.0
    code_seconds: float = 10.0

    def policies_at(self, tool: str) -> list[PolicyInfo]:
        """The policies that may stand before `tool`."""
        writes = any(t.name == tool and t.writes for t in self.tools)
        names = {tool, "every", "writes" if writes else "reads"}
        return [p for p in self.policies if p.hook == "before_tool" and names & set(p.tools)]


# requests


class Load(_Message, frozen=True, tag="load"):
    """Load an agent and its model. `model` is "rehearsal", "claude" or the id of a Claude model."""

    root: str
    agent: str
    model: str


class RunTurn(_Message, frozen=True, tag="turn"):
    """Run one turn after a record (`steps`), on the agent without what is `off`.

    `taped` is the record of the same turn, held fixed up to the place `until`;
    there stand `blocks`, an answer by hand, where they are given; from there on the model speaks.
    `substituted`: the words are those of a transcript, so the world has its substitutes too.
    """

    setup: Setup
    events: list[AnyEvent]
    blobs: dict[str, Any]
    text: str
    recorded: list[AnyEvent] = []
    fork_at: str = ""
    blocks: list[dict[str, Any]] | None = None
    disabled: list[DisabledPart] = []
    substituted: bool = False


class CancelTurn(_Message, frozen=True, tag="stop"):
    """Stop the turn in progress; it ends as interrupted."""


class RerunConversation(_Message, frozen=True, tag="run_again"):
    """Run a record again on this code without what is `off`, tape pinned."""

    setup: Setup
    events: list[AnyEvent]
    disabled: list[DisabledPart] = []


class JudgeTranscript(_Message, frozen=True, tag="judge"):
    """Replay a transcript, given as the bytes of its file."""

    data: bytes


class AskModel(_Message, frozen=True, tag="consult"):
    """Ask a model one thing, outside any conversation: `model` is a name as in Load."""

    model: str
    system: str
    text: str


class InspectWorld(_Message, frozen=True, tag="survey"):
    """Look at the world as these steps of a transcript leave it."""

    setup: Setup
    events: list[AnyEvent]


Request = Load | RunTurn | CancelTurn | RerunConversation | JudgeTranscript | AskModel | InspectWorld


# events


class Loaded(_Message, frozen=True, tag="ready"):
    card: AgentInfo


class Failed(_Message, frozen=True, tag="failed"):
    """A request that could not be done; the engineer's file and line where it is theirs."""

    message: str
    where: str = ""
    hint: str = ""
    ours: bool = False


class Heartbeat(_Message, frozen=True, tag="beat"):
    """The worker is alive and not stuck in journey code."""


class EventRecorded(_Message, frozen=True, tag="stepped"):
    event: AnyEvent


class BlobRecorded(_Message, frozen=True, tag="exhibited"):
    key: str
    value: Any


class DeltaStreamed(_Message, frozen=True, tag="streamed"):
    turn: int
    answer: int
    delta: Delta


class Done(_Message, frozen=True, tag="done"):
    pass


class DifferenceInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """A replay.Difference, as plain data. `place` is "3.1.2"."""

    step_id: str
    recorded: str
    now: str
    why: str


class RerunDone(_Message, frozen=True, tag="reran"):
    """A record run again: the new steps, where they leave the record, and what drifted.

    `moves` were the same (all of them where `differences` is empty);
    `prompt_changed_from` is the first move whose prompt changed, 0 for none.
    """

    events: list[AnyEvent]
    blobs: dict[str, Any]
    differences: list[DifferenceInfo] = []
    steps: int = 0
    prompt_changed_from: int = 0
    fault: str = ""


class TranscriptJudged(_Message, frozen=True, tag="judged"):
    verdict: str
    why: str = ""
    difference: DifferenceInfo | None = None


class ModelAnswered(_Message, frozen=True, tag="consulted"):
    """What a model that was consulted answered; where none came, `trouble` says why."""

    text: str = ""
    model: str = ""
    usage: Usage | None = None
    trouble: str = ""


class WorldInspected(_Message, frozen=True, tag="surveyed"):
    """The world by class name, as plain data."""

    world: dict[str, Any]


Event = (
    Loaded
    | Failed
    | Heartbeat
    | EventRecorded
    | BlobRecorded
    | DeltaStreamed
    | Done
    | RerunDone
    | TranscriptJudged
    | ModelAnswered
    | WorldInspected
)

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

    card: AgentInfo

    @property
    def alive(self) -> bool: ...

    def ask(self, request: Request) -> AsyncIterator[Event]:
        """Events up to and including the one that ends the request. Raises WorkerDied."""
        ...

    def stop_turn(self) -> None:
        """Interrupt the turn in progress; its `ask` then ends."""
        ...

    def close(self) -> None: ...


class WorkerFactory(Protocol):
    async def start(self, agent: str, model: str) -> Worker:
        """A worker that has loaded the agent and answered. Raises JourneyError or WorkerDied."""
        ...
