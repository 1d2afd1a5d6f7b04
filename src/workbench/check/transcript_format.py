"""Check transcript files: canonical form, secrets, ids, pending files."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from ..errors import TranscriptError
from ..files import read_bytes
from ..findings import Finding, error
from ..text import with_article
from ..transcripts.blob_store import Blobs
from ..transcripts.codec import decode, encode_stored
from ..transcripts.files import LIVE_RESULT, PENDING, sibling
from ..transcripts.json_position import line_of
from ..transcripts.live_result import read_live_result
from ..transcripts.migrations import FORMAT, format_of
from ..transcripts.redaction import find_leaks, find_secrets
from ..transcripts.transcript import Transcript, expectations_hash

RULES: dict[str, str] = {
    "schema": "it can be read as a transcript",
    "old-format": "it is written in today's format",
    "form": "its bytes are the canonical ones",
    "secret": "it contains no key, token or e-mail address",
    "live": "its live result is of this transcript and its expectations",
    "id": "no other transcript has its id",
    "pending": "no pending re-recording is committed",
    "blob": "a transcript refers to it, and it is what its hash says, in canonical form",
}


class TranscriptFormat:
    """A file: `data` as it is, `canonical` as it should be (None: unreadable), and the hashes of its `blobs`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path)
        self.data = b""
        self.canonical: bytes | None = None
        self.transcript: Transcript | None = None
        self.blobs: frozenset[str] = frozenset()
        self.problem: TranscriptError | None = None
        self.live_result_problem = ""
        try:
            self.data = read_bytes(path)
            transcript = decode(self.data, self.name, Blobs(path).get)
            self.canonical, blobs = encode_stored(transcript)
            self.transcript, self.blobs = transcript, frozenset(blobs)
            self.live_result_problem = _live_result_problem(path, transcript)
        except TranscriptError as wrong:
            self.problem = wrong

    @property
    def is_old_format(self) -> bool:
        """Return whether it has an older format."""
        head = re.search(rb'"schema"\s*:\s*"([^"]*)"', self.data)
        number = format_of({"schema": head[1].decode("utf-8", "replace")}) if head else None
        return number is not None and number < FORMAT

    @property
    def is_canonical(self) -> bool:
        return self.canonical == self.data

    def findings(self) -> Iterator[Finding]:
        """Yield the findings of this file by line, except for duplicate ids (see `duplicate_ids`)."""
        if self.path.name.endswith(PENDING):
            yield error(
                "pending",
                self.name,
                "it is a pending re-recording",
                "decide with workbench pending accept or reject",
            )
            return
        if self.problem is not None:
            where, message = _placed(self.problem, self.data, self.name)
            yield error("schema", where, message, self.problem.hint)
        elif self.is_old_format:
            where = f"{self.name}:{line_of(self.data, ['schema'])}"
            yield error("old-format", where, "older format", "workbench fmt --upgrade")
        elif not self.is_canonical:
            yield error("form", f"{self.name}:{self._parts()}", "not in canonical form", "workbench fmt")
        if self.live_result_problem:
            where = f"{sibling(self.path, LIVE_RESULT)}:1"
            yield error("live", where, self.live_result_problem, "delete it, or run `workbench trial` again")
        for number, kind in sorted(set(self._leaks())):
            where = f"{self.name}:{number}"
            yield error("secret", where, f"{with_article(kind)} is in this line", "remove it from the file")

    def _leaks(self) -> Iterator[tuple[int, str]]:
        """Yield the line and the kind of each secret; by lines if the file is not JSON."""
        try:
            data = msgspec.json.decode(self.data, type=dict[str, Any])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            for number, line in enumerate(self.data.decode("utf-8", "replace").splitlines(), 1):
                yield from ((number, kind) for kind in find_secrets(line))
        else:
            yield from ((line_of(self.data, path), kind) for path, kind in find_leaks(data))

    def _parts(self) -> int:
        """Return the first line that is not canonical."""
        ours, theirs = self.data.split(b"\n"), (self.canonical or b"").split(b"\n")
        same = next((n for n, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), None)
        return (min(len(ours), len(theirs)) if same is None else same) + 1


def _live_result_problem(path: Path, transcript: Transcript) -> str:
    """Compare the live result of a transcript with what it was made of."""
    try:
        live_result = read_live_result(path)
    except TranscriptError as wrong:
        return wrong.message
    if live_result is None:
        return ""
    if live_result.miscounted:
        return "its numbers of trials contradict each other"
    return live_result.other_transcript(transcript.id, expectations_hash(transcript))


def _placed(problem: TranscriptError, data: bytes, name: str) -> tuple[str, str]:
    """Return the location of a problem, with a line if possible, and the message."""
    if problem.event and problem.where == name:
        return f"{name}:{line_of(data, ['events', problem.event - 1])}", problem.message
    return (problem.where or name) + ("" if problem.where != name else ":1"), problem.message


class _Id(msgspec.Struct):
    id: str = ""


_IDS = msgspec.json.Decoder(_Id)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))  # Path.resolve() raises at a symlink loop


def duplicate_ids(chosen: Iterable[Path], all_files: Iterable[Path]) -> Iterator[Finding]:
    """Yield a finding for every chosen file whose id another file has too."""
    by_id: dict[str, list[Path]] = {}
    for path in dict.fromkeys(map(_real, [*all_files, *chosen])):
        try:
            by_id.setdefault(_IDS.decode(read_bytes(path)).id, []).append(path)
        except (TranscriptError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            continue  # already reported by its own findings
    others = {path: (id, paths) for id, paths in by_id.items() if len(paths) > 1 for path in paths}
    for path in chosen:
        real = _real(path)
        if real in others:
            id, paths = others[real]
            other = next(p for p in paths if p != real)
            where = f"{path}:{line_of(path.read_bytes(), ['id'])}"
            yield error("id", where, f"duplicate id {id!r}, also in {other.name}", "change one of the ids")


def committed_pending(folder: Path, named: Iterable[Path]) -> Iterator[Finding]:
    """Yield pending files below a folder that are committed, except `named`; none without git."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z", f"*{PENDING}"], cwd=folder, capture_output=True, text=True, timeout=20
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return
    known = {_real(path) for path in named}
    for name in filter(None, listed.split("\0")):
        if _real(folder / name) not in known:
            yield error(
                "pending",
                str(folder / name),
                "a pending re-recording is committed",
                "remove it with git rm --cached, then workbench pending accept or reject",
            )
