"""The folders whose code Review may run.

They are listed among the user's own files, so that a project cannot allow itself.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from ..files import write_private
from .config import user_state_folder


def is_allowed(root: Path) -> bool:
    """Return whether the user has allowed Review to run the code of this folder."""
    return str(root.resolve()) in _allowed()


def allow(root: Path) -> None:
    """Let Review run the code of this folder from now on. Raises TranscriptError if that cannot be written."""
    _write(_allowed() | {str(root.resolve())})


def forbid(root: Path) -> None:
    """Let Review ask again before it runs the code of this folder. Raises TranscriptError."""
    if is_allowed(root):
        _write(_allowed() - {str(root.resolve())})


def _path() -> Path:
    return user_state_folder() / "run-code.json"


def _allowed() -> set[str]:
    """Return the allowed folders; a list that cannot be read allows none."""
    try:
        return set(msgspec.json.decode(_path().read_bytes(), type=list[str]))
    except (OSError, msgspec.DecodeError):
        return set()


def _write(folders: set[str]) -> None:
    write_private(_path(), msgspec.json.encode(sorted(folders)))
