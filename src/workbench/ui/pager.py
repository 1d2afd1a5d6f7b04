"""The engineer's pager, on a text."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path


def pager_command() -> list[str]:
    """What to run, or [] where no pager is known."""
    if chosen := os.environ.get("PAGER"):
        return shlex.split(chosen)
    return next((words for words in (["less", "-R"], ["more"]) if shutil.which(words[0])), [])


@contextlib.contextmanager
def kept(text: str) -> Iterator[Path]:
    """A file with the text that only this user can read, for as long as the pager shows it."""
    handle, name = tempfile.mkstemp(prefix="workbench-", suffix=".txt")  # made with 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
