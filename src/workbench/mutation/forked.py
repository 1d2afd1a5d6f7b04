"""Run tasks in a forked process each, so that no side effect remains after a task.

The operating system kills a process that has used its CPU time, whatever it does: no
handler runs in it, and the parent does not need to watch it.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import msgspec

from ..errors import UsageError
from ..runtime.process import Fork, fork, isolate, write_all

MEMORY = 4 << 30  # bytes of memory that a process may use
WAITING = 20  # seconds of elapsed time for each second of CPU time, because sleeping uses no CPU

T = TypeVar("T")

TIMED_OUT = "timed out"
EXITED = "the process exited"


def run_forked(
    tasks: Sequence[T], work: Callable[[T], Any], jobs: int, seconds: float
) -> Iterator[tuple[int, Any, str]]:
    """Yield (index, plain result of `work`, "") in order of completion, or (index, None, TIMED_OUT or EXITED)."""
    if not hasattr(os, "fork"):
        raise UsageError("this command needs fork()", hint="run it on Linux or macOS")
    waiting = list(enumerate(tasks))[::-1]
    running: dict[int, tuple[Fork, int, bytearray]] = {}  # by pipe: the process, its index, its result so far
    try:
        while waiting or running:
            while waiting and len(running) < (jobs or os.cpu_count() or 1):
                index, task = waiting.pop()
                process = _start(task, work, seconds)
                running[process.pipe] = process, index, bytearray()
            ready, _, _ = select.select(list(running), [], [])
            for pipe in ready:
                process, index, data = running[pipe]
                chunk = os.read(pipe, 1 << 20)
                data += chunk
                if not chunk:
                    del running[pipe]
                    yield index, *_result(process.reap(), data)
    finally:
        for process, _, _ in running.values():
            process.kill()
            process.reap()


def _result(status: int, data: bytearray) -> tuple[Any, str]:
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGPROF, signal.SIGALRM):
        return None, TIMED_OUT
    try:
        return msgspec.msgpack.decode(data), ""
    except msgspec.DecodeError:
        return None, EXITED


def _start(task: T, work: Callable[[T], Any], seconds: float) -> Fork:
    def run(pipe: int) -> None:
        isolate()
        _limit_time(seconds)
        _limit_memory()
        write_all(pipe, msgspec.msgpack.encode(work(task)))

    return fork(run)


def _limit_time(seconds: float) -> None:
    for each in (signal.SIGPROF, signal.SIGALRM):
        signal.signal(each, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, seconds * WAITING)


def _limit_memory() -> None:
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, most))
