"""What a session is given: a Host that starts workers for it, and a Store that keeps what happens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Protocol

from .errors import UsageError
from .transcripts.transcript import Transcript
from .wire import AgentCard, Event, Request


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


class Store(Protocol):
    """Keeps sessions as they happen and transcripts when they are saved.

    What cannot be written is held until it can be; `problem` says why it cannot, "" while all is kept.
    """

    @property
    def problem(self) -> str: ...

    def begin(self, session: str, head: dict[str, Any]) -> None:
        """Raises UsageError where nothing can be kept at all."""
        ...

    def claim(self, session: str) -> str:
        """Make a past session ours to go on with; gives back why it is not, or ""."""
        ...

    def append(self, session: str, record: dict[str, Any]) -> None: ...

    def write_again(self) -> None:
        """Write what could not be written before, where it can be now."""
        ...

    def save(self, transcript: Transcript) -> str:
        """Write it and return the path as a person would type it. Raises TranscriptError."""
        ...

    def remove(self, path: str) -> None:
        """Raises UsageError where it cannot be removed."""
        ...

    def keep_desk(self, data: bytes) -> None:
        """Keep how the desk lies; never raises."""
        ...


class Nowhere:
    """A Store that keeps nothing: for a conversation that is tried before anyone chooses it."""

    problem = ""

    def claim(self, session: str) -> str:
        return ""

    def write_again(self) -> None:
        pass

    def begin(self, session: str, head: dict[str, Any]) -> None:
        pass

    def append(self, session: str, record: dict[str, Any]) -> None:
        pass

    def save(self, transcript: Transcript) -> str:
        raise UsageError("this run is not kept yet", next="keep it first")

    def remove(self, path: str) -> None:
        pass

    def keep_desk(self, data: bytes) -> None:
        pass
