"""Find the files below journeys/ that the agent's own code writes: saving them must not load the code again."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from .agent_files import links

_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT

_PATHS = {"os.rename", "os.remove", "os.truncate", "os.link", "os.symlink", "shutil.move", "shutil.copyfile"}
_SQLITE = ("", "-journal", "-wal", "-shm")  # the files of a database


def _database(name: object) -> str:
    """Return the path of a database: of a URI too."""
    text = os.fsdecode(name) if isinstance(name, str | bytes | os.PathLike) else ""
    return unquote(urlsplit(text).path) if text.startswith("file:") else text


class WrittenFiles:
    """Reports each file below `root` that this process opens for writing, once, before it is opened.

    A process reports for as long as it lives. `report` gets the path relative to `root`; any thread may call it.
    """

    def __init__(self, root: Path, report: Callable[[str], None]) -> None:
        self._root = os.path.realpath(root) + os.sep
        self._links = links(root)
        self._report = report
        self._known: set[str] = set()
        sys.addaudithook(self._hear)

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = args
            if flags & _WRITE:
                self._note(path)
        elif event == "sqlite3.connect":
            for suffix in _SQLITE:
                self._note(_database(args[0]) + suffix)
        elif event in _PATHS:
            for path in args[:2]:
                self._note(path)

    def _note(self, path: object) -> None:
        if not isinstance(path, str | bytes | os.PathLike):
            return  # a file descriptor
        real = os.path.realpath(os.fsdecode(path))
        if real in self._known:
            return
        for target, link in ((self._root[:-1], self._root[:-1]), *self._links):
            if real == target or real.startswith(target + os.sep):
                self._known.add(real)
                inside = link + real[len(target) :]
                self._report(inside[len(self._root) :].replace(os.sep, "/"))
                return
