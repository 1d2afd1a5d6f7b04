"""Find the files below journeys/ that the agent's own code writes: saving them must not load the code again."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_MOVES = {"os.rename", "os.remove", "shutil.move", "shutil.copyfile", "sqlite3.connect"}


class WrittenFiles:
    """Reports each file below `root` that this process opens for writing, once, before it is opened.

    A process reports for as long as it lives. `report` gets the path relative to `root`; any thread may call it.
    """

    def __init__(self, root: Path, report: Callable[[str], None]) -> None:
        self._root = os.path.realpath(root) + os.sep
        self._report = report
        self._known: set[str] = set()
        sys.addaudithook(self._hear)

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = args
            if flags & _WRITE:
                self._note(path)
        elif event in _MOVES:
            for path in args[:2]:
                self._note(path)

    def _note(self, path: object) -> None:
        if not isinstance(path, str | bytes | os.PathLike):
            return  # a file descriptor
        real = os.path.realpath(os.fsdecode(path))
        if real.startswith(self._root) and real not in self._known:
            self._known.add(real)
            self._report(real[len(self._root) :].replace(os.sep, "/"))
