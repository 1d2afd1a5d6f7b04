"""Pending files: a re-recorded transcript, next to the old one until it is accepted or rejected."""

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
    """List the transcripts below a folder that have a pending file, in order."""
    found = []
    for at, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        names = [n for n in files if n.endswith(PENDING) and not n.startswith(".")]
        found += [Path(at, name.removesuffix(PENDING) + ".json") for name in names]
    return sorted(found)


def resolve_pending(path: Path) -> Path:
    """Return the transcript of a path or of its pending file. Raises UsageError if there is no pending file."""
    if path.name.endswith(PENDING):
        path = path.with_name(path.name.removesuffix(PENDING) + ".json")
    if not sibling(path, PENDING).is_file():
        raise UsageError(f"{path} has no pending re-recording", hint="see `workbench pending list`")
    return path


def read_pending(path: Path) -> Transcript:
    """Read the pending file of a transcript. Raises TranscriptError."""
    return read(sibling(path, PENDING))


def accept(path: Path) -> Undo:
    """Replace a transcript by its pending file; returns a function that undoes it. Raises TranscriptError."""
    pending = sibling(path, PENDING)
    read(pending)  # an invalid file must not replace it
    before, data = _bytes(path), pending.read_bytes()
    write_atomically(path, data)
    _remove(pending)

    def undo() -> None:
        write_atomically(pending, data)
        if before is None:
            _remove(path)
        else:
            write_atomically(path, before)

    return undo


def reject(path: Path) -> Undo:
    """Remove the pending file; returns a function that undoes it. Raises TranscriptError."""
    pending = sibling(path, PENDING)
    data = _bytes(pending)
    _remove(pending)

    def undo() -> None:
        if data is not None:
            write_atomically(pending, data)

    return undo


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
