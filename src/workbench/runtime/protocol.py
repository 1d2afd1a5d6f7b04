"""The messages between the workbench and its worker, as plain values.

Only the worker loads journey code. It receives requests and sends events; every
request ends with exactly one Done, Failed or report.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Protocol, TypeVar

import msgspec

from ..engine.ablation import DisabledPart, PromptParagraph
from ..engine.model import Delta
from ..engine.model_params import ModelParams
from ..errors import JourneyError
from ..replay.verdict import ReplayResult
from ..trace.events import AnyEvent, Usage
from ..trace.setup import Setup


class _Message(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type"):
    pass


# the description of a loaded agent


class ToolInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """A tool; `recorded`: it has no body and can only be replayed."""

    name: str
    journey: str = ""
    writes: bool = False
    recorded: bool = False
    source: str = ""
    description: str = ""


class PolicyInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """`name` is the full name ("returns.return_window"); `version` is the key of its blob."""

    name: str
    hook: str
    tools: list[str] = []
    rule: str = ""
    why: str = ""
    source: str = ""
    version: str = ""


class JourneyInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """A journey; `example_phrases` are phrases that its rehearsal understands, one per intent."""

    name: str
    goal: str
    source: str = ""
    example_phrases: list[str] = []


class FixtureInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """A fixture with the setup that a conversation on it starts from."""

    name: str
    description: str
    setup: Setup


class AgentInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """A loaded agent. `code` is the hash of all its files, `files` has that of each.

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
    paragraphs: list[PromptParagraph] = []
    fixture_folder: str = "fixtures"
    turn_seconds: float = 120.0
    code_seconds: float = 10.0

    def policies_at(self, tool: str) -> list[PolicyInfo]:
        """Return the policies that may apply before `tool`."""
        writes = any(t.name == tool and t.writes for t in self.tools)
        names = {tool, "every", "writes" if writes else "reads"}
        return [p for p in self.policies if p.hook == "before_tool" and names & set(p.tools)]


# requests


class Load(_Message, frozen=True, tag="load"):
    """Load an agent and its model. `model` is "rehearsal", "claude" or the id of a Claude model."""

    root: str
    agent: str
    model: str
    params: ModelParams = ModelParams()


class RunTurn(_Message, frozen=True, tag="turn"):
    """Run one turn after the recorded `events`, without the `disabled` parts of the agent.

    `recorded` are the events of the same turn, fixed up to the step `fork_at`. There the
    manual answer `blocks` is used, if given; from there on the model is called.
    `substituted`: the texts are from a transcript, so the world has its substitutes too.
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


class CancelTurn(_Message, frozen=True, tag="cancel"):
    """Stop the turn in progress; it ends as interrupted."""


class RerunConversation(_Message, frozen=True, tag="rerun"):
    """Rerun a recording on this code without the `disabled` parts; recorded answers stay fixed."""

    setup: Setup
    events: list[AnyEvent]
    disabled: list[DisabledPart] = []


class AskModel(_Message, frozen=True, tag="ask_model"):
    """Send one prompt to a model, outside any conversation; `model` is a name as in Load."""

    model: str
    system: str
    text: str


class InspectWorld(_Message, frozen=True, tag="inspect_world"):
    """Return the world after these events; `substituted` as in RunTurn."""

    setup: Setup
    events: list[AnyEvent]
    substituted: bool = True


class CheckFixture(_Message, frozen=True, tag="check_fixture"):
    """Create the world that a conversation starts from; fails if the fixture does not fit."""

    setup: Setup


Request = Load | RunTurn | CancelTurn | RerunConversation | AskModel | InspectWorld | CheckFixture


# events


class Loaded(_Message, frozen=True, tag="loaded"):
    """The agent is loaded; `agent_info` describes it."""

    agent_info: AgentInfo


class Failed(_Message, frozen=True, tag="failed"):
    """The request failed; `where` is a journey line if its code is the cause."""

    message: str
    where: str = ""
    hint: str = ""

    @property
    def error(self) -> JourneyError:
        """Return the failure as an exception."""
        return JourneyError(self.message, where=self.where, hint=self.hint)


class Heartbeat(_Message, frozen=True, tag="heartbeat"):
    """The worker is running and not blocked by journey code."""


class FileWritten(_Message, frozen=True, tag="written"):
    """Journey code is about to write a file below journeys/: its path relative to that folder."""

    path: str


class EventRecorded(_Message, frozen=True, tag="event"):
    """A turn recorded an event."""

    event: AnyEvent


class BlobRecorded(_Message, frozen=True, tag="blob"):
    """A turn recorded a blob; sent before the first event that refers to it."""

    key: str
    value: Any


class DeltaStreamed(_Message, frozen=True, tag="delta"):
    """The model streamed a part of an answer."""

    turn: int
    answer: int
    delta: Delta


class Done(_Message, frozen=True, tag="done"):
    """The turn has ended."""


class DifferenceInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """A `rerun.Difference` as plain data; `step_id` is "3.1.2"."""

    step_id: str
    recorded: str
    now: str
    why: str


class RerunDone(_Message, frozen=True, tag="rerun_done"):
    """The result of a rerun: the new events, and the differences from the recording.

    `steps` is the number of equal steps (all if `differences` is empty);
    `prompt_changed_from` is the first step with a changed prompt, 0 if there is none.
    """

    events: list[AnyEvent]
    blobs: dict[str, Any]
    differences: list[DifferenceInfo] = []
    steps: int = 0
    prompt_changed_from: int = 0
    fault: str = ""


class ModelAnswered(_Message, frozen=True, tag="model_answered"):
    """The answer of a model; `trouble` explains why there is none."""

    text: str = ""
    model: str = ""
    usage: Usage | None = None
    trouble: str = ""


class WorldInspected(_Message, frozen=True, tag="world"):
    """The world by class name, as plain data."""

    world: dict[str, Any]


WorkerEvent = (
    Loaded
    | Failed
    | Heartbeat
    | FileWritten
    | EventRecorded
    | BlobRecorded
    | DeltaStreamed
    | Done
    | RerunDone
    | ModelAnswered
    | WorldInspected
)

# JSON, because it has integers of any size, like the files
_REQUESTS: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)
_EVENTS: msgspec.json.Decoder[WorkerEvent] = msgspec.json.Decoder(WorkerEvent)


def pack(message: Request | WorkerEvent) -> bytes:
    return msgspec.json.encode(message)


def unpack_request(data: bytes) -> Request:
    return _REQUESTS.decode(data)


def unpack_event(data: bytes) -> WorkerEvent:
    return _EVENTS.decode(data)


class Worker(Protocol):
    """A process that runs journey code; `agent_info` describes the loaded agent."""

    agent_info: AgentInfo

    @property
    def alive(self) -> bool: ...

    def ask(self, request: Request) -> AsyncIterator[WorkerEvent]:
        """Yield the events up to and including the last of the request. Raises WorkerCrashed."""
        ...

    def stop_turn(self) -> None:
        """Interrupt the turn in progress, which ends its `ask`."""
        ...

    def close(self) -> None: ...


Reply = TypeVar("Reply", bound=_Message)


async def request(worker: Worker, message: Request, reply: type[Reply]) -> Reply:
    """Send a request and return its reply of this type. Raises JourneyError if it failed, or WorkerCrashed."""
    async for event in worker.ask(message):
        if isinstance(event, Failed):
            raise event.error
        if isinstance(event, reply):
            return event
    raise AssertionError(f"a {type(message).__name__} was not answered with {reply.__name__}")


class WorkerFactory(Protocol):
    """Starts workers, and replays transcripts on the code of today."""

    async def replay(self, data: bytes) -> ReplayResult:
        """Replay an encoded transcript like `workbench replay`. Raises nothing that a journey may cause."""
        ...

    async def start(self, agent: str, model: str, params: ModelParams) -> Worker:
        """Start a worker with a loaded agent. Raises JourneyError or WorkerCrashed."""
        ...
