"""Supervise processes: stack dumps of unresponsive ones, and exit with the parent."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import tempfile
import time
from pathlib import Path

from ..source import first_journey_line

LOOKS = 20  # for the stack, LOOK seconds apart
POLL_INTERVAL = 0.01


class StackDump:
    """The file that one process writes its stack to. It is made here, and named to the process."""

    def __init__(self) -> None:
        handle, self.name = tempfile.mkstemp(prefix="workbench-", suffix=".stack")
        os.close(handle)

    def innermost_journey_line(self, pid: int | None, root: Path) -> str:
        """The innermost line of a journey below `root` that the process stands at, or ""."""
        if pid is None or not hasattr(signal, "SIGUSR1"):
            return ""
        text = ""
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGUSR1)
            for _ in range(LOOKS):
                time.sleep(POLL_INTERVAL)
                before, text = text, Path(self.name).read_text("utf-8", "replace")
                if text and text == before:  # it writes no more
                    break
        return first_journey_line(text, root)

    def remove(self) -> None:
        with contextlib.suppress(OSError):
            os.unlink(self.name)


def install_dump_handler(name: str) -> None:
    """In the process itself: from here on it writes its stack when it is told to. Nothing on Windows."""
    if hasattr(faulthandler, "register"):
        faulthandler.register(signal.SIGUSR1, file=open(name, "w"), all_threads=False)  # noqa: SIM115


def exit_with_parent(parent: int, left: str) -> None:
    """Look every second whether the command is still there: killed, it leaves no journey looping and no file."""

    def look(*_: object) -> None:
        if os.getppid() != parent:
            with contextlib.suppress(OSError):
                os.unlink(left)
            os._exit(0)

    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, 1.0, 1.0)
