"""Writing the index: one process at a time, in batches."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from ...workspace.summary import full_text, tag_facets
from .entry import IndexEntry, Stamp
from .search import SAMPLE_SPACE

RANKS = {"transcript": 0, "session": 1, "import": 2}  # their order in the list
WORN = 10_000  # so many numbers may belong to nothing any more, and as many again as there are conversations


class Row(NamedTuple):
    """A conversation to be written. `read` is when its bytes were read, in nanoseconds since the epoch."""

    ref: str
    stamp: Stamp
    card: IndexEntry
    read: int


class KnownFile(NamedTuple):
    """What the index knows of a file: its stamp, the hash of its bytes, and when they were read."""

    stamp: Stamp
    hash: str
    read: int


class Writer:
    """For an index whose tables are ready. Every method may raise sqlite3.Error."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.stat().st_ino
        self.connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        self.connection.executescript("PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32000")

    @property
    def replaced(self) -> bool:
        """Whether another file, or none, lies where this one was opened."""
        try:
            return self.path.stat().st_ino != self._file
        except OSError:
            return True

    def known_files(self) -> Iterator[tuple[str, KnownFile]]:
        """What is known, by ref."""
        for ref, size, changed, hash, read in self.connection.execute(
            "SELECT ref, size, changed, hash, read FROM conversations"
        ):
            yield ref, KnownFile(Stamp(size, changed), hash, read)

    def put(self, rows: Iterable[Row]) -> None:
        """Write conversations, in the place of what is there of them."""
        with self.connection:
            self.connection.execute("BEGIN IMMEDIATE")
            for row in rows:
                self._put(row)

    def _put(self, row: Row) -> None:
        ref, stamp, card, read = row
        kind, _, id = ref.partition(":")
        gist, run = card.summary, self.connection.execute
        run("DELETE FROM conversations WHERE ref = ?", (ref,))
        values = (
            kind, id, ref, RANKS[kind], card.title, card.agent, card.state, gist.outcome,
            card.when or stamp.changed / 1e9, gist.turns, gist.steps, gist.annotations, "\n".join(card.tags),
            gist.describe_signals, gist.risk_score, card.recording, _sample_key(card.recording or ref),
            card.problem, stamp.size, stamp.changed, card.hash, read,
        )  # fmt: skip
        number = run(f"INSERT INTO conversations VALUES (NULL, {','.join('?' * len(values))})", values).lastrowid
        facets = {*card.facets, *gist.facets, *tag_facets(card.tags)}
        self.connection.executemany(
            "INSERT OR IGNORE INTO facets VALUES (?, ?, ?)", [(filter, value, number) for filter, value in facets]
        )
        for table in ("words", "phrases"):
            run(f"INSERT INTO {table} (rowid, text) VALUES (?, ?)", (number, full_text(card.id, card.title, gist)))

    def retag(self, tags: dict[str, dict[str, bool]]) -> None:
        """Put tags on conversations or take them off: by ref, which tags, and whether on."""
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
                lost, won = tag_facets(before) - tag_facets(after), tag_facets(after) - tag_facets(before)
                for facet in lost:
                    run("DELETE FROM facets WHERE filter = ? AND value = ? AND number = ?", (*facet, number))
                for facet in won:
                    run("INSERT OR IGNORE INTO facets VALUES (?, ?, ?)", (*facet, number))

    def touch(self, rows: Iterable[tuple[str, Stamp, int]]) -> None:
        """Files that were read again, and whose bytes had not changed: ref, stamp, and when."""
        with self.connection:
            self.connection.executemany(
                "UPDATE conversations SET size = ?, changed = ?, read = ? WHERE ref = ?",
                [(*stamp, read, ref) for ref, stamp, read in rows],
            )

    def remove(self, refs: Iterable[str]) -> None:
        with self.connection:
            self.connection.execute("BEGIN IMMEDIATE")
            self.connection.executemany("DELETE FROM conversations WHERE ref = ?", [(ref,) for ref in refs])

    @property
    def log_offset(self) -> int:
        """How many bytes of what a person did are taken in."""
        row = self.connection.execute("SELECT value FROM facts WHERE name = 'noted'").fetchone()
        return int(row[0]) if row else 0

    def set_log_offset(self, size: int) -> None:
        self.connection.execute("INSERT OR REPLACE INTO facts VALUES ('noted', ?)", (size,))

    @property
    def needs_rebuild(self) -> bool:
        """Whether most of what is kept by number belongs to nothing any more: time to build it anew."""
        used = self.connection.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence").fetchone()[0]
        there = self.connection.execute("SELECT count(*) FROM conversations").fetchone()[0]
        return bool(used > 2 * there + WORN)

    def close(self) -> None:
        self.connection.close()


def _sample_key(recording: str) -> int:
    """A number by chance, always the same for one conversation."""
    return int.from_bytes(hashlib.blake2b(recording.encode(), digest_size=6).digest(), "big") % SAMPLE_SPACE
