"""The processes that journey code starts: they end with the worker that started them."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil


class Descendants:
    """The processes below a worker, also those that it started in a session of their own.

    They are noted while the worker lives, because the children of a process that has ended have another parent.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._noted: set[psutil.Process] = set()

    def note(self) -> None:
        """Note the processes that run now. Takes some milliseconds."""
        import psutil  # 30 ms; most workers start nothing

        with contextlib.suppress(psutil.Error, OSError):
            self._noted.update(psutil.Process(self.pid).children(recursive=True))

    def end(self) -> None:
        """End the noted processes; one with a number that was given to another process is not touched."""
        import psutil

        for process in self._noted:
            with contextlib.suppress(psutil.Error, OSError):
                process.kill()
        self._noted.clear()


def end_own_descendants() -> None:
    """End all processes that this one has started."""
    started = Descendants(os.getpid())
    started.note()
    started.end()
