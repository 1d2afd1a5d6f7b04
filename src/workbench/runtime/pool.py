"""Replay many transcripts in several replay servers."""

from __future__ import annotations

import os
import select
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol, TypeVar

from ..replay.case import Case, intern_strings
from .process import CAN_FORK
from .replay_job import ReplayJob
from .replay_server import RepeatedReplay, ReplayServer, crashed_case

CHUNK = 24  # transcripts for which a further server is worth its start
T = TypeVar("T")
R = TypeVar("R")

AHEAD = 16  # requests that a server has beside the current one


def replay_files(work: ReplayJob, paths: Iterable[str]) -> list[Case]:
    """Replay a share in order, in a server of its own; for pools that run on other machines."""
    with ReplayServer(work) as server:
        return [server.case(path) for path in paths]


class Pool(Protocol):
    """Replays files somewhere."""

    def cases(self, work: ReplayJob, paths: Sequence[str]) -> Iterator[tuple[int, Case]]:
        """Yield (index, case) of every path, in any order, each once.

        A path whose process crashes or hangs gets an ERROR: none is left out.
        """
        ...


class ServerPool(NamedTuple):
    """Starts `jobs` replay servers (0: one per core)."""

    jobs: int = 0

    def cases(self, work: ReplayJob, paths: Sequence[str]) -> Iterator[tuple[int, Case]]:
        if work.options.repeat:
            yield from _repeated(work, paths)
            return
        if not CAN_FORK:  # and `select` does not wait for pipes there
            yield from enumerate(replay_files(work, paths))
            return
        count = min(self.jobs or os.cpu_count() or 1, max(1, len(paths) // CHUNK))
        todo = deque(enumerate(paths))
        servers = [_Share(ReplayServer(work)) for _ in range(min(count, len(paths)))]
        try:
            for share in servers:
                share.fill(todo)
            while busy := {share.server.pipe: share for share in servers if share.sent}:
                ready, _, _ = select.select(list(busy), [], [])
                for pipe in ready:
                    yield from busy[pipe].receive(todo)
        finally:
            for share in servers:
                share.server.close()


class _Share:
    """A server, and the requests that it has not answered, oldest first."""

    def __init__(self, server: ReplayServer) -> None:
        self.server = server
        self.sent: deque[tuple[int, str]] = deque()

    def fill(self, todo: deque[tuple[int, str]]) -> None:
        """Send requests until the server has enough."""
        while todo and len(self.sent) <= AHEAD:
            self.sent.append(todo.popleft())
            self.server.send(self.sent[-1][1])

    def receive(self, todo: deque[tuple[int, str]]) -> Iterator[tuple[int, Case]]:
        """Yield the cases that have arrived; if the server has ended, another gets the rest."""
        try:
            cases = self.server.receive()
        except EOFError:
            index, path = self.sent.popleft()
            self.server.close()
            yield index, crashed_case(path, "the replay server ended unexpectedly")
            todo.extendleft(reversed(self.sent))
            self.sent.clear()
            cases = []
        for case in cases:
            yield self.sent.popleft()[0], intern_strings(case)
        self.fill(todo)


def run_on_servers(tasks: Iterable[T], work: Callable[[ReplayServer, T], R], jobs: int = 0) -> Iterator[R]:
    """Yield the results of `work` on every task in order of completion, on `jobs` servers (0: one per core).

    `work` runs in a thread and has its server for itself.
    """
    from concurrent.futures import ThreadPoolExecutor, as_completed

    todo = list(tasks)
    count = min(jobs or os.cpu_count() or 1, max(1, len(todo)))
    servers = [ReplayServer(ReplayJob("")) for _ in range(count)]
    free = servers.copy()

    def run(task: T) -> R:
        server = free.pop()
        try:
            return work(server, task)
        finally:
            free.append(server)

    with ThreadPoolExecutor(count) as threads:
        futures = [threads.submit(run, task) for task in todo]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            for server in servers:
                server.stop()
            threads.shutdown(cancel_futures=True)
            for server in servers:
                server.close()


def _repeated(work: ReplayJob, paths: Sequence[str]) -> Iterator[tuple[int, Case]]:
    repeated = RepeatedReplay(work)
    try:
        yield from ((index, repeated.case(path)) for index, path in enumerate(paths))
    finally:
        repeated.close()


def pool(jobs: int = 0) -> Pool:
    """Create the pool that `workbench replay` uses; change it here to use another."""
    return ServerPool(jobs)
