"""Processes that run journey code: fork them, isolate them, exchange messages, and end them.

Journey code may print, loop, ignore signals or exit. So a process that runs it has no
streams, ignores ctrl+c, dumps its stack on SIGUSR1 and exits with its parent. The
parent measures the time without a message, and kills a process that hangs.
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

LOOK_SECONDS = (
    1.0  # the longest time that counts between two checks of a timer: more means that this process was stopped
)
DUMP_POLLS = 20  # reads of a stack dump, DUMP_INTERVAL seconds apart
DUMP_INTERVAL = 0.01
SIZE_BYTES = 4  # of the length before each message


# bound here, because a process that runs transcripts pins what `os` returns
_real_getpid, _real_getppid, _real_getpgrp = os.getpid, os.getppid, getattr(os, "getpgrp", os.getpid)

CAN_FORK = hasattr(os, "fork")  # not on Windows


def start_method() -> str:
    """Return how `multiprocessing` starts a process here: by a fork server, or "spawn" without one."""
    import multiprocessing  # a replay forks by itself, and must start fast

    return "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"


# in the process itself


def isolate(stacks: str | int | None = None, parent: int = 0) -> None:
    """Prepare this process for journey code: no streams, no ctrl+c, a stack dump on SIGUSR1.

    `stacks` is the file for the dump, by its name or its open descriptor.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    quiet = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(quiet, stream)
    if stacks and hasattr(faulthandler, "register"):  # not on Windows
        file = open(stacks, "w") if isinstance(stacks, str) else stacks  # noqa: SIM115
        faulthandler.register(signal.SIGUSR1, file=file, all_threads=False)
    if parent:
        exit_with_parent(parent)


def close_others(*kept: int | None) -> None:
    """Close all open descriptors except the standard streams and the given ones."""
    before = 2
    for descriptor in sorted(one for one in kept if one is not None):
        os.closerange(before + 1, descriptor)
        before = descriptor
    os.closerange(before + 1, os.sysconf("SC_OPEN_MAX") if hasattr(os, "sysconf") else 4096)


def exit_with_parent(parent: int) -> None:
    """End this process, and those it started, at most a second after its parent has exited."""
    if not hasattr(signal, "SIGALRM"):  # Windows
        return

    def check(*_: object) -> None:
        if _real_getppid() != parent:
            if _real_getpgrp() == _real_getpid():
                os.killpg(0, signal.SIGKILL)  # and the processes it started
            os._exit(0)

    signal.signal(signal.SIGALRM, check)
    signal.setitimer(signal.ITIMER_REAL, 1.0, 1.0)


def limit_memory(size: int) -> None:
    """Limit the address space of this process to `size` bytes; 0 for no limit."""
    if size:
        with contextlib.suppress(ImportError, OSError, ValueError):  # not on Windows
            import resource

            _, most = resource.getrlimit(resource.RLIMIT_AS)
            resource.setrlimit(resource.RLIMIT_AS, (size, most))


# messages


def frame(message: bytes) -> bytes:
    """Prefix a message with its size."""
    return len(message).to_bytes(SIZE_BYTES, "big") + message


def write_all(pipe: int, data: bytes) -> None:
    """Write all of `data` to a pipe."""
    view = memoryview(data)
    while view:
        view = view[os.write(pipe, view) :]


class Frames:
    """Splits the bytes of a pipe into messages."""

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
    """A forked process, and the pipe with its output."""

    pid: int
    pipe: int

    def kill_group(self) -> None:
        """End the process and those that it started, if it leads a group; it may have ended already."""
        for end in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                end(self.pid, signal.SIGKILL)

    def reap(self) -> int:
        """Close the pipe, wait for the end of the process and return its status."""
        os.close(self.pipe)
        return os.waitpid(self.pid, 0)[1]


def fork(work: Callable[[int], None]) -> Fork:
    """Fork a process that calls `work` with the write end of a pipe, and then exits."""
    ours, theirs = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    gc.freeze()  # else the first collection in the fork copies every page
    try:
        pid = os.fork()
    except OSError:
        os.close(ours)
        os.close(theirs)
        raise
    if pid == 0:
        try:
            os.close(ours)
            work(theirs)
        finally:
            os._exit(0)  # also on ctrl+c right now: this must not continue as a second command
    os.close(theirs)
    return Fork(pid, ours)


class HangTimer:
    """Measures the time without a message. Check it every LOOK_SECONDS or more often.

    A longer time between two checks does not count: this process was stopped
    (ctrl+z), and so was the other.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._silent = 0.0
        self._checked = time.monotonic()
        self._alive = False

    def reset(self) -> None:
        """Restart the timer after a message; thread-safe."""
        self._alive = True

    @property
    def expired(self) -> bool:
        """Return whether there was no message for longer than `seconds`."""
        now = time.monotonic()
        passed, self._checked = min(now - self._checked, LOOK_SECONDS), now
        if self._alive:
            self._silent, self._alive = 0.0, False
        else:
            self._silent += passed
        return self._silent > self.seconds


class StackDump:
    """The file to which a process writes its stack; the parent creates it and passes its name.

    Without a temporary folder the name is "", and no line of a hanging process is found.
    """

    def __init__(self) -> None:
        self.name = ""
        with contextlib.suppress(OSError):
            handle, self.name = tempfile.mkstemp(prefix="workbench-", suffix=".stack")
            os.close(handle)

    def read(self) -> str:
        """Return the dump. Raises OSError."""
        return Path(self.name).read_text("utf-8", "replace")

    def innermost_journey_line(self, pid: int | None, root: Path) -> str:
        """Locate the innermost line of a journey below `root` that the process executes; "" if there is none."""
        if pid is None or not hasattr(signal, "SIGUSR1"):
            return ""
        text = ""
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGUSR1)
            for _ in range(DUMP_POLLS):
                time.sleep(DUMP_INTERVAL)
                before, text = text, self.read()
                if text and text == before:  # the dump is complete
                    break
        return first_journey_line(text, root)

    def hang_message(self, pid: int, root: Path, seconds: float) -> str:
        """Describe a hanging process, with the line that it executes."""
        where = self.innermost_journey_line(pid, root)
        return f"journey code hung for {seconds:g} s" + (f" at {where}" if where else "")

    def remove(self) -> None:
        """Remove the file."""
        with contextlib.suppress(OSError):
            os.unlink(self.name)


class InheritedStackDump(StackDump):
    """The same for a forked process, which inherits the open `descriptor`: no file remains, however it ends."""

    def __init__(self) -> None:
        self.name = ""
        self.descriptor: int | None = None
        with contextlib.suppress(OSError):
            if hasattr(os, "memfd_create"):
                self.descriptor = os.memfd_create("workbench.stack")
            else:
                handle, name = tempfile.mkstemp(prefix="workbench-", suffix=".stack")
                os.unlink(name)
                self.descriptor = handle

    def read(self) -> str:
        """Return the dump. Raises OSError."""
        if self.descriptor is None:
            return ""
        size = os.fstat(self.descriptor).st_size
        return os.pread(self.descriptor, size, 0).decode("utf-8", "replace")

    def remove(self) -> None:
        """Close the file."""
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None
