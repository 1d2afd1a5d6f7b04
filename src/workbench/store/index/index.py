"""The index over all conversations: `.workbench/index.db`. It is derived: deleting it loses nothing.

Call `search` in a thread, because it may take milliseconds; a page of rows may be
fetched anywhere. Another process, `indexer`, writes the index.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from ...transcripts.query import Query
from ...workspace.library import Entry, SearchResult
from . import sql
from .search import Search

SCHEMA = 4  # the version of the tables in schema.py; an index of another version is not read
COLUMNS = (
    "kind, id, title, agent, state, time, turns, annotations, error, number,"
    " outcome, risk_signals, recording, tags"
)
MEMORY = 8_000  # kilobytes of cache
REVIEWED = "CREATE TEMP TABLE reviewed (queue TEXT, recording TEXT, PRIMARY KEY (queue, recording)) WITHOUT ROWID"

T = TypeVar("T")


class Reviewed(NamedTuple):
    """A recording that was marked as reviewed in a queue, or as not reviewed."""

    queue: str
    recording: str
    reviewed: bool = True


class Index:
    """Searches the index; finds nothing while there is none. `load_reviewed` returns what was reviewed so far."""

    def __init__(self, path: Path, load_reviewed: Callable[[], Iterable[Reviewed]] = lambda: ()) -> None:
        self.path = path
        self.load_reviewed = load_reviewed
        self._new: list[Reviewed] = []  # not yet in the temporary table of the connection
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()
        self._file = 0  # the inode of the opened file: the index may have been rebuilt since
        self._version = (0, 0)
        self._search: tuple[tuple[int, int], Search] | None = None

    # reading

    def search(self, query: Query) -> SearchResult:
        def find(connection: sqlite3.Connection) -> SearchResult:
            version = self._version_of(connection)
            if self._search is None or self._search[0] != version:
                self._search = (version, Search(connection))
            return self._search[1].find(query)

        return self._with(find, SearchResult())

    def values(self, filter: str, start: str) -> list[tuple[str, int]]:
        """Return the values of a filter that begin with `start`, and their counts, most frequent first."""
        text, values = sql.values(filter, start)
        return self._with(lambda c: [(value, n) for value, n in c.execute(text, values)], [])

    def page(self, numbers: Sequence[int]) -> list[Entry]:
        """Return the entries with these numbers, in that order, without those that no longer exist."""
        text = f"SELECT {COLUMNS} FROM conversations WHERE number IN ({','.join('?' * len(numbers))})"
        found: dict[int, Entry] = self._with(
            lambda c: {row[9]: _entry(*row) for row in c.execute(text, list(numbers))}, {}
        )
        return [found[number] for number in numbers if number in found]

    def pages(self, numbers: Sequence[int], size: int = 500) -> Iterator[Entry]:
        """Yield the entries of any number of numbers."""
        for at in range(0, len(numbers), size):
            yield from self.page(numbers[at : at + size])

    def number(self, ref: str) -> int:
        """Return the current number of a conversation, 0 if it no longer exists."""
        row = self._with(
            lambda c: c.execute("SELECT number FROM conversations WHERE ref = ?", (ref,)).fetchone(), None
        )
        return int(row[0]) if row else 0

    @property
    def count(self) -> int:
        return self._with(lambda c: int(c.execute("SELECT count(*) FROM conversations").fetchone()[0]), 0)

    def changed(self) -> bool:
        """Return whether another process has changed the index since the last call."""
        before, self._version = self._version, self._with(self._version_of, (0, 0))
        return self._version != before

    def _version_of(self, connection: sqlite3.Connection) -> tuple[int, int]:
        return self._file, int(connection.execute("PRAGMA data_version").fetchone()[0])

    def note_reviewed(self, reviewed: Reviewed) -> None:
        """Apply a change of what is reviewed, from the next search on."""
        self._new.append(reviewed)

    def close(self) -> None:
        with self._lock:
            self._close()

    def _with(self, work: Callable[[sqlite3.Connection], T], without: T) -> T:
        """Return the result of `work` on the connection, or `without` while there is no readable index."""
        with self._lock:
            try:
                connection = self._open()
                return without if connection is None else work(connection)
            except sqlite3.Error:  # damaged, or deleted meanwhile: the indexer rebuilds it
                self._close()
                return without

    def _open(self) -> sqlite3.Connection | None:
        try:
            file = self.path.stat().st_ino
        except OSError:
            file = 0
        if file != self._file or not file:
            self._close()
        if self._connection is None and file:
            connection = sqlite3.connect(self.path, timeout=5, isolation_level=None, check_same_thread=False)
            self._connection = connection  # so that it is closed if it cannot be read
            if connection.execute("PRAGMA user_version").fetchone()[0] != SCHEMA:
                self._close()
                return None
            connection.executescript(f"PRAGMA cache_size = -{MEMORY}; PRAGMA temp_store = MEMORY; {REVIEWED}")
            self._file, self._new = file, list(self.load_reviewed())
        if self._connection is not None and self._new:
            new, self._new = self._new, []
            for queue, recording, reviewed in new:
                change = "INSERT OR IGNORE INTO reviewed VALUES (?, ?)"
                change = change if reviewed else "DELETE FROM reviewed WHERE queue = ? AND recording = ?"
                self._connection.execute(change, (queue, recording))
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = self._search = None


def _entry(*row: Any) -> Entry:
    tags = tuple(row[-1].split("\n")) if row[-1] else ()
    return Entry(*(*row[:-1], tags))
