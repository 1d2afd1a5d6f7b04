"""Pending files: a transcript recorded anew, beside it until a person has said yes or no."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ..errors import TranscriptError, UsageError
from ..files import write_atomically
from .codec import read
from .files import PENDING, sibling
from .transcript import Transcript

Undo = Callable[[], None]


def list_pending(folder: Path) -> list[Path]:
    """The transcripts below a folder beside which a pending file waits, in order."""
    found = []
    for at, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        names = [n for n in files if n.endswith(PENDING) and not n.startswith(".")]
        found += [Path(at, name.removesuffix(PENDING) + ".json") for name in names]
    return sorted(found)


def resolve_pending(path: Path) -> Path:
    """The transcript that a path names, itself or by its pending file. Raises UsageError where nothing waits."""
    if path.name.endswith(PENDING):
        path = path.with_name(path.name.removesuffix(PENDING) + ".json")
    if not sibling(path, PENDING).is_file():
        raise UsageError(f"nothing waits beside {path}", next="workbench pending list shows what does")
    return path


def read_pending(path: Path) -> Transcript:
    """What waits beside the transcript at `path`. Raises TranscriptError."""
    return read(sibling(path, PENDING))


def accept(path: Path) -> Undo:
    """Put what waits in the place of the transcript; gives back how to undo it. Raises TranscriptError."""
    pending = sibling(path, PENDING)
    read(pending)  # what cannot be read takes nobody's place
    before, data = _bytes(path), pending.read_bytes()
    write_atomically(path, data)
    _remove(pending)

    def back() -> None:
        write_atomically(pending, data)
        if before is None:
            _remove(path)
        else:
            write_atomically(path, before)

    return back


def reject(path: Path) -> Undo:
    """Throw away what waits; gives back how to undo it. Raises TranscriptError."""
    pending = sibling(path, PENDING)
    data = _bytes(pending)
    _remove(pending)

    def back() -> None:
        if data is not None:
            write_atomically(pending, data)

    return back


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TranscriptError(f"cannot be read: {error.strerror}", where=str(path)) from None


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise TranscriptError(f"cannot be removed: {error.strerror}", where=str(path)) from None
