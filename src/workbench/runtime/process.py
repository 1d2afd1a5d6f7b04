"""Processes that run journey code: fork, isolate, talk to, watch and end them.

Journey code may print, loop, swallow signals or end its process. So a process
that runs it has no streams, ignores ctrl+c, dumps its stack on SIGUSR1 and ends
with its parent; the parent counts the time without a message, and kills it.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from ..source import first_journey_line

LOOK_SECONDS = 1.0  # the longest time that counts between two looks at a timer: more, and this process was stopped
DUMP_POLLS = 20  # of a stack dump, DUMP_INTERVAL seconds apart
DUMP_INTERVAL = 0.01
SIZE_BYTES = 4  # before each message


# in the process itself


def isolate(stacks: str = "", parent: int = 0) -> None:
    """Prepare this process for journey code: no streams, no ctrl+c, a stack dump on SIGUSR1."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    quiet = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(quiet, stream)
    if stacks and hasattr(faulthandler, "register"):  # not on Windows
        faulthandler.register(signal.SIGUSR1, file=open(stacks, "w"), all_threads=False)  # noqa: SIM115
    if parent:
        exit_with_parent(parent, stacks)


def exit_with_parent(parent: int, file: str = "") -> None:
    """End this process, and remove `file`, at most a second after its parent has gone."""

    def look(*_: object) -> None:
        if os.getppid() != parent:
            with contextlib.suppress(OSError):
                os.unlink(file)
            os._exit(0)

    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, 1.0, 1.0)


# messages


def frame(message: bytes) -> bytes:
    """Put the size of a message before it."""
    return len(message).to_bytes(SIZE_BYTES, "big") + message


def write_all(pipe: int, data: bytes) -> None:
    """Write all of `data` to a pipe."""
    while data:
        data = data[os.write(pipe, data) :]


class Frames:
    """Takes messages out of the bytes that a pipe delivers."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Add a chunk; yields each message that is complete."""
        self._data += chunk
        while len(self._data) >= SIZE_BYTES:
            end = SIZE_BYTES + int.from_bytes(self._data[:SIZE_BYTES], "big")
            if len(self._data) < end:
                return
            message = bytes(self._data[SIZE_BYTES:end])
            del self._data[:end]
            yield message


# in the parent


class Fork(NamedTuple):
    """A forked process, and the pipe on which it delivers."""

    pid: int
    pipe: int

    def kill(self) -> None:
        """End the process at once."""
        os.kill(self.pid, signal.SIGKILL)

    def reap(self) -> int:
        """Close the pipe, wait for the end of the process and return its status."""
        os.close(self.pipe)
        return os.waitpid(self.pid, 0)[1]


def fork(work: Callable[[int], None]) -> Fork:
    """Fork a process that does `work` with the end of a pipe to write to, and then ends."""
    ours, theirs = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    gc.freeze()  # or the first collection in the fork would copy every page
    pid = os.fork()
    if pid == 0:
        try:
            os.close(ours)
            work(theirs)
        finally:
            os._exit(0)  # also on ctrl+c right now: this must not continue as a second command
    os.close(theirs)
    return Fork(pid, ours)


class HangTimer:
    """Counts the time without a sign of life. Ask it every LOOK_SECONDS or more often.

    A longer time between two looks does not count: this process was stopped
    (ctrl+z), and so was the other.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._silent = 0.0
        self._looked = time.monotonic()
        self._alive = False

    def reset(self) -> None:
        """Note a sign of life; any thread may call it."""
        self._alive = True

    @property
    def expired(self) -> bool:
        """Return whether there was no sign of life for longer than `seconds`."""
        now = time.monotonic()
        passed, self._looked = min(now - self._looked, LOOK_SECONDS), now
        if self._alive:
            self._silent, self._alive = 0.0, False
        else:
            self._silent += passed
        return self._silent > self.seconds


class StackDump:
    """The file to which a process writes its stack. The parent makes it and passes its name."""

    def __init__(self) -> None:
        handle, self.name = tempfile.mkstemp(prefix="workbench-", suffix=".stack")
        os.close(handle)

    def innermost_journey_line(self, pid: int | None, root: Path) -> str:
        """Locate the innermost line of a journey below `root` that the process executes; "" if there is none."""
        if pid is None or not hasattr(signal, "SIGUSR1"):
            return ""
        text = ""
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGUSR1)
            for _ in range(DUMP_POLLS):
                time.sleep(DUMP_INTERVAL)
                before, text = text, Path(self.name).read_text("utf-8", "replace")
                if text and text == before:  # the dump is complete
                    break
        return first_journey_line(text, root)

    def hang_message(self, pid: int, root: Path, seconds: float) -> str:
        """Describe a process that hangs, with the line at which it does."""
        where = self.innermost_journey_line(pid, root)
        return f"journey code hung for {seconds:g} s" + (f" at {where}" if where else "")

    def remove(self) -> None:
        """Remove the file."""
        with contextlib.suppress(OSError):
            os.unlink(self.name)
