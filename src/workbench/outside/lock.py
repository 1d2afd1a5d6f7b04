"""A file that one process at a time holds, and that says which one."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

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

    def take(self) -> str:
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
