"""Keeps the index true: what is new, what has changed, what is gone. Runs as a process of its own.

    python -m workbench.store.indexer STATE TRANSCRIPTS

It ends when its stdin does, so with the workbench that started it, however
that ends. On stdout it says how far it is, a News as JSON a line.
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
from .annotations import AnnotationLog, LogEntry
from .import_archive import ImportArchive
from .index.entry import IndexEntry, Stamp
from .index.schema import delete, open_or_rebuild
from .index.writer import KnownFile, Row, Writer
from .session_log import SessionLogs
from .sources import Imports, Sessions, Source, Transcripts

BATCH = 0.25  # seconds of work written at a time
PAUSE = 1.0  # seconds between two looks, and at least twenty times what a look takes
RACY = 2_000_000_000  # nanoseconds: a file that was read so soon after its change may have changed again unseen

Tell = Callable[[IndexProgress], None]


class Indexer:
    """Brings the index up to date with all sources. `tell` hears how far it is. Raises OSError, sqlite3.Error."""

    def __init__(self, state: Path, transcripts: Path, tell: Tell = lambda news: None) -> None:
        self.path = state / "index.db"
        self.report = tell
        self.note = ""
        self.ledger = AnnotationLog(state / "review.jsonl")
        self.archive = ImportArchive(state / "archive.db")
        sources: list[Source] = [
            Transcripts(transcripts, self.ledger),
            Sessions(SessionLogs(state, transcripts), self.ledger),
            Imports(self.archive, self.ledger),
        ]
        self.sources: dict[str, Source] = {source.kind: source for source in sources}
        self.writer: Writer | None = None

    def _open(self) -> Writer:
        """The writer of the index that lies there now; what lies there is read anew where it is another one."""
        if self.writer is not None and not self.writer.replaced and not self.writer.needs_rebuild:
            return self.writer
        if self.writer is not None:
            self.writer.close()
            if not self.writer.replaced:
                delete(self.path)
        self.note = open_or_rebuild(self.path)
        self.writer = writer = Writer(self.path)
        self._kept: dict[str, dict[str, KnownFile]] = {kind: {} for kind in self.sources}
        for ref, kept in writer.kept():
            kind, _, id = ref.partition(":")
            self._kept.get(kind, {})[id] = kept
        self._looked: dict[str, object] = {}  # what each source was like when it was looked through
        self.ledger.read()
        # what a person did while nobody kept the index; doing it again does nothing
        behind = writer.log_offset != self.ledger.size
        self.tags = {ref: dict(tags) for ref, tags in self.ledger.tags.items()} if behind else {}
        self.marked = set(self.ledger.annotations) if behind else set()
        return writer

    def refresh(self) -> bool:
        """Look once at everything; True if something had changed."""
        writer = self._open()
        for line in self.ledger.read():
            self._heard(line)
        noted = self.ledger.size
        stale, gone = self._changes()
        changed = bool(gone or self.tags)
        if gone:
            writer.remove(gone)
            for ref in gone:
                kind, _, id = ref.partition(":")
                del self._kept[kind][id]
        done = 0
        for rows in self._batches(stale):
            fresh = [row for row in rows if not self._same(row)]
            if fresh:
                writer.put(fresh)
                changed = True
            writer.touch((row.ref, row.stamp, row.read) for row in rows if row not in fresh)
            for ref, stamp, card, read in rows:
                kind, _, id = ref.partition(":")
                self._kept[kind][id] = KnownFile(stamp, card.hash, read)
                self.marked.discard(ref)
            done += len(rows)
            self.report(IndexProgress(done, len(stale), self.note, bool(fresh)))
        if self.tags:
            writer.retag(self.tags)
            self.tags = {}
        self.marked.clear()
        if writer.log_offset != noted:
            writer.set_log_offset(noted)
        return changed

    def _heard(self, line: LogEntry) -> None:
        for ref in line.refs if line.tag else ():
            self.tags.setdefault(ref, {})[line.tag] = not line.undone
        if line.annotation is not None or line.unmark:
            self.marked.add(line.ref)

    def _changes(self) -> tuple[list[tuple[str, Stamp]], list[str]]:
        """What has to be read, transcripts first and the latest of each first; and what is there no more."""
        stale: dict[str, Stamp] = {}
        gone: list[str] = []
        for kind, source in self.sources.items():
            kept, looks = self._kept[kind], source.fingerprint()
            if looks is not None and self._looked.get(kind) == looks:
                continue
            there = dict(source.list())
            found = [(stamp, id) for id, stamp in there.items() if _stale(kept.get(id), stamp)]
            found.sort(key=lambda pair: -pair[0].changed)
            stale |= {f"{kind}:{id}": stamp for stamp, id in found}
            gone += [f"{kind}:{id}" for id in kept if id not in there]
            self._looked[kind] = looks
        for ref in self.marked:
            kind, _, id = ref.partition(":")
            if ref not in stale and (known := self._kept.get(kind, {}).get(id)):
                stale[ref] = known.stamp
        return list(stale.items()), gone

    def _same(self, row: Row) -> bool:
        """Whether a file was written again with the very same bytes."""
        kind, _, id = row.ref.partition(":")
        known = self._kept[kind].get(id)
        return (
            bool(row.card.hash)
            and known is not None
            and known.hash == row.card.hash
            and row.ref not in self.marked
        )

    def _batches(self, stale: list[tuple[str, Stamp]]) -> Iterator[list[Row]]:
        rows: list[Row] = []
        began = time.monotonic()
        for ref, stamp in stale:
            kind, _, id = ref.partition(":")
            read = time.time_ns()
            try:
                card = self.sources[kind].entry(id)
            except Exception as error:  # one strange file must not keep the others out
                card = IndexEntry(id, "", "unreadable", problem=f"{id}: {type(error).__name__}: {error}")
            rows.append(Row(ref, stamp, card, read))
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
    exit_with_parent(os.getppid())
    wake = threading.Event()
    if hasattr(os, "nice"):
        os.nice(10)  # the screen goes first

    def listen() -> None:
        for _ in sys.stdin:
            wake.set()
        os._exit(0)  # SQLite undoes what was half written

    threading.Thread(target=listen, daemon=True).start()
    lock = single_instance(state)  # noqa: F841  # held to the end of the process
    indexing = Indexer(state, transcripts, _report)
    began = True
    while True:
        start = time.monotonic()
        wake.clear()
        try:
            if indexing.refresh() or began:
                _report(IndexProgress(note=indexing.note, changed=True))
            began = False
        except (OSError, sqlite3.Error) as error:
            _report(IndexProgress(note=f"the index cannot be written: {error}"))
            time.sleep(5)
        wake.wait(max(PAUSE, 20 * (time.monotonic() - start)))


def single_instance(state: Path) -> sqlite3.Connection:
    """Wait until no other process indexes this project. The lock goes with the process that holds it."""
    state.mkdir(parents=True, exist_ok=True)
    lock = sqlite3.connect(state / "index.lock", timeout=1, isolation_level=None)
    while True:
        try:
            lock.execute("BEGIN EXCLUSIVE")
            return lock
        except sqlite3.OperationalError:
            _report(IndexProgress(note="another workbench keeps the index"))


def _report(news: IndexProgress) -> None:
    sys.stdout.write(msgspec.json.encode(news).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    os.umask(0o077)
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
    except (BrokenPipeError, KeyboardInterrupt):
        os._exit(0)
