"""Replay many transcripts in forked processes."""

from __future__ import annotations

import os
import select
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from ..authoring.agent import Agent
from ..replay.case import Case, intern_strings
from ..replay.verdict import DEFAULT, Options, ReplayResult, Verdict
from ..transcripts.header import header_of
from ..transcripts.transcript import Transcript
from .process import Fork, Frames, HangTimer, StackDump, fork, frame, isolate, write_all
from .replayer import ENDED, Replayer, ReplayJob, blame_previous, crashed_case, replay_safely
from .subprocess_pool import RUN_COUNT, RepeatedReplay

CHUNK = 64  # transcripts for which a further process is worth its start
HANG_TIMEOUT = 10.0  # seconds without a result before a process counts as hanging
POLL_INTERVAL = 0.1  # seconds to wait for a result
POLL_PAUSE = 0.01  # seconds between two reads while many are left: receiving each result alone takes a core

_PACK = msgspec.json.Encoder()  # unlike msgpack, JSON has integers of any size
_UNPACK: msgspec.json.Decoder[tuple[int, Case]] = msgspec.json.Decoder(tuple[int, Case])


class Task(Protocol):
    """Work by index: `case` runs in another process, `lost` in this one if that process crashed.

    `after` is the previous index of the same process.
    """

    def case(self, index: int) -> Case: ...
    def lost(self, index: int, why: str, after: int | None = None) -> Case: ...


class FileTask(NamedTuple):
    """Replays the files at `paths` with `replay`, which loads agents in the forked process."""

    replay: Callable[[str], Case]
    paths: list[str]

    def case(self, index: int) -> Case:
        return self.replay(self.paths[index])

    def lost(self, index: int, why: str, after: int | None = None) -> Case:
        return crashed_case(self.paths[index], why + ("" if after is None else blame_previous(self.paths[after])))


class InMemoryTask(NamedTuple):
    """Replays transcripts that are not files yet, on an agent loaded in this process."""

    transcripts: list[Transcript]
    agent: Agent
    options: Options = DEFAULT

    def case(self, index: int) -> Case:
        transcript = self.transcripts[index]
        return Case("", header_of(transcript), replay_safely(transcript, self.agent, self.options))

    def lost(self, index: int, why: str, after: int | None = None) -> Case:
        return Case("", header_of(self.transcripts[index]), ReplayResult(Verdict.ERROR, why))


class _Process(msgspec.Struct):
    """A forked process and its remaining indexes, the current one first."""

    fork: Fork
    stacks: StackDump
    left: deque[int]
    timer: HangTimer
    frames: Frames = msgspec.field(default_factory=Frames)
    last_index: int | None = None  # the last completed index

    def close(self) -> None:
        self.fork.reap()
        self.stacks.remove()


class _Processes:
    """The processes of one task, by their pipes."""

    def __init__(self, task: Task, root: Path, hang_timeout: float) -> None:
        self.task, self.root, self.hang_timeout = task, root, hang_timeout
        self.running: dict[int, _Process] = {}

    def start(self, share: list[int]) -> None:
        stacks, parent = StackDump(), os.getpid()
        forked = fork(lambda pipe: _work(self.task, share, pipe, stacks.name, parent))
        self.running[forked.pipe] = _Process(forked, stacks, deque(share), HangTimer(self.hang_timeout))

    def receive(self, pipe: int) -> Iterator[tuple[int, Case]]:
        """Yield the cases received from a pipe."""
        process = self.running[pipe]
        chunk = os.read(pipe, 1 << 20)
        process.timer.reset()
        if not chunk:
            yield from self._replace(process, ENDED)
        for message in process.frames.feed(chunk):
            index, case = _UNPACK.decode(message)
            process.last_index = process.left.popleft()
            yield index, intern_strings(case)

    def end_hanging(self) -> Iterator[tuple[int, Case]]:
        """Kill the processes that hang; yields an ERROR for the current index of each."""
        for process in [p for p in self.running.values() if p.timer.expired]:
            why = process.stacks.hang_message(process.fork.pid, self.root, self.hang_timeout)
            process.fork.kill()
            yield from self._replace(process, why)

    def _replace(self, process: _Process, why: str) -> Iterator[tuple[int, Case]]:
        """Yield an ERROR for the current index of a dead process; another process does the rest."""
        del self.running[process.fork.pipe]
        process.close()
        if process.left:
            first, *rest = process.left
            yield first, self.task.lost(first, why, process.last_index if why == ENDED else None)
            if rest:
                self.start(rest)

    @property
    def left(self) -> int:
        """Return the number of remaining indexes."""
        return sum(len(process.left) for process in self.running.values())

    def close(self) -> None:
        for process in self.running.values():
            process.fork.kill()
            process.close()


def run_tasks(
    task: Task, total: int, root: Path, *, jobs: int = 0, hang_timeout: float = HANG_TIMEOUT
) -> Iterator[tuple[int, Case]]:
    """Yield (index, case) for every index below `total`, in order of completion."""
    if not hasattr(os, "fork"):
        yield from ((index, task.case(index)) for index in range(total))
        return
    count = min(jobs or os.cpu_count() or 1, max(1, total // CHUNK))
    processes = _Processes(task, root, hang_timeout)
    try:
        for number in range(count):
            processes.start(list(range(number, total, count)))
        while processes.running:
            ready, _, _ = select.select(list(processes.running), [], [], POLL_INTERVAL)
            for pipe in ready:
                yield from processes.receive(pipe)
            if processes.left > CHUNK:
                time.sleep(POLL_PAUSE)
            yield from processes.end_hanging()
    finally:
        processes.close()


def replay_one(transcript: Transcript, agent: Agent, root: Path) -> ReplayResult:
    """Replay one transcript in a separate process."""
    return next(case.outcome for _, case in run_tasks(InMemoryTask([transcript], agent), 1, root))


def _work(task: Task, share: list[int], pipe: int, stacks: str, parent: int) -> None:
    """Replay a share in a forked process."""
    isolate(stacks, parent)
    for index in share:
        write_all(pipe, frame(_PACK.encode((index, task.case(index)))))


class Pool(Protocol):
    """Replays files somewhere."""

    def cases(self, work: ReplayJob, paths: Sequence[str]) -> Iterator[tuple[int, Case]]:
        """Yield (index, case) of every path, in any order, each once.

        A path whose process crashes or hangs gets an ERROR (`crashed_case`): none is left out.
        """
        ...


class ForkPool(NamedTuple):
    """Forks `jobs` processes (0: one per core); one without a result for `hang_timeout` seconds hangs."""

    jobs: int = 0
    hang_timeout: float = HANG_TIMEOUT

    def cases(self, work: ReplayJob, paths: Sequence[str]) -> Iterator[tuple[int, Case]]:
        replay, timeout = Replayer(work).case, self.hang_timeout
        if work.options.repeat:
            replay, timeout = RepeatedReplay(work, timeout).case, timeout * (RUN_COUNT + 1)
        task = FileTask(replay, list(paths))
        return run_tasks(task, len(paths), Path(work.journeys), jobs=self.jobs, hang_timeout=timeout)


def pool(jobs: int = 0, hang_timeout: float = HANG_TIMEOUT) -> Pool:
    """Create the pool that `workbench replay` uses; change it here to use another."""
    return ForkPool(jobs, hang_timeout)
