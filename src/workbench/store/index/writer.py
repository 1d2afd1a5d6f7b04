"""Write the index: one process at a time, in batches."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from ...workspace.summary import full_text, tag_facets
from .entry import IndexEntry, Stamp
from .search import SAMPLE_SPACE

RANKS = {"transcript": 0, "session": 1, "import": 2}  # the order in the list
MAX_UNUSED = 10_000  # unused numbers, besides as many as there are conversations, before a rebuild


class ConversationRow(NamedTuple):
    """A conversation to write. `read` is the time when its bytes were read, in nanoseconds since the epoch."""

    ref: str
    stamp: Stamp
    entry: IndexEntry
    read: int


class KnownFile(NamedTuple):
    """A file in the index: its stamp, the hash of its bytes, and the time when they were read."""

    stamp: Stamp
    hash: str
    read: int


class Writer:
    """Writes to an index whose tables exist. Every method may raise sqlite3.Error."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.stat().st_ino
        self.connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        self.connection.executescript("PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32000")

    @property
    def replaced(self) -> bool:
        """Return whether the opened file was replaced or removed."""
        try:
            return self.path.stat().st_ino != self._file
        except OSError:
            return True

    def known_files(self) -> Iterator[tuple[str, KnownFile]]:
        """Yield the files in the index, by ref."""
        for ref, size, changed, hash, read in self.connection.execute(
            "SELECT ref, size, changed, hash, read FROM conversations"
        ):
            yield ref, KnownFile(Stamp(size, changed), hash, read)

    def write(self, rows: Iterable[ConversationRow]) -> None:
        """Write conversations, replacing their previous rows."""
        with self.connection:
            self.connection.execute("BEGIN IMMEDIATE")
            for row in rows:
                self._write(row)

    def _write(self, row: ConversationRow) -> None:
        ref, stamp, entry, read = row
        kind, _, id = ref.partition(":")
        summary, run = entry.summary, self.connection.execute
        run("DELETE FROM conversations WHERE ref = ?", (ref,))
        values = (
            kind, id, ref, RANKS[kind], entry.title, entry.agent, entry.state, summary.outcome,
            entry.when or stamp.changed / 1e9, summary.turns, summary.steps, summary.annotations,
            "\n".join(entry.tags), summary.describe_signals, summary.risk_score, entry.recording,
            _sample_key(entry.recording or ref),
            entry.error, stamp.size, stamp.changed, entry.hash, read,
        )  # fmt: skip
        number = run(f"INSERT INTO conversations VALUES (NULL, {','.join('?' * len(values))})", values).lastrowid
        facets = {*entry.facets, *summary.facets, *tag_facets(entry.tags)}
        self.connection.executemany(
            "INSERT OR IGNORE INTO facets VALUES (?, ?, ?)", [(filter, value, number) for filter, value in facets]
        )
        for table in ("words", "phrases"):
            run(
                f"INSERT INTO {table} (rowid, text) VALUES (?, ?)",
                (number, full_text(entry.id, entry.title, summary)),
            )

    def retag(self, tags: dict[str, dict[str, bool]]) -> None:
        """Add or remove tags: by ref, each tag with True or False."""
        run = self.connection.execute
        with self.connection:
            run("BEGIN IMMEDIATE")
            for ref, changed in tags.items():
                row = run("SELECT number, tags FROM conversations WHERE ref = ?", (ref,)).fetchone()
                if row is None:
                    continue
                number, before = row[0], set(row[1].split("\n")) - {""}
                after = before | {tag for tag, on in changed.items() if on}
                after -= {tag for tag, on in changed.items() if not on}
                run("UPDATE conversations SET tags = ? WHERE number = ?", ("\n".join(sorted(after)), number))
                removed, added = tag_facets(before) - tag_facets(after), tag_facets(after) - tag_facets(before)
                for facet in removed:
                    run("DELETE FROM facets WHERE filter = ? AND value = ? AND number = ?", (*facet, number))
                for facet in added:
                    run("INSERT OR IGNORE INTO facets VALUES (?, ?, ?)", (*facet, number))

    def touch(self, rows: Iterable[tuple[str, Stamp, int]]) -> None:
        """Update the stamps of files that were read again with unchanged bytes: (ref, stamp, time of reading)."""
        with self.connection:
            self.connection.executemany(
                "UPDATE conversations SET size = ?, changed = ?, read = ? WHERE ref = ?",
                [(*stamp, read, ref) for ref, stamp, read in rows],
            )

    def remove(self, refs: Iterable[str]) -> None:
        """Remove conversations."""
        with self.connection:
            self.connection.execute("BEGIN IMMEDIATE")
            self.connection.executemany("DELETE FROM conversations WHERE ref = ?", [(ref,) for ref in refs])

    @property
    def log_offset(self) -> int:
        """Return the number of bytes of the annotation log that the index contains."""
        row = self.connection.execute("SELECT value FROM metadata WHERE name = 'log_offset'").fetchone()
        return int(row[0]) if row else 0

    def set_log_offset(self, size: int) -> None:
        self.connection.execute("INSERT OR REPLACE INTO metadata VALUES ('log_offset', ?)", (size,))

    @property
    def needs_rebuild(self) -> bool:
        """Return whether most facets and texts belong to deleted rows, so that a rebuild is due."""
        used = self.connection.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence").fetchone()[0]
        rows = self.connection.execute("SELECT count(*) FROM conversations").fetchone()[0]
        return bool(used > 2 * rows + MAX_UNUSED)

    def close(self) -> None:
        self.connection.close()


def _sample_key(recording: str) -> int:
    """Return a pseudo-random number that is always the same for one conversation."""
    return int.from_bytes(hashlib.blake2b(recording.encode(), digest_size=6).digest(), "big") % SAMPLE_SPACE
