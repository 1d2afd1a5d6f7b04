"""Run the editor and the pager in the terminal, and restore the screen afterwards."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from ..errors import UsageError

if TYPE_CHECKING:
    from .app import WorkbenchApp

COLON = {"code", "codium", "cursor", "zed", "subl", "hx", "helix"}  # these take file:line; the others +line


def parse_location(source: str) -> tuple[str, int]:
    """Split "returns/journey.py:41" into file and line; without a line, line 1."""
    file, _, line = source.rpartition(":")
    return (file, int(line)) if file and line.isdigit() else (source, 1)


def editor_command(path: Path, line: int) -> list[str]:
    """Return the command of the editor. Raises UsageError if none is found."""
    chosen = os.environ.get("VISUAL") or os.environ.get("EDITOR") or next(
        (name for name in ("vim", "vi", "nano") if shutil.which(name)), ""
    )  # fmt: skip
    try:
        words = shlex.split(chosen)
    except ValueError as error:
        raise UsageError(f"invalid $EDITOR: {chosen}: {error}") from None
    if not words:
        raise UsageError("no editor found", hint="set $EDITOR")
    name = Path(words[0]).name
    if name in COLON:
        goto = ["--goto"] if name in ("code", "codium", "cursor") else []
        wait = (
            ["--wait"]
            if name in ("code", "codium", "cursor") and "--wait" not in words and "-w" not in words
            else []
        )
        return [*words, *wait, *goto, f"{path}:{line}"]
    return [*words, f"+{line}", str(path)]


def run_in_terminal(app: WorkbenchApp, words: list[str]) -> int:
    """Run a program in this terminal, with the screens suspended. Returns its exit status.

    Raises UsageError if it cannot be run. No error may leave `suspend` from
    within: Textual 8.2.8 would not take the terminal back.
    """
    if shutil.which(words[0]) is None:
        raise UsageError(f"program not found: {words[0]!r}")
    status, problem = 0, ""
    app.terminal_suspended = True
    try:
        with app.suspend():
            try:
                status = subprocess.run(words, check=False).returncode
            except (OSError, ValueError) as error:
                problem = str(error)
    except SuspendNotSupported:
        problem = "the screens cannot be suspended here"
    finally:
        app.terminal_suspended = False
    if problem:
        raise UsageError(f"{words[0]} did not start: {problem}")
    return status


def pager_command() -> list[str]:
    """Return the command of the pager, or [] if none is found."""
    if chosen := os.environ.get("PAGER"):
        return shlex.split(chosen)
    return next((words for words in (["less", "-R"], ["more"]) if shutil.which(words[0])), [])


@contextlib.contextmanager
def temporary_text_file(text: str) -> Iterator[Path]:
    """Write the text to a file that only this user can read, and delete it afterwards."""
    handle, name = tempfile.mkstemp(prefix="workbench-", suffix=".txt")  # made with 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
