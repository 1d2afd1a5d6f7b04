"""Append-only JSON Lines files that survive a kill, a full disk and a second process."""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

if TYPE_CHECKING:
    from filelock import FileLock

T = TypeVar("T")

WAIT = 0.1  # seconds to wait for a lock that is being released


class Journal:
    """A JSON Lines file to append to. `problem` is why lines are not written yet, "" if all are."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problem = ""
        self._lock = Lock(path.with_suffix(".lock"))
        self._file: io.FileIO | None = None
        self._unwritten = bytearray()

    def lock(self, size: int | None) -> str:
        """Lock the file for this process; returns why that failed, or "". `size`: its size when it was read."""
        if self._lock.held:
            return ""
        holder = self._lock.acquire()
        if holder:
            return f"another workbench (pid {holder}) has this conversation open"
        if size is not None and self.path.is_file() and self.path.stat().st_size != size:
            self._lock.release()
            return "this conversation was continued in another workbench"
        return ""

    def append(self, record: object) -> None:
        """Write a record as a line; a failed write is retried with the next."""
        self._unwritten += msgspec.json.encode(record) + b"\n"
        self.write()

    def write(self) -> None:
        """Write the pending lines, as far as the disk accepts them."""
        try:
            self._check()
            if self._file is None and self._unwritten:
                self._open()
            while self._unwritten and self._file is not None:
                count = self._file.write(bytes(self._unwritten))
                self._on_written(bytes(self._unwritten[:count]))
                del self._unwritten[:count]
            self.problem = ""
        except OSError as error:
            self.problem = f"{self.path.name}: {error.strerror}"

    def _check(self) -> None:
        """Check that the file is still the one that was written to. Raises OSError."""

    def _on_written(self, data: bytes) -> None:
        """Note that these bytes were written."""

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = io.FileIO(self.path, "ab+", opener=open_private)
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":  # a line torn by a killed process
                self._unwritten[:0] = b"\n"
        self._file = file

    def _close_file(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None

    def close(self) -> None:
        """Write the pending lines, if possible, and release the lock."""
        self.write()
        self._close_file()
        self._lock.release()


def decode_lines(data: bytes, decoder: msgspec.json.Decoder[T]) -> tuple[list[T], int]:
    """Decode JSON Lines; returns the records and the number of torn lines (process killed, disk full)."""
    records, torn = [], 0
    for line in data.split(b"\n"):
        if line.strip():
            try:
                records.append(decoder.decode(line))
            except msgspec.DecodeError:
                torn += 1
    return records, torn


def open_private(path: str, flags: int) -> int:
    """Open a file that only its owner may read."""
    return os.open(path, flags, 0o600)


class Lock:
    """A lock file, held from `acquire` to `release` or to the end of the process. It contains the holder's pid."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: FileLock | None = None

    @property
    def held(self) -> bool:
        return self._lock is not None and self._lock.is_locked

    def acquire(self) -> str:
        """Acquire the lock. Returns "", or the process id of the holder ("?" if the file does not say)."""
        if self.held:
            return ""
        from filelock import FileLock, Timeout  # only a conversation that is continued needs it

        # a session may be closed in another thread than the one that opened it
        lock = FileLock(self.path, timeout=WAIT, mode=0o600, thread_local=False, on_acquired=_write_pid)
        try:
            lock.acquire()
        except Timeout:
            return self._holder()
        except OSError:
            return ""  # the journal cannot be written either, and reports the reason
        self._lock = lock
        return ""

    def _holder(self) -> str:
        with contextlib.suppress(OSError):
            text = self.path.read_text("ascii", "replace")
            return text if text.isdigit() else "?"
        return "?"

    def release(self) -> None:
        if self._lock is not None:
            with contextlib.suppress(OSError):
                # while the lock is held: a filelock that opened this file then opens the new one
                self.path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # its folder may be read-only, or gone
                self._lock.release()
            self._lock = None


def _write_pid(handle: int) -> None:
    with contextlib.suppress(OSError):
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
