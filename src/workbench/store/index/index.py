"""The index over all conversations: `.workbench/index.db`. Derived: deleting it loses nothing.

Searching belongs in a thread (SQLite works without holding up the screen), a
page of rows may be fetched anywhere. `indexing`, another process, writes it.
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

SCHEMA = 2  # the number of the tables in index_tables; another number is not read
COLUMNS = "kind, id, title, agent, state, time, turns, marks, problem, number, outcome, signs, recording, tags"
MEMORY = 8_000  # kilobytes of cache
SEEN = "CREATE TEMP TABLE seen (queue TEXT, recording TEXT, PRIMARY KEY (queue, recording)) WITHOUT ROWID"

T = TypeVar("T")


class Reviewed(NamedTuple):
    """That a recording was seen in a queue, or was not after all."""

    queue: str
    recording: str
    reviewed: bool = True


class Index:
    """Finds nothing while there is no index that can be read. `recall` tells all that was seen, when asked."""

    def __init__(self, path: Path, recall: Callable[[], Iterable[Reviewed]] = lambda: ()) -> None:
        self.path = path
        self.load_reviewed = recall
        self._fresh: list[Reviewed] = []  # what the connection does not know yet
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()
        self._file = 0  # which file was opened: it may have been built anew since
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
        """What a filter may be asked for that begins so, and how often it is there; most often first."""
        text, values = sql.values(filter, start)
        return self._with(lambda c: [(value, n) for value, n in c.execute(text, values)], [])

    def page(self, numbers: Sequence[int]) -> list[Entry]:
        text = f"SELECT {COLUMNS} FROM conversations WHERE number IN ({','.join('?' * len(numbers))})"
        found: dict[int, Entry] = self._with(
            lambda c: {row[9]: _entry(*row) for row in c.execute(text, list(numbers))}, {}
        )
        return [found[number] for number in numbers if number in found]

    def pages(self, numbers: Sequence[int], size: int = 500) -> Iterator[Entry]:
        """The entries of any many numbers."""
        for at in range(0, len(numbers), size):
            yield from self.page(numbers[at : at + size])

    def number(self, ref: str) -> int:
        """The number of a conversation now, 0 if it is gone."""
        row = self._with(
            lambda c: c.execute("SELECT number FROM conversations WHERE ref = ?", (ref,)).fetchone(), None
        )
        return int(row[0]) if row else 0

    @property
    def count(self) -> int:
        return self._with(lambda c: int(c.execute("SELECT count(*) FROM conversations").fetchone()[0]), 0)

    def changed(self) -> bool:
        """Whether someone else wrote to it since this was asked last."""
        before, self._version = self._version, self._with(self._version_of, (0, 0))
        return self._version != before

    def _version_of(self, connection: sqlite3.Connection) -> tuple[int, int]:
        return self._file, int(connection.execute("PRAGMA data_version").fetchone()[0])

    def note_reviewed(self, seen: Reviewed) -> None:
        """Searches know of it from the next one on."""
        self._fresh.append(seen)

    def close(self) -> None:
        with self._lock:
            self._shut()

    def _with(self, work: Callable[[sqlite3.Connection], T], without: T) -> T:
        """`work` on the connection; `without` while there is no index that can be read."""
        with self._lock:
            try:
                connection = self._open()
                return without if connection is None else work(connection)
            except sqlite3.Error:  # broken, or taken away under our hands: whoever writes it builds it anew
                self._shut()
                return without

    def _open(self) -> sqlite3.Connection | None:
        try:
            file = self.path.stat().st_ino
        except OSError:
            file = 0
        if file != self._file or not file:
            self._shut()
        if self._connection is None and file:
            connection = sqlite3.connect(self.path, timeout=5, isolation_level=None, check_same_thread=False)
            self._connection = connection  # so that it is shut if it cannot be read
            if connection.execute("PRAGMA user_version").fetchone()[0] != SCHEMA:
                self._shut()
                return None
            connection.executescript(f"PRAGMA cache_size = -{MEMORY}; PRAGMA temp_store = MEMORY; {SEEN}")
            self._file, self._fresh = file, list(self.load_reviewed())
        if self._connection is not None and self._fresh:
            fresh, self._fresh = self._fresh, []
            for queue, recording, seen in fresh:
                change = "INSERT OR IGNORE INTO seen VALUES (?, ?)"
                change = change if seen else "DELETE FROM seen WHERE queue = ? AND recording = ?"
                self._connection.execute(change, (queue, recording))
        return self._connection

    def _shut(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = self._search = None


def _entry(*row: Any) -> Entry:
    tags = tuple(row[-1].split("\n")) if row[-1] else ()
    return Entry(*(*row[:-1], tags))
