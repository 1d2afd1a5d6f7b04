"""Interfaces of the library: saved transcripts, past and imported conversations, as plain values."""

from __future__ import annotations

from array import array
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from ..engine.ablation import DisabledPart
from ..engine.model_params import ModelParams
from ..trace.setup import Setup
from ..trace.trace import Trace
from ..transcripts.expectation import Expectation
from ..transcripts.query import Query
from ..transcripts.transcript import Annotation
from .history import Change
from .origin import Origin
from .ports import SessionStore

Kind = Literal["transcript", "session", "import"]


@dataclass(frozen=True)
class Entry:
    """One line of the list; `id` is a path for a transcript, `when` is in seconds since the epoch.

    `state` is golden, open, fixed, session, import or unreadable; `error` says why it
    cannot be opened. `row_id` is its row in the index, which changes when the
    conversation does. `recording` is equal for all entries of one conversation.
    `risk_signals` describes what is suspicious, "" if nothing.
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
        """Return its reference in stored data: "session:support-20260105-101500-1a2b"."""
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True)
class StoredConversation:
    """A stored conversation: everything a screen needs to show and continue it."""

    setup: Setup
    trace: Trace
    title: str = ""
    model: str = ""
    annotations: list[Annotation] = field(default_factory=list)
    expectations: list[Expectation] = field(default_factory=list)
    disabled_by_turn: Mapping[int, Iterable[DisabledPart]] = field(default_factory=dict)  # disabled parts by turn
    torn: int = 0  # lines of its file that cannot be read
    name: str = ""
    origin: Origin = field(default_factory=Origin)
    disabled: Sequence[DisabledPart] = ()  # from its last turn on
    params: ModelParams = field(default_factory=ModelParams)


@dataclass(frozen=True)
class SearchResult:
    """The result of a query: row ids in order, the reviewed ones among them, and the total.

    If nothing was found, `per_term` is the number of results of each term alone.
    """

    numbers: Sequence[int] = field(default_factory=lambda: array("I"))
    reviewed: set[int] = field(default_factory=set)
    total: int = 0
    per_term: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class IndexProgress:
    """The progress of the index: `done` of `total`, 0 of 0 when there is nothing to do.

    `changed`: queries may have other results now. `note` is a message for the engineer.
    `complete`: everything was read at least once, so that an empty list is empty.
    """

    done: int = 0
    total: int = 0
    note: str = ""
    changed: bool = False
    complete: bool = False


class Library(Protocol):
    """The library. Searching may take milliseconds and belongs in a thread; the rest is fast."""

    @property
    def queues(self) -> Mapping[str, str]:
        """Return the saved queries, by name."""
        ...

    def search(self, query: Query) -> SearchResult: ...

    def complete_filter(self, filter: str, start: str) -> list[tuple[str, int]]:
        """Return the values of a filter and their number of results; call it in a thread."""
        ...

    def page(self, numbers: Sequence[int]) -> list[Entry]:
        """Return the entries with these row ids, in that order, without those that no longer exist."""
        ...

    def row_id(self, ref: str) -> int:
        """Return the row id of a conversation, 0 if it no longer exists."""
        ...

    def open(self, entry: Entry) -> StoredConversation:
        """Open a stored conversation. Raises WorkbenchError if it cannot be read."""
        ...

    def pending(self) -> list[str]:
        """Return the ids of the transcripts with a pending re-recording, in order."""
        ...

    def open_pending(self, id: str) -> tuple[StoredConversation, StoredConversation]:
        """Return a transcript and its pending re-recording. Raises WorkbenchError if one cannot be read."""
        ...

    def resolve_pending(self, id: str, accept: bool) -> Change:
        """Accept or reject a pending re-recording."""
        ...

    def annotation_store(self, entry: Entry, store: SessionStore) -> SessionStore:
        """Return the store for annotations made while reading a conversation."""
        ...

    def tag(self, numbers: Iterable[int], tags: Mapping[str, bool]) -> Change | None:
        """Add the tags that are True and remove the others; returns None if this changes nothing."""
        ...

    def set_reviewed(self, query: Query, entry: Entry, reviewed: bool = True) -> None:
        """Mark a conversation as reviewed in this queue, or as not reviewed."""
        ...

    def save_queue(self, name: str, query: str) -> Change:
        """Save a query under a name; an empty query deletes the name."""
        ...

    def news(self) -> AsyncIterator[IndexProgress]:
        """Keep the index up to date while iterated, and yield its progress."""
        ...
