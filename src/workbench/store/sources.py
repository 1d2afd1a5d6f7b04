"""The sources of conversations: transcript files, sessions, imports. Each lists, summarizes and opens them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from ..errors import WorkbenchError
from ..files import read_bytes
from ..transcripts.blob_store import Blobs
from ..transcripts.codec import decode
from ..transcripts.files import find
from ..transcripts.transcript import Transcript, hash_recording
from ..workspace.library import Kind, StoredConversation
from ..workspace.summary import search_id, summarize, transcript_facets
from .annotations import AnnotationLog
from .import_archive import ImportArchive
from .index.entry import IndexEntry, Stamp
from .session_log import SessionLogs


class Source(Protocol):
    """One source of conversations."""

    kind: Kind

    def fingerprint(self) -> object:
        """Return a value that changes with the source; None if the source must be listed to find changes."""
        ...

    def list(self) -> Iterator[tuple[str, Stamp]]:
        """Yield the id and the file stamp of each conversation."""
        ...

    def entry(self, id: str) -> IndexEntry:
        """Summarize one conversation. The entry of an unreadable one has an `error`; nothing is raised."""
        ...

    def open(self, id: str) -> StoredConversation:
        """Read one conversation. Raises WorkbenchError."""
        ...


class Transcripts:
    kind: Kind = "transcript"

    def __init__(self, folder: Path, log: AnnotationLog) -> None:
        self.folder, self.root, self.log = folder, folder.parent, log

    def fingerprint(self) -> None:
        return None

    def list(self) -> Iterator[tuple[str, Stamp]]:
        for path in find([self.folder]) if self.folder.is_dir() else ():
            stamp = _stamp(path)
            if stamp is not None:
                yield path.relative_to(self.root).as_posix(), stamp

    def entry(self, id: str) -> IndexEntry:
        path = self.root / id
        try:
            data, when = path.read_bytes(), path.stat().st_mtime
        except OSError as error:
            return _unreadable(path.stem, f"{id}: cannot be read: {error.strerror}")
        try:
            found = decode(data, id, Blobs(path).get)
        except WorkbenchError as error:
            return _unreadable(path.stem, str(error), when, _hash(data))
        return transcript_entry(f"transcript:{id}", found, self.log, found.state, when, _hash(data))

    def open(self, id: str) -> StoredConversation:
        return _record(f"transcript:{id}", _read(self.root / id, id), self.log)


class Sessions:
    kind: Kind = "session"

    def __init__(self, history: SessionLogs, log: AnnotationLog) -> None:
        self.history, self.log = history, log

    def fingerprint(self) -> None:
        return None

    def list(self) -> Iterator[tuple[str, Stamp]]:
        for path in self.history.folder.glob("*.jsonl"):
            stamp = _stamp(path)
            if stamp is not None:
                yield path.stem, stamp

    def entry(self, id: str) -> IndexEntry:
        try:
            when = self.history.modified_at(id)
            found = self.history.read(id)
        except OSError as error:
            return _unreadable(id, f"{id}: cannot be read: {error.strerror}")
        except WorkbenchError as error:
            return _unreadable(id, str(error), when)
        return IndexEntry(
            found.title, found.setup.agent, "session", when, hash_recording(found.events, found.setup),
            tags=self.log.tags_of(f"session:{id}"), summary=summarize(found.events, found.annotations.values()),
            facets=_facets(found.setup.agent, "in:sessions", "is:session", f"version:{found.code}"),
        )  # fmt: skip

    def open(self, id: str) -> StoredConversation:
        return self.history.read(id).stored


class Imports:
    kind: Kind = "import"

    def __init__(self, archive: ImportArchive, log: AnnotationLog) -> None:
        self.archive, self.log = archive, log

    def fingerprint(self) -> object:
        path = self.archive.path
        return _stamp(path), _stamp(path.with_name(path.name + "-wal"))

    def list(self) -> Iterator[tuple[str, Stamp]]:
        for recording, added in self.archive.list():
            yield recording, Stamp(0, int(added * 1e9))

    def entry(self, id: str) -> IndexEntry:
        try:
            return transcript_entry(f"import:{id}", self.archive.read(id, blobs=False), self.log, "import")
        except WorkbenchError as error:
            return _unreadable(id, str(error))

    def open(self, id: str) -> StoredConversation:
        return _record(f"import:{id}", self.archive.read(id), self.log)


def transcript_entry(
    ref: str, found: Transcript, log: AnnotationLog, state: str, when: float = 0.0, hash: str = ""
) -> IndexEntry:
    return IndexEntry(
        found.title or found.id, found.agent, state, when,
        found.recording_id or hash_recording(found.events, found.setup), hash,
        tags=log.tags_of(ref, found.tags),
        summary=summarize(found.events, log.annotations_of(ref, found.annotations)),
        facets=transcript_facets(found, state), id=search_id(found),
    )  # fmt: skip


def _facets(agent: str, *others: str) -> frozenset[tuple[str, str]]:
    pairs = (other.partition(":")[::2] for other in others)
    return frozenset({("agent", agent), *((filter, value) for filter, value in pairs if value)})


def _unreadable(title: str, error: str, when: float = 0.0, hash: str = "") -> IndexEntry:
    return IndexEntry(
        title, "", "unreadable", when, hash=hash, error=error, facets=frozenset({("is", "unreadable")})
    )


def _read(path: Path, name: str) -> Transcript:
    return decode(read_bytes(path), name, Blobs(path).get)


def _record(ref: str, found: Transcript, log: AnnotationLog) -> StoredConversation:
    model = str(found.source.get("model", ""))
    annotations = log.annotations_of(ref, found.annotations)
    return StoredConversation(found.setup, found.trace, found.title, model, annotations, list(found.expectations))


def _stamp(path: Path) -> Stamp | None:
    try:
        stat = path.stat()
    except OSError:
        return None  # removed in the meantime
    return Stamp(stat.st_size, stat.st_mtime_ns)


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
