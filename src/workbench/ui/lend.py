"""Lending the terminal to another program, such as an editor or a pager."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

from textual.app import SuspendNotSupported

from ..errors import UsageError


def lend(app: Any, words: list[str]) -> int:
    """Run a program in this terminal, the screens away meanwhile; gives back its exit status.

    Raises UsageError where it cannot be run. No error may leave `suspend` from
    within: Textual 8.2.8 would not take the terminal back.
    """
    if shutil.which(words[0]) is None:
        raise UsageError(f"there is no program {words[0]!r} on this machine")
    status, problem = 0, ""
    app.lent = True
    try:
        with app.suspend():
            try:
                status = subprocess.run(words, check=False).returncode
            except (OSError, ValueError) as error:
                problem = str(error)
    except SuspendNotSupported:
        problem = "the screens cannot be put away here"
    finally:
        app.lent = False
    if problem:
        raise UsageError(f"{words[0]} did not start: {problem}")
    return status
