"""The transcripts that failed at their last replay, to replay them first or alone."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from .. import files
from .project import Project


class Failures:
    """The paths that failed last, relative to the project's folder."""

    def __init__(self, project: Project) -> None:
        self._root = project.root
        self._path = project.state / "failed.json"
        try:
            self.paths = set(msgspec.json.decode(self._path.read_bytes(), type=list[str]))
        except (OSError, msgspec.DecodeError):
            self.paths = set()  # no file yet, or an invalid one: then no failure is known

    def __contains__(self, name: str) -> bool:
        """Return whether the file `name` failed last."""
        return bool(self.paths) and self._key(name) in self.paths

    def update(self, failed: Iterable[str], passed: Iterable[str]) -> None:
        """Store the result of a replay; the results of other files stay. Raises OSError or TranscriptError."""
        failed_now = (self.paths - {self._key(name) for name in passed}) | {self._key(name) for name in failed}
        if failed_now == self.paths:
            return
        files.private_folder(self._path.parent)
        files.write_private(self._path, msgspec.json.encode(sorted(failed_now)))
        self.paths = failed_now

    def _key(self, name: str) -> str:
        return Path(os.path.relpath(os.path.abspath(name), self._root)).as_posix()
