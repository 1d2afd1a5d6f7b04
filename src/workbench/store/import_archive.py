"""The import archive: `.workbench/archive.db`, any number of conversations as compressed transcripts.

A conversation is identified by its recording, so importing it again adds
nothing. Blobs that many conversations share (prompts, schemas) are stored once.
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
    """The archive, opened when first needed; the first import creates the file. Thread-safe."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()

    def add(self, transcripts: Iterable[Transcript]) -> tuple[int, int]:
        """Add conversations; returns the numbers of new and of already imported ones. Raises TranscriptError."""
        added = known = 0
        try:
            files.private_file(self.path)
            with self._lock:
                connection = self._open()
                connection.executescript("PRAGMA journal_mode = WAL;" + _TABLES)
                connection.execute("BEGIN IMMEDIATE")
                for number, transcript in enumerate(transcripts, 1):
                    new = self._insert(connection, transcript)
                    added, known = added + new, known + (not new)
                    if number % BATCH == 0:
                        connection.execute("COMMIT")
                        connection.execute("BEGIN IMMEDIATE")
                connection.execute("COMMIT")
        except (OSError, sqlite3.Error) as error:
            raise TranscriptError(
                f"cannot be written: {error}", where=str(self.path),
                hint="import it again: conversations that are already stored are skipped",
            ) from None  # fmt: skip
        return added, known

    def _insert(self, connection: sqlite3.Connection, transcript: Transcript) -> bool:
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
        """Yield the recording id and the import time of each conversation, latest first."""
        if self.path.is_file():
            with self._reading() as connection:
                yield from connection.execute("SELECT recording, added FROM conversations ORDER BY number DESC")

    def read(self, recording: str, blobs: bool = True) -> Transcript:
        """Read one conversation, without the values of its blobs if `blobs` is False. Raises TranscriptError."""
        try:
            with self._lock:
                connection = self._open()
                row = connection.execute(
                    "SELECT body FROM conversations WHERE recording = ?", (recording,)
                ).fetchone()
                found = decode(zlib.decompress(row[0]), f"import {recording}") if row else None
                if found is not None and blobs:
                    for key in found.blobs:
                        row = connection.execute("SELECT body FROM blobs WHERE key = ?", (key,)).fetchone()
                        found.blobs[key] = msgspec.json.decode(zlib.decompress(row[0])) if row else None
        except (sqlite3.Error, zlib.error) as error:
            raise TranscriptError(
                f"cannot be read: {error}", where=str(self.path), hint="import the log again"
            ) from None
        if found is None:
            raise TranscriptError(
                "the archive does not contain this conversation", where=recording, hint="import the log again"
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
        """Open a separate connection for a long read."""
        return sqlite3.connect(self.path, timeout=10, isolation_level=None)
