"""The Library of a project: its transcript files, and the sessions its history keeps."""

from __future__ import annotations

from pathlib import Path

from ..errors import WorkbenchError
from ..library import Entry, Record
from ..steps import UserMessage
from ..transcript import read
from .history import History
from .project import Project
from .transcripts import find


class Shelf:
    def __init__(self, project: Project, history: History) -> None:
        self.project = project
        self.history = history

    def entries(self) -> list[Entry]:
        folder = self.project.transcripts
        paths = find([folder]) if folder.is_dir() else []
        return [*(self._transcript(p) for p in paths), *(self._session(i) for i in self.history.ids())]

    def _transcript(self, path: Path) -> Entry:
        name = path.relative_to(self.project.root).as_posix()
        try:
            found = read(path)
        except WorkbenchError as error:
            return Entry("transcript", name, path.stem, "", "unreadable", problem=str(error))
        turns = sum(1 for s in found.steps if isinstance(s, UserMessage))
        return Entry(
            "transcript", name, found.title or found.id, found.agent, found.state,
            path.stat().st_mtime, turns, len(found.marks),
        )  # fmt: skip

    def _session(self, session: str) -> Entry:
        try:
            kept = self.history.read(session)
        except WorkbenchError as error:
            return Entry("session", session, session, "", "unreadable", problem=str(error))
        turns = sum(1 for s in kept.steps if isinstance(s, UserMessage))
        return Entry(
            "session", session, kept.title, kept.setup.agent, "session",
            self.history.touched(session), turns, len(kept.marks),
        )  # fmt: skip

    def open(self, entry: Entry) -> Record:
        if entry.kind == "session":
            kept = self.history.read(entry.id)
            marks = list(kept.marks.values())
            return Record(kept.setup, kept.trace, kept.title, kept.model, marks, without=kept.without)
        found = read(self.project.root / entry.id)
        model = str(found.source.get("model", ""))
        return Record(found.setup, found.trace, found.title, model, found.marks, found.expectations)
