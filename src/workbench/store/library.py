"""The library of a project: its transcripts, sessions and imports, found through the index."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from ..errors import UsageError, WorkbenchError
from ..file_edits import changed_since, perform, reverse
from ..text import pluralize
from ..transcripts import pending
from ..transcripts.codec import read
from ..transcripts.query import Query
from ..transcripts.transcript import Annotation, Transcript
from ..workspace.history import Change
from ..workspace.library import Entry, IndexProgress, SearchResult, StoredConversation
from ..workspace.ports import SessionStore
from .annotations import AnnotationLog, AnnotationRecord
from .import_archive import ImportArchive
from .index.index import Index, Reviewed
from .project import Project
from .session_log import SessionLogs
from .sources import Imports, Sessions, Source, Transcripts

CHECK_INTERVAL = 0.5  # seconds between two checks whether another process has changed the index
SOURCE_ROOT = str(Path(__file__).parents[2])  # the folder from which the process imports Workbench
RESTART_DELAY = 5.0  # seconds before a process that ended is restarted


class IndexedLibrary:
    """All conversations of a project: transcripts, sessions and imports, found through the index."""

    def __init__(self, project: Project, history: SessionLogs) -> None:
        self.project = project
        self.log = AnnotationLog(project.state / "review.jsonl")
        self.archive = ImportArchive(project.state / "archive.db")
        sources: list[Source] = [
            Transcripts(project.transcripts, self.log),
            Sessions(history, self.log),
            Imports(self.archive, self.log),
        ]
        self.sources = {source.kind: source for source in sources}
        path = project.state / "index.db"
        self._searched = Index(path, self._load_reviewed)
        self._paged = Index(path)  # a running search must not block the visible rows
        self._valued = Index(path)
        self._apply(self.log.read())

    def _load_reviewed(self) -> list[Reviewed]:
        return [
            Reviewed(queue, recording)
            for queue, recordings in self.log.reviewed.items()
            for recording in list(recordings)
        ]

    def _apply(self, lines: Iterable[AnnotationRecord]) -> None:
        for line in lines:
            if line.reviewed is not None:
                self._searched.note_reviewed(Reviewed(line.reviewed, line.recording, not line.undone))

    # finding

    @property
    def queues(self) -> dict[str, str]:
        return self.log.queues

    def search(self, query: Query) -> SearchResult:
        return self._searched.search(query)

    def complete_filter(self, filter: str, start: str) -> list[tuple[str, int]]:
        return self._valued.values(filter, start)

    def page(self, numbers: Sequence[int]) -> list[Entry]:
        return [self._with_tags(entry) for entry in self._paged.page(numbers)]

    def row_id(self, ref: str) -> int:
        return self._paged.number(ref)

    def _with_tags(self, entry: Entry) -> Entry:
        """Apply the tags of the log: the index is updated a little later."""
        if entry.ref not in self.log.tags:
            return entry
        return replace(entry, tags=self.log.tags_of(entry.ref, entry.tags))

    def open(self, entry: Entry) -> StoredConversation:
        return self.sources[entry.kind].open(entry.id)

    # pending re-recordings

    def pending(self) -> list[str]:
        return [
            path.relative_to(self.project.root).as_posix()
            for path in pending.list_pending(self.project.transcripts)
        ]

    def open_pending(self, id: str) -> tuple[StoredConversation, StoredConversation]:
        path = self.project.root / id
        return _record(read(path)), _record(pending.read_pending(path))

    def resolve_pending(self, id: str, accept: bool) -> Change:
        edits = (pending.accept if accept else pending.reject)(self.project.root / id)
        what = f"{'accepting' if accept else 'rejecting'} the new run of {id}"
        return Change(what, lambda: reverse(edits), lambda: perform(edits))

    # annotations, tags and saved queries

    def annotation_store(self, entry: Entry, store: SessionStore) -> SessionStore:
        return store if entry.kind == "session" else AnnotationStore(self, entry, store)

    def write(self, line: AnnotationRecord) -> None:
        self._apply(self.log.write(line))

    def tag(self, numbers: Iterable[int], tags: Mapping[str, bool]) -> Change | None:
        entries = [self._with_tags(entry) for entry in self._paged.pages(list(numbers))]
        changed = {
            tag: refs
            for tag, on in tags.items()
            if (refs := [e.ref for e in entries if (tag in e.tags) is not on])
        }
        if not changed:
            return None

        def write(back: bool) -> None:
            """Write all tags; of those that were changed since, none."""
            self._apply(self.log.read())
            for tag, refs in changed.items():
                wanted = tags[tag] is not back
                self.tag_refs([r for r in refs if self.log.tags.get(r, {}).get(tag) is not wanted], tag, wanted)

        for tag, refs in changed.items():
            self.tag_refs(refs, tag, tags[tag])
        signs = " ".join(f"{'#' if tags[tag] else '-#'}{tag}" for tag in changed)
        many = len({ref for refs in changed.values() for ref in refs})
        return Change(f"{signs} on {pluralize(many, 'conversation')}", lambda: write(True), lambda: write(False))

    def tag_refs(self, refs: list[str], tag: str, on: bool = True) -> None:
        if refs:
            self.write(AnnotationRecord(tag=tag, refs=refs, undone=not on))

    def set_reviewed(self, query: Query, entry: Entry, reviewed: bool = True) -> None:
        if entry.recording and (entry.recording in self.log.reviewed.get(query.key, ())) is not reviewed:
            self.write(AnnotationRecord(reviewed=query.key, recording=entry.recording, undone=not reviewed))

    def save_queue(self, name: str, query: str) -> Change:
        self._apply(self.log.read())
        before = self.queues.get(name, "")

        def replace(expected: str, wanted: str) -> None:
            self._apply(self.log.read())
            if self.queues.get(name, "") != expected:
                raise changed_since(f"queue:{name} has changed")
            self.write(AnnotationRecord(queue=name, query=wanted))

        self.write(AnnotationRecord(queue=name, query=query))
        what = f"queue:{name} {'saved' if query else 'deleted'}"
        return Change(what, lambda: replace(query, before), lambda: replace(before, query))

    # updating the index

    async def news(self) -> AsyncIterator[IndexProgress]:
        process: asyncio.subprocess.Process | None = None
        try:
            while True:
                process = await self._start()
                async for news in self._progress(process):
                    yield news
                code = await process.wait()
                yield IndexProgress(
                    note=f"the index is not updated: its process exited with {code}; restarting it"
                )
                await asyncio.sleep(RESTART_DELAY)
        finally:
            if process is not None:
                await _end(process)

    async def _start(self) -> asyncio.subprocess.Process:
        before = filter(None, [os.environ.get("PYTHONPATH")])
        return await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "workbench.store.indexer",
            str(self.project.state), str(self.project.transcripts),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": os.pathsep.join([SOURCE_ROOT, *before])},
        )  # fmt: skip

    async def _progress(self, process: asyncio.subprocess.Process) -> AsyncIterator[IndexProgress]:
        """Yield the progress of the process, and changes of the index by others, until the process ends."""
        assert process.stdout is not None
        line: asyncio.Future[bytes] | None = None
        try:
            while True:
                line = line or asyncio.ensure_future(process.stdout.readline())
                await asyncio.wait({line}, timeout=CHECK_INTERVAL)
                self._apply(self.log.read())
                if line.done():
                    message, line = line.result(), None
                    if not message:
                        return
                    with suppress(msgspec.DecodeError):
                        yield msgspec.json.decode(message, type=IndexProgress)
                elif self._paged.changed():
                    yield IndexProgress(changed=True)
        finally:
            if line is not None:
                line.cancel()

    def close(self) -> None:
        self._searched.close()
        self._paged.close()
        self._valued.close()
        self.archive.close()


def _record(transcript: Transcript) -> StoredConversation:
    model = str(transcript.source.get("model", ""))
    return StoredConversation(transcript.setup, transcript.trace, transcript.title, model)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Close its stdin, which ends it; kill it after a second."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        await asyncio.wait_for(process.communicate(), 1)
    except TimeoutError:
        process.kill()
        await process.communicate()


class AnnotationStore:
    """The SessionStore of a transcript or an import: annotations go to the log, events are dropped."""

    def __init__(self, library: IndexedLibrary, entry: Entry, store: SessionStore) -> None:
        self.library, self.entry, self.ref, self.store = library, entry, entry.ref, store

    @property
    def write_error(self) -> str:
        return self.store.write_error

    def begin(self, session: str, head: dict[str, Any]) -> None: ...

    def lock(self, session: str) -> str:
        return ""

    def retry_writes(self) -> None:
        self.store.retry_writes()

    def take_warnings(self) -> list[str]:
        return self.store.take_warnings()

    def append(self, session: str, record: dict[str, Any]) -> None:
        if isinstance(record.get("annotation"), Annotation):
            self.library.write(AnnotationRecord(ref=self.ref, annotation=record["annotation"]))
        elif "remove_annotation" in record:
            self.library.write(AnnotationRecord(ref=self.ref, remove_annotation=record["remove_annotation"]))

    def annotations(self, session: str) -> dict[str, Annotation] | None:
        self.library._apply(self.library.log.read())
        try:
            return {one.step: one for one in self.library.open(self.entry).annotations}
        except WorkbenchError:
            return {}  # deleted in the meantime

    def delete(self, session: str) -> Change:
        raise UsageError("only a conversation of the workbench can be deleted")

    def save(self, transcript: Transcript) -> tuple[str, Change]:
        return self.store.save(transcript)

    def save_workspace(self, data: bytes) -> None:
        self.store.save_workspace(data)
