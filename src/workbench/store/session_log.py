"""Past and running conversations under .workbench/sessions, one JSON Lines file each.

Each record is one line, appended and flushed as it happens: a killed process loses
no finished step, and a torn last line is skipped.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from .. import files
from ..engine.ablation import DisabledPart
from ..engine.model_params import ModelParams
from ..errors import TranscriptError, UsageError
from ..file_edits import FileEdit, changed_since, content, perform, reverse
from ..trace.events import AnyEvent, UserMessage
from ..trace.setup import Setup
from ..trace.trace import Trace
from ..transcripts.blob_references import remove_unused
from ..transcripts.files import SIBLING_SUFFIXES, sibling, unused_path, write
from ..transcripts.transcript import Annotation, Transcript
from ..workspace.history import Change
from ..workspace.library import StoredConversation
from ..workspace.open_conversations import WorkspaceSnapshot
from ..workspace.origin import Origin
from .journal import decode_lines
from .session_journal import SessionJournal


class SessionRecord(msgspec.Struct, omit_defaults=True):
    """One record of a session file; its kind follows from the fields that are set."""

    session: str = ""
    setup: Setup | None = None
    model: str = ""
    params: ModelParams | None = None
    code: str = ""
    event: AnyEvent | None = None
    blob: str = ""
    value: Any = None
    annotation: Annotation | None = None
    remove_annotation: str = ""
    disabled: list[DisabledPart] | None = None
    turn: int = 0  # the turn with these disabled parts; 0 if unknown
    disabled_from_now: list[DisabledPart] | None = None
    name: str | None = None
    origin: Origin | None = None


WORKSPACE_FILE = "workspace.{}.json"  # one for each process: two workbenches may share a project

_LINE = msgspec.json.Decoder(SessionRecord)


@dataclass
class SessionLog:
    """A session as read from its file."""

    id: str
    setup: Setup
    model: str
    code: str = ""  # the hash of the code at its start
    events: list[AnyEvent] = field(default_factory=list)
    blobs: dict[str, Any] = field(default_factory=dict)
    annotations: dict[str, Annotation] = field(default_factory=dict)
    disabled_by_turn: dict[int, list[DisabledPart]] = field(default_factory=dict)  # disabled parts by turn
    torn: int = 0  # lines that cannot be read
    name: str = ""
    origin: Origin = field(default_factory=Origin)
    disabled: list[DisabledPart] = field(default_factory=list)  # from the end on
    params: ModelParams = field(default_factory=ModelParams)

    @property
    def trace(self) -> Trace:
        return Trace(self.events, self.blobs)

    @property
    def title(self) -> str:
        """Return its name, else the first message of the customer."""
        if self.name:
            return self.name
        first = next((str(s.text) for s in self.events if isinstance(s, UserMessage)), "")
        return " ".join(first.split())[:200]

    @property
    def stored(self) -> StoredConversation:
        return StoredConversation(
            self.setup, self.trace, self.title, self.model, list(self.annotations.values()),
            disabled_by_turn=self.disabled_by_turn, torn=self.torn,
            name=self.name, origin=self.origin, disabled=self.disabled, params=self.params,
        )  # fmt: skip


class SessionLogs:
    """The SessionStore of a project: sessions under `state`, transcripts under `transcripts`.

    `written` lists the sessions written to, the latest last.
    """

    def __init__(self, state: Path, transcripts: Path) -> None:
        self.folder = state / "sessions"
        self.transcripts = transcripts
        self.written: list[str] = []
        self._journals: dict[str, SessionJournal] = {}
        self._previous: list[Path] = []  # what other workbenches left open, until this one has written it
        self._sizes: dict[str, int] = {}  # of the files when last read, in bytes

    # the SessionStore

    def begin(self, session: str, head: dict[str, Any]) -> None:
        try:
            files.private_folder(self.folder.parent)
            self.folder.mkdir(exist_ok=True, mode=0o700)
            self.folder.chmod(0o700)  # other users of this machine must not read it
        except OSError as error:
            raise UsageError(
                f"cannot write {self.folder}: {error.strerror}",
                hint="make the folder writable, then send the message again",
            ) from None
        self.lock(session)
        self.append(session, head)

    def lock(self, session: str) -> str:
        return self._journal(session).lock(self._sizes.get(session))

    def append(self, session: str, record: dict[str, Any]) -> None:
        journal = self._journal(session)
        journal.append(record)
        if not journal.problem and (not self.written or self.written[-1] != session):
            self.written = [*(s for s in self.written if s != session), session]

    def _journal(self, session: str) -> SessionJournal:
        if session not in self._journals:
            self._journals[session] = SessionJournal(self._path(session))
        return self._journals[session]

    @property
    def write_error(self) -> str:
        return next((j.problem for j in self._journals.values() if j.problem), "")

    def retry_writes(self) -> None:
        for journal in self._journals.values():
            journal.write()

    def take_warnings(self) -> list[str]:
        warnings = []
        for journal in self._journals.values():
            if journal.restored and not journal.problem:
                warnings.append(f"{journal.path.name} {journal.restored}; all of it was written again")
                journal.restored = ""
        return warnings

    def annotations(self, session: str) -> dict[str, Annotation] | None:
        try:
            return self._read(session)[0].annotations
        except TranscriptError:
            return None  # not written yet, or not readable: the session knows them

    def delete(self, session: str) -> Change:
        path = self._path(session)
        edits: list[FileEdit] = []

        def remove() -> None:
            self._journal(session).close()
            del self._journals[session]
            edits[:] = [FileEdit(path, content(path), None)]
            perform(edits)
            self.written = [id for id in self.written if id != session]

        def restore() -> None:
            reverse(edits)
            self._sizes[session] = len(edits[0].before or b"")

        remove()
        return Change(f"deletion of {session}", restore, remove)

    def save(self, transcript: Transcript) -> tuple[str, Change]:
        path = unused_path(self.transcripts / transcript.agent, transcript.id)
        if path.stem != transcript.id:
            transcript = msgspec.structs.replace(transcript, id=path.stem)
        blobs = write(path, transcript)
        name = path.relative_to(self.transcripts.parent).as_posix()
        # the re-recordings and live results of a saved file go with it: it may be removed only without them
        edits = [FileEdit(path, None, content(path))]
        edits += [FileEdit(sibling(path, suffix), None, None) for suffix in SIBLING_SUFFIXES]

        def again() -> None:
            if content(path) is not None:
                raise changed_since(f"{name} was created")
            write(path, transcript)

        def back() -> None:
            reverse(edits)
            remove_unused(self.transcripts, blobs)

        return name, Change(f"save of {name}", back, again)

    def save_workspace(self, data: bytes) -> None:
        if not self.folder.is_dir():
            return  # no session was ever written here
        path = self.folder.parent / WORKSPACE_FILE.format(os.getpid())
        with contextlib.suppress(TranscriptError):  # losing it loses no conversation
            files.write_private(path, data)
            for old in self._previous:
                old.unlink(missing_ok=True)
            self._previous.clear()

    def previous_workspace(self) -> WorkspaceSnapshot | None:
        """Return what was open in the workbenches that have ended. Their files stay until this one writes its own.

        Of several, the latest one has its place; the conversations of the others come first.
        """
        found: list[tuple[float, WorkspaceSnapshot]] = []
        for path in self.folder.parent.glob(WORKSPACE_FILE.format("*")):
            with contextlib.suppress(OSError, msgspec.DecodeError, ValueError):
                if not _runs(int(path.suffixes[0][1:])):
                    snapshot = msgspec.json.decode(path.read_bytes(), type=WorkspaceSnapshot)
                    found.append((path.stat().st_mtime, snapshot))
                    self._previous.append(path)
        if not found:
            return None
        found.sort(key=lambda one: one[0])
        last = found[-1][1]
        last.clean_exit = all(snapshot.clean_exit for _, snapshot in found)
        last.open = list(dict.fromkeys(id for _, snapshot in found for id in snapshot.open))
        return last

    def close(self) -> None:
        for journal in self._journals.values():
            journal.close()

    # reading

    def _path(self, session: str) -> Path:
        return self.folder / f"{session}.jsonl"

    @property
    def empty(self) -> bool:
        """Return whether there is no session."""
        return next(self.folder.glob("*.jsonl"), None) is None

    def ids(self) -> list[str]:
        """List the session ids, latest first."""
        files = [(p.stat().st_mtime, p.stem) for p in self.folder.glob("*.jsonl")]
        return [name for _, name in sorted(files, reverse=True)]

    def modified_at(self, session: str) -> float:
        """Return when a session was last written to, in seconds since the epoch."""
        return self._path(session).stat().st_mtime

    def read(self, session: str) -> SessionLog:
        """Read a session from its file. Raises TranscriptError if there is nothing to continue."""
        found, self._sizes[session] = self._read(session)
        return found

    def _read(self, session: str) -> tuple[SessionLog, int]:
        """Return a session and the size of its file in bytes. Raises TranscriptError."""
        path = self._path(session)
        found: SessionLog | None = None
        try:
            data = path.read_bytes()
        except OSError as error:
            raise TranscriptError(f"cannot be read: {error.strerror}", where=str(path)) from None
        records, torn = decode_lines(data, _LINE)
        for record in records:
            found = _apply(found, record)
        if found is None:
            raise TranscriptError("the file contains no conversation", where=path.name)
        found.torn = torn
        return found, len(data)


def _runs(pid: int) -> bool:
    """Return whether a process exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # it belongs to another user
    return True


def _apply(log: SessionLog | None, record: SessionRecord) -> SessionLog | None:
    if record.session and record.setup is not None:
        origin = record.origin or Origin(at=_time_of(record.session))
        params = record.params or ModelParams()
        return SessionLog(record.session, record.setup, record.model, record.code, origin=origin, params=params)
    if log is None:
        return None
    if record.event is not None:
        log.events.append(record.event)
    elif record.blob:
        log.blobs[record.blob] = record.value
    elif record.annotation is not None:
        log.annotations[record.annotation.step] = record.annotation
    elif record.remove_annotation:
        log.annotations.pop(record.remove_annotation, None)
    elif record.disabled is not None:
        log.disabled_by_turn[record.turn] = record.disabled
    elif record.disabled_from_now is not None:
        log.disabled = record.disabled_from_now
    elif record.name is not None:
        log.name = record.name
    elif record.model:
        log.model, log.params = record.model, record.params or ModelParams()
    return log


def _time_of(session: str) -> float:
    """Return the time in an id such as support-20260105-101500-1a2b; 0 if there is none."""
    found = re.fullmatch(r".*-(\d{8}-\d{6})-\w+", session)
    with contextlib.suppress(ValueError, OverflowError):
        return time.mktime(time.strptime(found[1], "%Y%m%d-%H%M%S")) if found else 0.0
    return 0.0
