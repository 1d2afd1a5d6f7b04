"""Pending files: a re-recorded transcript, next to the old one until it is accepted or rejected."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import UsageError
from ..file_edits import FileEdit, content, perform
from .codec import read
from .files import PENDING, sibling
from .transcript import Transcript


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


def accept(path: Path) -> list[FileEdit]:
    """Replace a transcript by its pending file; returns the edits. Raises TranscriptError."""
    pending = sibling(path, PENDING)
    read(pending)  # an invalid file must not replace it
    data = content(pending)
    edits = [FileEdit(path, content(path), data), FileEdit(pending, data, None)]
    perform(edits)
    return edits


def reject(path: Path) -> list[FileEdit]:
    """Remove the pending file; returns the edits. Raises TranscriptError."""
    pending = sibling(path, PENDING)
    edits = [FileEdit(pending, content(pending), None)]
    perform(edits)
    return edits
