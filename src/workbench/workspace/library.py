"""What there is to review: saved transcripts, past conversations and imported ones, as plain values."""

from __future__ import annotations

from array import array
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from ..engine.ablation import DisabledPart
from ..trace.setup import Setup
from ..trace.trace import Trace
from ..transcripts.expectation import Expectation
from ..transcripts.query import Query
from ..transcripts.transcript import Annotation
from .ports import SessionStore

Kind = Literal["transcript", "session", "import"]


@dataclass(frozen=True)
class Entry:
    """A line of the list. `id` is a path for a transcript, else an id; `when` seconds since the epoch.

    `state` is guard, open, guarding, session, import or unreadable; `problem`
    says why it cannot be opened. `number` is its number in the index, which
    changes when the conversation does. `recording` is the same for all that is
    kept of one conversation. `signs` says what is suspicious, "" if nothing.
    """

    kind: Kind
    id: str
    title: str
    agent: str
    state: str
    when: float = 0.0
    turns: int = 0
    annotations: int = 0
    error: str = ""
    row_id: int = 0
    outcome: str = ""
    risk_signals: str = ""
    recording: str = ""
    tags: tuple[str, ...] = ()

    @property
    def ref(self) -> str:
        """Its name in what a person keeps: "session:support-20260105-101500-1a2b"."""
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True)
class StoredConversation:
    """A conversation taken from the shelf: all a screen needs to show it and to go on with it."""

    setup: Setup
    trace: Trace
    title: str = ""
    model: str = ""
    annotations: list[Annotation] = field(default_factory=list)
    expectations: list[Expectation] = field(default_factory=list)
    disabled_by_turn: Mapping[int, Iterable[DisabledPart]] = field(
        default_factory=dict
    )  # what was switched off, by turn
    torn: int = 0  # lines of its file that cannot be read


@dataclass(frozen=True)
class SearchResult:
    """What a query found: numbers in their order, those of them that were seen, and how many there are of all.

    Where nothing was found `alone` says how many each term would find by itself.
    """

    numbers: Sequence[int] = field(default_factory=lambda: array("I"))
    reviewed: set[int] = field(default_factory=set)
    total: int = 0
    per_term: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class IndexProgress:
    """How far the index is: `done` of `total`, 0 of 0 when there is nothing to do.

    `changed`: a query may find other things now. `note` is for the engineer.
    """

    done: int = 0
    total: int = 0
    note: str = ""
    changed: bool = False


class Library(Protocol):
    """Search may take some milliseconds and belongs in a thread; the rest is quick."""

    @property
    def queues(self) -> Mapping[str, str]:
        """The queries that are kept, by name."""
        ...

    def search(self, query: Query) -> SearchResult: ...

    def complete_filter(self, filter: str, start: str) -> list[tuple[str, int]]:
        """What a filter may be asked for, and how many each would find; for a thread."""
        ...

    def page(self, numbers: Sequence[int]) -> list[Entry]:
        """The entries of some numbers, in that order; those that are gone are left out."""
        ...

    def row_id(self, ref: str) -> int:
        """The number that a conversation has now, 0 if it is gone."""
        ...

    def open(self, entry: Entry) -> StoredConversation:
        """Raises WorkbenchError where it cannot be read."""
        ...

    def pending(self) -> list[str]:
        """The ids of the transcripts that were recorded anew and wait for a person's word, in order."""
        ...

    def open_pending(self, id: str) -> tuple[StoredConversation, StoredConversation]:
        """A transcript and the run that waits beside it. Raises WorkbenchError where one cannot be read."""
        ...

    def resolve_pending(self, id: str, accept: bool) -> Callable[[], None]:
        """Let the run that waits be the record, or throw it away; gives back how to undo it."""
        ...

    def annotation_store(self, entry: Entry, store: SessionStore) -> SessionStore:
        """Where the marks go that are made while a conversation is read."""
        ...

    def tag(self, numbers: Iterable[int], tag: str, on: bool = True) -> list[str]:
        """Put a tag on them or take it off; gives back the refs for which this changed something."""
        ...

    def tag_refs(self, refs: list[str], tag: str, on: bool = True) -> None: ...

    def set_reviewed(self, query: Query, entry: Entry, seen: bool = True) -> None:
        """Keep that a conversation was seen in this queue, or was not after all."""
        ...

    def save_queue(self, name: str, query: str) -> None:
        """Keep a query under a name; an empty one takes the name away."""
        ...

    def news(self) -> AsyncIterator[IndexProgress]:
        """Keeps the index true while it is listened to, and tells how far it is."""
        ...
