"""Where conversations lie: transcript files, sessions, the archive. Each can be listed, summed up and opened."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from ..errors import TranscriptError, WorkbenchError
from ..transcripts.codec import decode
from ..transcripts.files import find
from ..transcripts.transcript import Transcript, recording_id
from ..workspace.library import Kind, Record
from ..workspace.summary import gist, transcript_facets
from .annotations import Ledger
from .import_archive import Archive
from .index.entry import Card, Stamp
from .session_log import History


class Source(Protocol):
    kind: Kind

    def looks(self) -> object:
        """Something that is another when anything there may have changed; None: only a look can tell."""
        ...

    def stamps(self) -> Iterator[tuple[str, Stamp]]:
        """The id and the stamp of all that lies there."""
        ...

    def card(self, id: str) -> Card:
        """One conversation summed up. Never raises for one that cannot be read: its card says so."""
        ...

    def open(self, id: str) -> Record:
        """Raises WorkbenchError."""
        ...


class Transcripts:
    kind: Kind = "transcript"

    def __init__(self, folder: Path, ledger: Ledger) -> None:
        self.folder, self.root, self.ledger = folder, folder.parent, ledger

    def looks(self) -> None:
        return None

    def stamps(self) -> Iterator[tuple[str, Stamp]]:
        for path in find([self.folder]) if self.folder.is_dir() else ():
            stamp = _stamp(path)
            if stamp is not None:
                yield path.relative_to(self.root).as_posix(), stamp

    def card(self, id: str) -> Card:
        path = self.root / id
        try:
            data, when = path.read_bytes(), path.stat().st_mtime
        except OSError as error:
            return _unreadable(path.stem, f"{id}: cannot be read: {error.strerror}")
        try:
            found = decode(data, id)
        except WorkbenchError as error:
            return _unreadable(path.stem, str(error), when, _hash(data))
        return transcript_card(f"transcript:{id}", found, self.ledger, found.state, when, _hash(data))

    def open(self, id: str) -> Record:
        return _record(f"transcript:{id}", _read(self.root / id, id), self.ledger)


class Sessions:
    kind: Kind = "session"

    def __init__(self, history: History, ledger: Ledger) -> None:
        self.history, self.ledger = history, ledger

    def looks(self) -> None:
        return None

    def stamps(self) -> Iterator[tuple[str, Stamp]]:
        for path in self.history.folder.glob("*.jsonl"):
            stamp = _stamp(path)
            if stamp is not None:
                yield path.stem, stamp

    def card(self, id: str) -> Card:
        try:
            when = self.history.touched(id)
            kept = self.history.read(id)
        except OSError as error:
            return _unreadable(id, f"{id}: cannot be read: {error.strerror}")
        except WorkbenchError as error:
            return _unreadable(id, str(error), when)
        return Card(
            kept.title, kept.setup.agent, "session", when, recording_id(kept.steps, kept.setup),
            tags=self.ledger.tags_of(f"session:{id}"), gist=gist(kept.steps, kept.marks.values()),
            facets=_facets(kept.setup.agent, "in:sessions", "is:session", f"version:{kept.code}"),
        )  # fmt: skip

    def open(self, id: str) -> Record:
        kept = self.history.read(id)
        marks = list(kept.marks.values())
        return Record(kept.setup, kept.trace, kept.title, kept.model, marks, lacked=kept.lacked, torn=kept.torn)


class Imports:
    kind: Kind = "import"

    def __init__(self, archive: Archive, ledger: Ledger) -> None:
        self.archive, self.ledger = archive, ledger

    def looks(self) -> object:
        path = self.archive.path
        return _stamp(path), _stamp(path.with_name(path.name + "-wal"))

    def stamps(self) -> Iterator[tuple[str, Stamp]]:
        for recording, added in self.archive.stamps():
            yield recording, Stamp(0, int(added * 1e9))

    def card(self, id: str) -> Card:
        try:
            return transcript_card(f"import:{id}", self.archive.read(id, exhibits=False), self.ledger, "import")
        except WorkbenchError as error:
            return _unreadable(id, str(error))

    def open(self, id: str) -> Record:
        return _record(f"import:{id}", self.archive.read(id), self.ledger)


def transcript_card(
    ref: str, found: Transcript, ledger: Ledger, state: str, when: float = 0.0, hash: str = ""
) -> Card:
    return Card(
        found.title or found.id, found.agent, state, when,
        found.recording or recording_id(found.steps, found.setup), hash,
        tags=ledger.tags_of(ref, found.tags), gist=gist(found.steps, ledger.marks_of(ref, found.marks)),
        facets=transcript_facets(found, state), id=found.id,
    )  # fmt: skip


def _facets(agent: str, *others: str) -> frozenset[tuple[str, str]]:
    pairs = (other.partition(":")[::2] for other in others)
    return frozenset({("agent", agent), *((filter, value) for filter, value in pairs if value)})


def _unreadable(title: str, problem: str, when: float = 0.0, hash: str = "") -> Card:
    return Card(
        title, "", "unreadable", when, hash=hash, problem=problem, facets=frozenset({("is", "unreadable")})
    )


def _read(path: Path, name: str) -> Transcript:
    try:
        return decode(path.read_bytes(), name)
    except OSError as error:
        raise TranscriptError(f"cannot be read: {error.strerror}", where=name) from None


def _record(ref: str, found: Transcript, ledger: Ledger) -> Record:
    model = str(found.source.get("model", ""))
    marks = ledger.marks_of(ref, found.marks)
    return Record(found.setup, found.trace, found.title, model, marks, list(found.expectations))


def _stamp(path: Path) -> Stamp | None:
    try:
        stat = path.stat()
    except OSError:
        return None  # it went while we looked
    return Stamp(stat.st_size, stat.st_mtime_ns)


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
