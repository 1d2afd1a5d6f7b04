"""The file of a session, which is written again if another program deletes, replaces or cuts it."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path

from .. import files
from .journal import Journal, open_private


class SessionJournal(Journal):
    """A journal that holds all its lines in memory, so that they outlive the file.

    `restored` is why the file was written again, "" if it was not.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.restored = ""
        self._lost = ""  # why the file has to be opened again
        self._written: list[bytes] = []  # the content of the file in parts
        self._size = 0

    def _on_written(self, data: bytes) -> None:
        self._written.append(data)
        self._size += len(data)

    def _check(self) -> None:
        """Open the file again if another program has deleted or changed it, with all lines to be written."""
        if self._file is not None and not self._lost:
            self._lost = self._change(os.fstat(self._file.fileno()))
        if self._lost:
            self._close_file()
            self._open()
            self._lock_again()
            self.restored, self._lost = self._lost, ""

    def _change(self, own: os.stat_result) -> str:
        """Return what happened to the file since it was written, or ""."""
        try:
            found = os.stat(self.path)
        except (FileNotFoundError, NotADirectoryError):
            return "was deleted"
        same = (found.st_dev, found.st_ino, found.st_size) == (own.st_dev, own.st_ino, self._size)
        return "" if same else "was changed by another program"

    def _open(self) -> None:
        files.private_folder(self.path.parent.parent)
        self.path.parent.mkdir(mode=0o700, exist_ok=True)
        self._file = io.FileIO(self.path, "ab+", opener=open_private)
        self._file.seek(0)
        current = self._file.readall()
        known = b"".join(self._written)
        if known and known.startswith(current):
            self._unwritten[:0] = known[len(current) :]
        elif not current.startswith(known):
            self._close_file()
            raise OSError(errno.EEXIST, "another program replaced it; move that file away")
        elif current and not current.endswith(b"\n"):  # a line torn by a killed process
            self._unwritten[:0] = b"\n"
        self._written, self._size = [current], len(current)

    def _lock_again(self) -> None:
        """Lock the session again if its lock file may be gone. Raises OSError if another workbench holds it."""
        if self._lock.held:
            self._lock.release()
            holder = self._lock.acquire()
            if holder:
                raise OSError(errno.EEXIST, f"another workbench (pid {holder}) writes to it")
