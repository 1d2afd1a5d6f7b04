"""Keep the index up to date, in a separate process.

    python -m workbench.store.indexer STATE TRANSCRIPTS

It exits when its stdin is closed or its parent exits, that is, with the workbench that
started it. It writes its progress to stdout, one IndexProgress as JSON per line.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from ..runtime.process import exit_with_parent
from ..workspace.library import IndexProgress
from .annotations import AnnotationLog, AnnotationRecord
from .import_archive import ImportArchive
from .index.entry import IndexEntry, Stamp
from .index.schema import delete, open_or_rebuild
from .index.writer import ConversationRow, KnownFile, Writer
from .session_log import SessionLogs
from .sources import Imports, Sessions, Source, Transcripts

BATCH = 0.25  # seconds of work written at a time
PAUSE = 1.0  # seconds between two refreshes; at least twenty times the duration of one
RACY = (
    2_000_000_000  # nanoseconds: a file read so soon after its change may have changed again with the same stamp
)

Report = Callable[[IndexProgress], None]


class Indexer:
    """Updates the index from all sources; `report` receives the progress. Raises OSError, sqlite3.Error."""

    def __init__(self, state: Path, transcripts: Path, report: Report = lambda news: None) -> None:
        self.path = state / "index.db"
        self.report = report
        self.note = ""
        self.log = AnnotationLog(state / "review.jsonl")
        self.archive = ImportArchive(state / "archive.db")
        sources: list[Source] = [
            Transcripts(transcripts, self.log),
            Sessions(SessionLogs(state, transcripts), self.log),
            Imports(self.archive, self.log),
        ]
        self.sources: dict[str, Source] = {source.kind: source for source in sources}
        self.writer: Writer | None = None

    def _open(self) -> Writer:
        """Return the writer of the current index; a replaced index is read again."""
        if self.writer is not None and not self.writer.replaced and not self.writer.needs_rebuild:
            return self.writer
        if self.writer is not None:
            self.writer.close()
            if not self.writer.replaced:
                delete(self.path)
        self.note = open_or_rebuild(self.path)
        self.writer = writer = Writer(self.path)
        self._known: dict[str, dict[str, KnownFile]] = {kind: {} for kind in self.sources}
        for ref, file in writer.known_files():
            kind, _, id = ref.partition(":")
            self._known.get(kind, {})[id] = file
        self._listed: dict[str, object] = {}  # the fingerprint of each source when it was last listed
        self.log.read()
        # annotations made while no process updated the index; applying one twice changes nothing
        behind = writer.log_offset != self.log.size
        self.tags = {ref: dict(tags) for ref, tags in self.log.tags.items()} if behind else {}
        self.annotated = set(self.log.annotations) if behind else set()
        return writer

    def refresh(self) -> bool:
        """Update the index from all sources once; returns whether something has changed."""
        writer = self._open()
        for line in self.log.read():
            self._note(line)
        offset = self.log.size
        stale, gone = self._changes()
        changed = bool(gone or self.tags)
        if gone:
            writer.remove(gone)
            for ref in gone:
                kind, _, id = ref.partition(":")
                del self._known[kind][id]
        done = 0
        if stale:
            self.report(IndexProgress(0, len(stale), self.note))
        for rows in self._batches(stale):
            fresh = [row for row in rows if not self._same(row)]
            if fresh:
                writer.write(fresh)
                changed = True
            writer.touch((row.ref, row.stamp, row.read) for row in rows if row not in fresh)
            for ref, stamp, entry, read in rows:
                kind, _, id = ref.partition(":")
                self._known[kind][id] = KnownFile(stamp, entry.hash, read)
                self.annotated.discard(ref)
            done += len(rows)
            self.report(IndexProgress(done, len(stale), self.note, bool(fresh)))
        if self.tags:
            writer.retag(self.tags)
            self.tags = {}
        self.annotated.clear()
        if writer.log_offset != offset:
            writer.set_log_offset(offset)
        return changed

    def _note(self, line: AnnotationRecord) -> None:
        for ref in line.refs if line.tag else ():
            self.tags.setdefault(ref, {})[line.tag] = not line.undone
        if line.annotation is not None or line.remove_annotation:
            self.annotated.add(line.ref)

    def _changes(self) -> tuple[list[tuple[str, Stamp]], list[str]]:
        """List the files to read, transcripts first and the latest of each kind first; and the removed refs."""
        stale: dict[str, Stamp] = {}
        gone: list[str] = []
        for kind, source in self.sources.items():
            files, fingerprint = self._known[kind], source.fingerprint()
            if fingerprint is not None and self._listed.get(kind) == fingerprint:
                continue
            present = dict(source.list())
            found = [(stamp, id) for id, stamp in present.items() if _stale(files.get(id), stamp)]
            found.sort(key=lambda pair: -pair[0].changed)
            stale |= {f"{kind}:{id}": stamp for stamp, id in found}
            gone += [f"{kind}:{id}" for id in files if id not in present]
            self._listed[kind] = fingerprint
        for ref in self.annotated:
            kind, _, id = ref.partition(":")
            if ref not in stale and (known := self._known.get(kind, {}).get(id)):
                stale[ref] = known.stamp
        return list(stale.items()), gone

    def _same(self, row: ConversationRow) -> bool:
        """Return whether a file was rewritten with the same bytes."""
        kind, _, id = row.ref.partition(":")
        known = self._known[kind].get(id)
        return (
            bool(row.entry.hash)
            and known is not None
            and known.hash == row.entry.hash
            and row.ref not in self.annotated
        )

    def _batches(self, stale: list[tuple[str, Stamp]]) -> Iterator[list[ConversationRow]]:
        rows: list[ConversationRow] = []
        began = time.monotonic()
        for ref, stamp in stale:
            kind, _, id = ref.partition(":")
            read = time.time_ns()
            try:
                entry = self.sources[kind].entry(id)
            except Exception as error:  # one unreadable file must not stop the others
                entry = IndexEntry(id, "", "unreadable", error=f"{id}: {type(error).__name__}: {error}")
            rows.append(ConversationRow(ref, stamp, entry, read))
            if time.monotonic() - began > BATCH:
                yield rows
                rows, began = [], time.monotonic()
        if rows:
            yield rows

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
        self.archive.close()


def _stale(known: KnownFile | None, stamp: Stamp) -> bool:
    if known is None or known.stamp != stamp:
        return True
    return bool(known.hash) and known.read - stamp.changed < RACY


def main(state: Path, transcripts: Path) -> None:
    """Update the index until stdin is closed."""
    exit_with_parent(os.getppid())
    wake = threading.Event()
    if hasattr(os, "nice"):
        os.nice(10)  # the screen has priority

    def listen() -> None:
        for _ in sys.stdin:
            wake.set()
        os._exit(0)  # SQLite rolls back an unfinished transaction

    threading.Thread(target=listen, daemon=True).start()
    lock = single_instance(state)  # noqa: F841  # held until the process exits
    indexing = Indexer(state, transcripts, _report)
    began = True
    while True:
        start = time.monotonic()
        wake.clear()
        try:
            if indexing.refresh() or began:
                _report(IndexProgress(note=indexing.note, changed=True, complete=True))
            began = False
        except (OSError, sqlite3.Error) as error:
            _report(IndexProgress(note=f"the index cannot be written: {error}"))
            time.sleep(5)
        wake.wait(max(PAUSE, 20 * (time.monotonic() - start)))


def single_instance(state: Path) -> sqlite3.Connection:
    """Wait until no other process indexes this project. The lock is released when its process exits."""
    state.mkdir(parents=True, exist_ok=True)
    lock = sqlite3.connect(state / "index.lock", timeout=1, isolation_level=None)
    while True:
        try:
            lock.execute("BEGIN EXCLUSIVE")
            return lock
        except sqlite3.OperationalError:
            _report(IndexProgress(note="another workbench updates the index"))


def _report(news: IndexProgress) -> None:
    sys.stdout.write(msgspec.json.encode(news).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    os.umask(0o077)
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
    except (BrokenPipeError, KeyboardInterrupt):
        os._exit(0)
