"""The file of one session, to which one workbench at a time adds.

What the disk does not take waits here and is written as soon as it does: the
file is at any time the beginning of all that happened, with no hole in it.
"""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path

from .lock import Lock


class Journal:
    """`problem` says why something waits; "" while all is written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problem = ""
        self._lock = Lock(path.with_suffix(".lock"))
        self._file: io.FileIO | None = None
        self._waiting = bytearray()

    def claim(self, size: int | None) -> str:
        """Make it ours to add to; gives back why it is not, or "". `size`: its bytes when it was read."""
        if self._lock.held:
            return ""
        holder = self._lock.take()
        if holder:
            return f"another workbench (pid {holder}) has this conversation open"
        if size is not None and self.path.is_file() and self.path.stat().st_size != size:
            self._lock.release()
            return "another workbench went on with this conversation since it was read"
        return ""

    def add(self, line: bytes) -> None:
        self._waiting += line + b"\n"
        self.write()

    def write(self) -> None:
        """Write what waits, as far as the disk takes it."""
        try:
            if self._file is None and self._waiting:
                self._open()
            while self._waiting and self._file is not None:
                del self._waiting[: self._file.write(bytes(self._waiting))]
            self.problem = ""
        except OSError as error:
            self.problem = f"{self.path.name}: {error.strerror}"

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = io.FileIO(self.path, "ab+")
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":  # a line torn by a killed process
                self._waiting[:0] = b"\n"
        self._file = file

    def close(self) -> None:
        """Write what waits, if now it can be, and let others have the file."""
        self.write()
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None
        self._lock.release()
