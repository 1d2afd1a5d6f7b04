"""What a person did in Review, as it happened: tags, marks, what was seen, queues kept by name.

`.workbench/review.jsonl`, a record a line, appended and flushed at once, never
rewritten: a killed process loses nothing, a torn last line is passed over, and
two workbenches may write to it. Marks on past conversations stand in their own
files; those on transcripts and imports stand here.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

import msgspec

from .. import files
from ..errors import UsageError
from ..transcripts.transcript import Annotation


class LogEntry(msgspec.Struct, omit_defaults=True):
    """One record; which fields are there says what it is. `off` takes it back.

    `refs` get or lose the `tag`. The conversation `ref` gets the `mark`, or
    loses the one at `remove_annotation`. The `recording` was `seen` in the queue of that
    name. `queue` is a name for `query`; "" takes the name away.
    """

    step: float = 0.0
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


_LINE = msgspec.json.Decoder(LogEntry)


class AnnotationLog:
    """The file, and what it comes to: `read()` takes in what was written since, also by another workbench.

    `tags` and `marks` are those of each ref: True or a Mark where it was put
    on, False or None where one that a file has was taken off. `seen` are
    recordings by queue. `size` is how many bytes are taken in.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tags: dict[str, dict[str, bool]] = {}
        self.annotations: dict[str, dict[str, Annotation | None]] = {}
        self.reviewed: dict[str, set[str]] = {}
        self.queues: dict[str, str] = {}
        self.size = 0

    def write(self, line: LogEntry) -> list[LogEntry]:
        """Append a line; gives back all that is new since the last reading. Raises UsageError."""
        new = self.read()
        line.step = round(time.time(), 3)
        try:
            files.private_file(self.path)
            with self.path.open("ab") as file:
                torn = self.size < file.tell()
                file.write((b"\n" if torn else b"") + msgspec.json.encode(line) + b"\n")
        except OSError as error:
            raise UsageError(
                f"not kept: {self.path.name}: {error.strerror}",
                next="make room or make it writable, then do it again",
            ) from None
        return new + self.read()

    def read(self) -> list[LogEntry]:
        """Take in what was written since, and give it back."""
        try:
            size = self.path.stat().st_size
            if size == self.size:
                return []
            with self.path.open("rb") as file:
                if size < self.size:  # another file: begin again
                    self.__init__(self.path)  # type: ignore[misc]
                file.seek(self.size)
                data = file.read()
        except OSError:
            return []
        whole = data.rfind(b"\n") + 1
        self.size += whole
        lines = [line for raw in data[:whole].split(b"\n") if (line := _decoded(raw)) is not None]
        for line in lines:
            self._take(line)
        return lines

    def tags_of(self, ref: str, own: Iterable[str] = ()) -> tuple[str, ...]:
        """The tags of a conversation, of which its file has its `own`."""
        put = self.tags.get(ref, {})
        return tuple(
            sorted({*(tag for tag in own if put.get(tag, True)), *(tag for tag, on in put.items() if on)})
        )

    def annotations_of(self, ref: str, own: Iterable[Annotation]) -> list[Annotation]:
        """The marks of a conversation, of which its file has its `own`."""
        found: dict[str, Annotation | None] = {annotation.step: annotation for annotation in own}
        found |= self.annotations.get(ref, {})
        return [annotation for annotation in found.values() if annotation is not None]

    def _take(self, line: LogEntry) -> None:
        for ref in line.refs if line.tag else ():
            self.tags.setdefault(ref, {})[line.tag] = not line.undone
        if line.annotation is not None:
            self.annotations.setdefault(line.ref, {})[line.annotation.step] = line.annotation
        elif line.remove_annotation:
            self.annotations.setdefault(line.ref, {})[line.remove_annotation] = None
        if line.reviewed is not None:
            seen = self.reviewed.setdefault(line.reviewed, set())
            (seen.discard if line.undone else seen.add)(line.recording)
        if line.queue:
            self.queues.pop(line.queue, None)
            if line.query:
                self.queues[line.queue] = line.query


def _decoded(raw: bytes) -> LogEntry | None:
    try:
        return _LINE.decode(raw) if raw.strip() else None
    except msgspec.DecodeError:
        return None  # torn by a killed process
