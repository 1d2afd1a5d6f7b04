"""Folders and files of .workbench: what customers said is for nobody else on this machine, nor for git."""

from __future__ import annotations

import os
from pathlib import Path


def folder(state: Path) -> Path:
    """Make the folder .workbench where it is not there yet. Raises OSError."""
    state.mkdir(parents=True, exist_ok=True)
    ignore = state / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")
    return state


def file(path: Path) -> Path:
    """Make an empty file that only its owner may read, where there is none yet. Raises OSError."""
    folder(path.parent)
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    return path
