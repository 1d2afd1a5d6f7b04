"""What there is to review: saved transcripts and past conversations, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

from .ablation import Off
from .expectation import Expectation
from .steps import Setup
from .trace import Trace
from .transcript import Mark


@dataclass(frozen=True)
class Entry:
    """A line of the list. `id` is a path for a transcript, an id for a session; `when` seconds since the epoch.

    `state` is guard, open, guarding or session; `problem` says why it cannot be opened.
    """

    kind: Literal["transcript", "session"]
    id: str
    title: str
    agent: str
    state: str
    when: float = 0.0
    turns: int = 0
    marks: int = 0
    problem: str = ""


@dataclass(frozen=True)
class Record:
    """A conversation taken from the shelf: all a screen needs to show it and to go on with it."""

    setup: Setup
    trace: Trace
    title: str = ""
    model: str = ""
    marks: list[Mark] = field(default_factory=list)
    expectations: list[Expectation] = field(default_factory=list)
    without: list[Off] = field(default_factory=list)  # what was switched off in some of its turns


class Library(Protocol):
    def entries(self) -> list[Entry]:
        """All there is, transcripts first, then sessions, latest first. Never raises for one bad file."""
        ...

    def open(self, entry: Entry) -> Record:
        """Raises WorkbenchError where it cannot be read."""
        ...
