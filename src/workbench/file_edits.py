"""Edits of files that can be reversed, and never overwrite what was written since."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .errors import TranscriptError, UsageError, WorkbenchError
from .files import write_atomically

CHANGED_SINCE = "usage.changed-since"  # the code of the error for what is no longer as it was left


@dataclass(frozen=True)
class FileEdit:
    """The content of a file before and after an edit; None if there is no file."""

    path: Path
    before: bytes | None
    after: bytes | None

    @property
    def reversed(self) -> FileEdit:
        return FileEdit(self.path, self.after, self.before)


def perform(edits: Iterable[FileEdit]) -> None:
    """Make all edits, or none. Raises UsageError if a file is not as before the edits; TranscriptError."""
    edits, made = list(edits), []
    for edit in edits:
        found = content(edit.path)
        if found != edit.before:
            happened = "was deleted" if found is None else "was created" if edit.before is None else "has changed"
            raise changed_since(f"{edit.path.name} {happened}")
    try:
        for edit in edits:
            _write(edit.path, edit.after)
            made.append(edit)
    except TranscriptError:
        for edit in reversed(made):
            with contextlib.suppress(WorkbenchError):
                _write(edit.path, edit.before)
        raise


def reverse(edits: Iterable[FileEdit]) -> None:
    """Reverse all edits, or none; raises as `perform` does."""
    perform([edit.reversed for edit in reversed(list(edits))])


def changed_since(what: str) -> UsageError:
    """Return the error for something that somebody has changed in the meantime."""
    return UsageError(f"{what} in the meantime: left as it is", code=CHANGED_SINCE)


def content(path: Path) -> bytes | None:
    """Return the content of a file, None if there is none. Raises TranscriptError."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise TranscriptError(f"cannot be read: {error.strerror}", where=str(path)) from None


def _write(path: Path, data: bytes | None) -> None:
    if data is not None:
        write_atomically(path, data)
        return
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        hint = "make its folder writable"
        raise TranscriptError(f"cannot be removed: {error.strerror}", where=str(path), hint=hint) from None
