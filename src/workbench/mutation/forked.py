"""Work done in a forked process each, so that nothing it does to itself outlives it.

A process is given so many seconds of work. The system ends it then, whatever
it is at: no handler runs in it and nobody has to watch it.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import msgspec

from ..errors import UsageError

MEMORY = 4 << 30  # bytes a process may take: a mutant that grows without end is ended by it
WAITING = 20  # seconds on the clock for each of work: sleeping is not working

T = TypeVar("T")

TIMED_OUT = "it never ended"
EXITED = "it ended its process"


def run_forked(
    tasks: Sequence[T], work: Callable[[T], Any], jobs: int, seconds: float
) -> Iterator[tuple[int, Any, str]]:
    """(index, what `work` gave as plain data, "") as they come; or (index, None, TIMED_OUT or GONE)."""
    if not hasattr(os, "fork"):
        raise UsageError("this needs processes that can be forked", next="run it on Linux or macOS")
    waiting = list(enumerate(tasks))[::-1]
    running: dict[int, tuple[int, int, bytearray]] = {}  # pipe: (process, index, what it said so far)
    try:
        while waiting or running:
            while waiting and len(running) < (jobs or os.cpu_count() or 1):
                index, task = waiting.pop()
                pid, pipe = _start(task, work, seconds)
                running[pipe] = pid, index, bytearray()
            ready, _, _ = select.select(list(running), [], [])
            for pipe in ready:
                pid, index, data = running[pipe]
                chunk = os.read(pipe, 1 << 20)
                data += chunk
                if not chunk:
                    del running[pipe]
                    os.close(pipe)
                    yield index, *_ended(pid, data)
    finally:
        for pipe, (pid, _, _) in running.items():
            os.kill(pid, signal.SIGKILL)
            os.close(pipe)
            os.waitpid(pid, 0)


def _ended(pid: int, data: bytearray) -> tuple[Any, str]:
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGPROF, signal.SIGALRM):
        return None, TIMED_OUT
    try:
        return msgspec.msgpack.decode(data), ""
    except msgspec.DecodeError:
        return None, EXITED


def _start(task: T, work: Callable[[T], Any], seconds: float) -> tuple[int, int]:
    ours, theirs = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        os.close(ours)
        _live(task, work, seconds, theirs)
    os.close(theirs)
    return pid, ours


def _live(task: T, work: Callable[[T], Any], seconds: float, pipe: int) -> None:
    """The life of a forked process: never returns, says nothing but its result."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for each in (signal.SIGPROF, signal.SIGALRM):
            signal.signal(each, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, seconds)
        signal.setitimer(signal.ITIMER_REAL, seconds * WAITING)
        _bound_memory()
        quiet = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(quiet, fd)
        data = msgspec.msgpack.encode(work(task))
        while data:
            data = data[os.write(pipe, data) :]
    finally:
        os._exit(0)


def _bound_memory() -> None:
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, most))
