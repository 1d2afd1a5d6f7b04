"""The times and sizes of the files in folders: finds saves that the system does not report."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from .agent_files import walk

COST = 50  # a look may take at most 1/COST of the time

States = dict[str, tuple[int, int]]


class FileStates:
    """The states of the relevant files below `folders`, looked at every `seconds`; less often if it is costly."""

    def __init__(self, folders: Sequence[Path], is_relevant: Callable[[str], bool], seconds: float) -> None:
        self.folders = folders
        self._is_relevant = is_relevant
        self._seconds = seconds
        self._states: States = {}
        self._due = 0.0
        self.look()

    @property
    def is_due(self) -> bool:
        return time.monotonic() >= self._due

    def look(self) -> set[str]:
        """Return the paths of the files that were saved, created or removed since the last look."""
        began = time.monotonic()
        before, self._states = self._states, self._find()
        took = time.monotonic() - began
        self._due = began + max(self._seconds, COST * took)
        return {path for path, _ in before.items() ^ self._states.items()}

    def _find(self) -> States:
        found = {}
        for folder in self.folders:
            for _, entries in walk(folder):
                for entry in entries:
                    with contextlib.suppress(OSError):
                        if self._is_relevant(entry.path) and entry.is_file():
                            state = entry.stat()
                            found[entry.path] = state.st_mtime_ns, state.st_size
        return found
