"""Copy to the clipboard, and report the result.

OSC 52 is not confirmed by the terminal, and tmux drops it by default. So it is sent,
and then programs that return a status are tried; if all fail, the text is also written
to a file.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable

PROGRAMS = (
    ("TMUX", ["tmux", "load-buffer", "-w", "-"], "to tmux, which forwards it if configured"),
    ("", ["pbcopy"], "to the clipboard"),
    ("WAYLAND_DISPLAY", ["wl-copy"], "to the clipboard"),
    ("DISPLAY", ["xclip", "-selection", "clipboard"], "to the clipboard"),
)


def copy(text: str, osc52: Callable[[str], None]) -> str:
    """Copy `text`, and describe what was done."""
    osc52(text)
    size = f"{len(text):,} characters"
    for variable, command, words in PROGRAMS:
        if (not variable or os.environ.get(variable)) and shutil.which(command[0]):
            try:
                done = subprocess.run(
                    command, input=text.encode("utf-8", "replace"), capture_output=True, timeout=2, check=False
                )
            except (OSError, subprocess.TimeoutExpired):
                continue
            if done.returncode == 0:
                return f"copied {size} {words}"
    sent = f"sent {size} to the terminal (OSC 52), which does not confirm it"
    try:
        return f"{sent}; also in {_write_file(text)} until you quit"
    except OSError as error:
        return f"{sent}; cannot write a file either: {error.strerror}"


_file = ""  # the file with the last copied text, if no program confirmed it


def _write_file(text: str) -> str:
    """Write a text to a file that only this user can read, deleted at exit. Returns its path."""
    global _file
    if not _file:
        handle, _file = tempfile.mkstemp(prefix="workbench-copied-", suffix=".txt")
        os.close(handle)
        atexit.register(_forget, _file)
    with open(_file, "w", encoding="utf-8", errors="replace") as file:
        file.write(text)
    return _file


def _forget(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)
