"""Imported conversations in large numbers: `.workbench/archive.db`, a compressed transcript each.

A conversation is known by its recording, so that importing it again adds
nothing. What many have in common (prompts, schemas) is kept once.
"""

from __future__ import annotations

import sqlite3
import threading
import time
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from .. import files
from ..errors import TranscriptError
from ..transcripts.codec import decode
from ..transcripts.transcript import Transcript, hash_recording

_TABLES = """
CREATE TABLE IF NOT EXISTS conversations (
    number INTEGER PRIMARY KEY, recording TEXT NOT NULL UNIQUE, added REAL NOT NULL, body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS blobs (key TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
"""
BATCH = 500  # conversations written at a time


class ImportArchive:
    """Opened when first needed; there is no file before something is imported. For use from several threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()

    def add(self, transcripts: Iterable[Transcript]) -> tuple[int, int]:
        """Put conversations in; gives back how many, and how many were there already. Raises TranscriptError."""
        added = there = 0
        try:
            files.private_file(self.path)
            with self._lock:
                connection = self._open()
                connection.executescript("PRAGMA journal_mode = WAL;" + _TABLES)
                connection.execute("BEGIN IMMEDIATE")
                for number, transcript in enumerate(transcripts, 1):
                    new = self._put(connection, transcript)
                    added, there = added + new, there + (not new)
                    if number % BATCH == 0:
                        connection.execute("COMMIT")
                        connection.execute("BEGIN IMMEDIATE")
                connection.execute("COMMIT")
        except (OSError, sqlite3.Error) as error:
            raise TranscriptError(
                f"cannot be written: {error}", where=str(self.path),
                hint="import it again: what is there already is passed over",
            ) from None  # fmt: skip
        return added, there

    def _put(self, connection: sqlite3.Connection, transcript: Transcript) -> bool:
        recording = transcript.recording_id or hash_recording(transcript.events, transcript.setup)
        bare = msgspec.structs.replace(transcript, recording_id=recording, blobs=dict.fromkeys(transcript.blobs))
        done = connection.execute(
            "INSERT OR IGNORE INTO conversations (recording, added, body) VALUES (?, ?, ?)",
            (recording, time.time(), zlib.compress(msgspec.json.encode(bare))),
        )
        connection.executemany(
            "INSERT OR IGNORE INTO blobs VALUES (?, ?)",
            [(key, zlib.compress(msgspec.json.encode(value))) for key, value in transcript.blobs.items()],
        )
        return done.rowcount == 1

    def list(self) -> Iterator[tuple[str, float]]:
        """The recording of each, and when it was added; the latest first."""
        if self.path.is_file():
            with self._reading() as connection:
                yield from connection.execute("SELECT recording, added FROM conversations ORDER BY number DESC")

    def read(self, recording: str, blobs: bool = True) -> Transcript:
        """One conversation; without its `blobs` where only what happened is wanted. Raises TranscriptError."""
        try:
            with self._lock:
                connection = self._open()
                row = connection.execute(
                    "SELECT body FROM conversations WHERE recording = ?", (recording,)
                ).fetchone()
                found = decode(zlib.decompress(row[0]), f"import {recording}") if row else None
                if found is not None and blobs:
                    for key in found.blobs:
                        kept = connection.execute("SELECT body FROM blobs WHERE key = ?", (key,)).fetchone()
                        found.blobs[key] = msgspec.json.decode(zlib.decompress(kept[0])) if kept else None
        except (sqlite3.Error, zlib.error) as error:
            raise TranscriptError(
                f"cannot be read: {error}", where=str(self.path), hint="import the log again"
            ) from None
        if found is None:
            raise TranscriptError(
                "it is not in the archive any more", where=recording, hint="import the log again"
            )
        return found

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = sqlite3.connect(
                self.path, timeout=10, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA cache_size = -2000")
        return self._connection

    def _reading(self) -> sqlite3.Connection:
        """A connection of its own for a long reading."""
        return sqlite3.connect(self.path, timeout=10, isolation_level=None)
