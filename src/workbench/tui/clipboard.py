"""Copying, and saying honestly what became of it.

OSC 52 asks the terminal and hears nothing back; tmux drops it by default. So
it is sent, then the programs that can tell are tried; where none of them took
it, it is kept in a file too.
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
    ("TMUX", ["tmux", "load-buffer", "-w", "-"], "to tmux, which passes it on where it may"),
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
        return f"{sent}; also in {_keep(text)} until you quit"
    except OSError as error:
        return f"{sent}; cannot write a file either: {error.strerror}"


_file = ""  # what was copied last, where nothing else could be sure of it


def _keep(text: str) -> str:
    """Write it to a file that only this user can read and that goes with the program; its path."""
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
