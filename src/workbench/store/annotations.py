"""The annotation log: tags, annotations, reviewed conversations and saved queries of Review.

`.workbench/review.jsonl` has one record per line and is only appended to: a killed
process loses nothing, a torn last line is ignored, and two workbenches may write to it.
Annotations of past conversations are in the session logs; those of transcripts
and imports are here.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import msgspec

from .. import files
from ..errors import UsageError
from ..transcripts.transcript import Annotation
from .journal import Journal, decode_lines


class AnnotationRecord(msgspec.Struct, omit_defaults=True):
    """One record; its kind follows from the fields that are set. `undone` reverts it.

    `at` is the time of writing, in seconds since the epoch. `refs` get or lose the
    `tag`. The conversation `ref` gets the `annotation`, or loses the one at
    `remove_annotation`. The `recording` was `reviewed` in the queue of that name.
    `queue` is a name for `query`; an empty `query` removes the name. `by` is the person.
    """

    at: float = 0.0
    by: str = ""
    undone: bool = False
    tag: str = ""
    refs: list[str] = []
    ref: str = ""
    annotation: Annotation | None = None
    remove_annotation: str = ""
    reviewed: str | None = None
    recording: str = ""
    queue: str = ""
    query: str = ""


_LINE = msgspec.json.Decoder(AnnotationRecord)


@cache
def person() -> str:
    """Return the name of the user: of git or, without one, of the account."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        found = subprocess.run(["git", "config", "user.name"], capture_output=True, text=True, timeout=2)
        if found.stdout.strip():
            return found.stdout.strip()
    return os.environ.get("USER") or os.environ.get("USERNAME") or ""


class AnnotationLog:
    """The state that the log describes; `read()` applies new lines, also those of another workbench.

    `tags` and `annotations` are by ref: True or an Annotation if it was added, False
    or None if one of the file was removed. `reviewed` has the recordings by queue.
    `size` is the number of bytes that were read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tags: dict[str, dict[str, bool]] = {}
        self.annotations: dict[str, dict[str, Annotation | None]] = {}
        self.reviewed: dict[str, set[str]] = {}
        self.queues: dict[str, str] = {}
        self.size = 0

    def write(self, line: AnnotationRecord) -> list[AnnotationRecord]:
        """Append a line and return all lines since the last read. Raises UsageError."""
        new = self.read()
        line.at, line.by = round(time.time(), 3), person()
        journal = Journal(self.path)  # a new one each time: a failed write is not retried
        with contextlib.suppress(OSError):  # then the line cannot be written either
            files.private_folder(self.path.parent)
        journal.append(line)
        journal.close()
        if journal.problem:
            raise UsageError(
                f"not saved: {journal.problem}", hint="free disk space or make it writable, then do it again"
            )
        return new + self.read()

    def read(self) -> list[AnnotationRecord]:
        """Apply the lines since the last read, and return them."""
        try:
            size = self.path.stat().st_size
            if size == self.size:
                return []
            with self.path.open("rb") as file:
                if size < self.size:  # the file was replaced
                    self.__init__(self.path)  # type: ignore[misc]
                file.seek(self.size)
                data = file.read()
        except OSError:
            return []
        whole = data.rfind(b"\n") + 1
        self.size += whole
        lines, _ = decode_lines(data[:whole], _LINE)
        for line in lines:
            self._apply(line)
        return lines

    def tags_of(self, ref: str, own: Iterable[str] = ()) -> tuple[str, ...]:
        """List the tags of a conversation whose file has the tags `own`."""
        changed = self.tags.get(ref, {})
        return tuple(
            sorted({*(tag for tag in own if changed.get(tag, True)), *(tag for tag, on in changed.items() if on)})
        )

    def annotations_of(self, ref: str, own: Iterable[Annotation]) -> list[Annotation]:
        """List the annotations of a conversation whose file has the annotations `own`."""
        found: dict[str, Annotation | None] = {annotation.step: annotation for annotation in own}
        found |= self.annotations.get(ref, {})
        return [annotation for annotation in found.values() if annotation is not None]

    def _apply(self, line: AnnotationRecord) -> None:
        for ref in line.refs if line.tag else ():
            self.tags.setdefault(ref, {})[line.tag] = not line.undone
        if line.annotation is not None:
            self.annotations.setdefault(line.ref, {})[line.annotation.step] = line.annotation
        elif line.remove_annotation:
            self.annotations.setdefault(line.ref, {})[line.remove_annotation] = None
        if line.reviewed is not None:
            recordings = self.reviewed.setdefault(line.reviewed, set())
            (recordings.discard if line.undone else recordings.add)(line.recording)
        if line.queue:
            self.queues.pop(line.queue, None)
            if line.query:
                self.queues[line.queue] = line.query
