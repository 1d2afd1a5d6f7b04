"""The Library of a project: its transcripts, its sessions and what was imported, found through the index."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from ..transcripts import pending
from ..transcripts.codec import read
from ..transcripts.query import Query
from ..transcripts.transcript import Mark, Transcript
from ..workspace.library import Entry, Found, News, Record
from ..workspace.ports import Store
from .annotations import Ledger, Line
from .import_archive import Archive
from .index.index import Index, Seen
from .project import Project
from .session_log import History
from .sources import Imports, Sessions, Source, Transcripts

LOOK = 0.5  # seconds between two looks at whether the index was changed by anyone
HERE = str(Path(__file__).parents[2])  # where the process finds this very Workbench
AGAIN = 5.0  # seconds before a process that ended by itself is started anew


class Shelf:
    def __init__(self, project: Project, history: History) -> None:
        self.project = project
        self.ledger = Ledger(project.state / "review.jsonl")
        self.archive = Archive(project.state / "archive.db")
        sources: list[Source] = [
            Transcripts(project.transcripts, self.ledger),
            Sessions(history, self.ledger),
            Imports(self.archive, self.ledger),
        ]
        self.sources = {source.kind: source for source in sources}
        path = project.state / "index.db"
        self._searched = Index(path, self._recall)
        self._paged = Index(path)  # a search under way does not hold up the rows in sight
        self._valued = Index(path)
        self._took(self.ledger.read())

    def _recall(self) -> list[Seen]:
        return [Seen(queue, recording) for queue, seen in self.ledger.seen.items() for recording in list(seen)]

    def _took(self, lines: Iterable[Line]) -> None:
        for line in lines:
            if line.seen is not None:
                self._searched.learn(Seen(line.seen, line.recording, not line.off))

    # finding

    @property
    def queues(self) -> dict[str, str]:
        return self.ledger.queues

    def search(self, query: Query) -> Found:
        return self._searched.search(query)

    def values(self, filter: str, start: str) -> list[tuple[str, int]]:
        return self._valued.values(filter, start)

    def page(self, numbers: Sequence[int]) -> list[Entry]:
        return [self._with_tags(entry) for entry in self._paged.page(numbers)]

    def number(self, ref: str) -> int:
        return self._paged.number(ref)

    def _with_tags(self, entry: Entry) -> Entry:
        """What was tagged just now is seen at once; the index learns of it a little later."""
        if entry.ref not in self.ledger.tags:
            return entry
        return replace(entry, tags=self.ledger.tags_of(entry.ref, entry.tags))

    def open(self, entry: Entry) -> Record:
        return self.sources[entry.kind].open(entry.id)

    # what was recorded anew

    def pending(self) -> list[str]:
        return [
            path.relative_to(self.project.root).as_posix() for path in pending.waiting(self.project.transcripts)
        ]

    def waiting(self, id: str) -> tuple[Record, Record]:
        path = self.project.root / id
        return _record(read(path)), _record(pending.read_pending(path))

    def decide(self, id: str, accept: bool) -> Callable[[], None]:
        return (pending.accept if accept else pending.reject)(self.project.root / id)

    # what a person does

    def keeper(self, entry: Entry, store: Store) -> Store:
        return store if entry.kind == "session" else Keeper(self, entry.ref, store)

    def write(self, line: Line) -> None:
        self._took(self.ledger.write(line))

    def tag(self, numbers: Iterable[int], tag: str, on: bool = True) -> list[str]:
        entries = (self._with_tags(entry) for entry in self._paged.pages(list(numbers)))
        refs = [entry.ref for entry in entries if (tag in entry.tags) is not on]
        if refs:
            self.tag_refs(refs, tag, on)
        return refs

    def tag_refs(self, refs: list[str], tag: str, on: bool = True) -> None:
        self.write(Line(tag=tag, refs=refs, off=not on))

    def see(self, query: Query, entry: Entry, seen: bool = True) -> None:
        if entry.recording and (entry.recording in self.ledger.seen.get(query.name, ())) is not seen:
            self.write(Line(seen=query.name, recording=entry.recording, off=not seen))

    def keep_queue(self, name: str, query: str) -> None:
        self.write(Line(queue=name, query=query))

    # keeping the index true

    async def news(self) -> AsyncIterator[News]:
        process: asyncio.subprocess.Process | None = None
        try:
            while True:
                process = await self._start()
                async for news in self._hear(process):
                    yield news
                code = await process.wait()
                yield News(note=f"the index is not kept any more: its process ended with {code}; trying again")
                await asyncio.sleep(AGAIN)
        finally:
            if process is not None:
                await _end(process)

    async def _start(self) -> asyncio.subprocess.Process:
        there = filter(None, [os.environ.get("PYTHONPATH")])
        return await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "workbench.store.indexer",
            str(self.project.state), str(self.project.transcripts),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": os.pathsep.join([HERE, *there])},
        )  # fmt: skip

    async def _hear(self, process: asyncio.subprocess.Process) -> AsyncIterator[News]:
        """What the process says, and whether anyone else changed the index; ends as the process does."""
        assert process.stdout is not None
        line: asyncio.Future[bytes] | None = None
        try:
            while True:
                line = line or asyncio.ensure_future(process.stdout.readline())
                await asyncio.wait({line}, timeout=LOOK)
                self._took(self.ledger.read())
                if line.done():
                    said, line = line.result(), None
                    if not said:
                        return
                    with suppress(msgspec.DecodeError):
                        yield msgspec.json.decode(said, type=News)
                elif self._paged.changed():
                    yield News(changed=True)
        finally:
            if line is not None:
                line.cancel()

    def close(self) -> None:
        self._searched.close()
        self._paged.close()
        self._valued.close()
        self.archive.close()


def _record(transcript: Transcript) -> Record:
    model = str(transcript.source.get("model", ""))
    return Record(transcript.setup, transcript.trace, transcript.title, model)


async def _end(process: asyncio.subprocess.Process) -> None:
    """The end of its stdin is its own; it has a second to go by itself."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        await asyncio.wait_for(process.communicate(), 1)
    except TimeoutError:
        process.kill()
        await process.communicate()


class Keeper:
    """The Store of a transcript or an import that is read: its marks go to the ledger, its steps nowhere."""

    def __init__(self, shelf: Shelf, ref: str, store: Store) -> None:
        self.shelf, self.ref, self.store = shelf, ref, store

    @property
    def problem(self) -> str:
        return self.store.problem

    def begin(self, session: str, head: dict[str, Any]) -> None: ...

    def claim(self, session: str) -> str:
        return ""

    def write_again(self) -> None:
        self.store.write_again()

    def append(self, session: str, record: dict[str, Any]) -> None:
        if isinstance(record.get("mark"), Mark):
            self.shelf.write(Line(ref=self.ref, mark=record["mark"]))
        elif "unmark" in record:
            self.shelf.write(Line(ref=self.ref, unmark=record["unmark"]))

    def save(self, transcript: Transcript) -> str:
        return self.store.save(transcript)

    def remove(self, path: str) -> None:
        self.store.remove(path)

    def keep_desk(self, data: bytes) -> None:
        self.store.keep_desk(data)
