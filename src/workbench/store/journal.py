"""Append-only JSON Lines files, with a lock."""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path


class Journal:
    """`problem` says why something waits; "" while all is written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problem = ""
        self._lock = Lock(path.with_suffix(".lock"))
        self._file: io.FileIO | None = None
        self._waiting = bytearray()

    def lock(self, size: int | None) -> str:
        """Make it ours to add to; gives back why it is not, or "". `size`: its bytes when it was read."""
        if self._lock.held:
            return ""
        holder = self._lock.acquire()
        if holder:
            return f"another workbench (pid {holder}) has this conversation open"
        if size is not None and self.path.is_file() and self.path.stat().st_size != size:
            self._lock.release()
            return "another workbench went on with this conversation since it was read"
        return ""

    def append(self, line: bytes) -> None:
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


try:
    import fcntl
except ImportError:  # Windows: nobody is kept out there
    fcntl = None  # type: ignore[assignment]


class Lock:
    """Held from `take()` to `release()`, or to the end of the process, however it ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle = -1

    @property
    def held(self) -> bool:
        return self._handle >= 0

    def acquire(self) -> str:
        """Take it; gives back "", or the process id of who has it ("?" where that cannot be told)."""
        if self.held or fcntl is None:
            return ""
        while True:
            try:
                handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except OSError:
                return ""  # then nothing can be written here either, and who writes is told why
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.read(handle, 20).decode("ascii", "replace")
                os.close(handle)
                return holder if holder.isdigit() else "?"
            except OSError:  # a file system without locks
                os.close(handle)
                return ""
            if self._is(handle):
                break
            os.close(handle)  # its last holder took the file away between the two lines above
        self._handle = handle
        with contextlib.suppress(OSError):
            os.ftruncate(handle, 0)
            os.write(handle, str(os.getpid()).encode())
        return ""

    def _is(self, handle: int) -> bool:
        with contextlib.suppress(OSError):
            return os.path.samestat(os.fstat(handle), self.path.stat())
        return False

    def release(self) -> None:
        if self.held:
            self.path.unlink(missing_ok=True)
            os.close(self._handle)
            self._handle = -1
