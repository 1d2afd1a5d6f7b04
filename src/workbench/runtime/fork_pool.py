"""Replay many transcripts in forked processes."""

from __future__ import annotations

import gc
import os
import select
import signal
import sys
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
from .replayer import ENDED, Replayer, ReplayJob, blame_previous, crashed_case, replay_safely
from .subprocess_pool import RUN_COUNT, RepeatedReplay
from .supervision import StackDump, exit_with_parent, install_dump_handler

CHUNK = 64  # transcripts a process is worth starting for
HANG_TIMEOUT = 10.0  # seconds without a word before a process counts as stuck
POLL_INTERVAL = 1.0  # seconds that two looks lie apart at most, or this process did not run
POLL_PAUSE = 0.01  # seconds between two looks while many are left: hearing each case by itself costs a core

_PACK = msgspec.json.Encoder()  # unlike msgpack it knows numbers of any size
_UNPACK: msgspec.json.Decoder[tuple[int, Case]] = msgspec.json.Decoder(tuple[int, Case])


class Task(Protocol):
    """What a crew does, by index: `case` in a process of its own; `lost` here, where that process went away.

    `after` was done before it in the same process.
    """

    def case(self, index: int) -> Case: ...
    def lost(self, index: int, why: str, after: int | None = None) -> Case: ...


class FileTask(NamedTuple):
    """Replay the files at `paths`, each by `one`. What that needs is made before the forks, agents load after."""

    one: Callable[[str], Case]
    paths: list[str]

    def case(self, index: int) -> Case:
        return self.one(self.paths[index])

    def lost(self, index: int, why: str, after: int | None = None) -> Case:
        return crashed_case(self.paths[index], why + ("" if after is None else blame_previous(self.paths[after])))


class InMemoryTask(NamedTuple):
    """Replay transcripts that are no files yet, on an agent loaded here."""

    transcripts: list[Transcript]
    agent: Agent
    options: Options = DEFAULT

    def case(self, index: int) -> Case:
        transcript = self.transcripts[index]
        return Case("", header_of(transcript), replay_safely(transcript, self.agent, self.options))

    def lost(self, index: int, why: str, after: int | None = None) -> Case:
        return Case("", header_of(self.transcripts[index]), ReplayResult(Verdict.ERROR, why))


class _Process(msgspec.Struct):
    """One process and its share: indexes still to do, the one it is at first."""

    pid: int
    pipe: int
    stacks: StackDump
    left: deque[int]
    last_heard_at: float = msgspec.field(default_factory=time.monotonic)
    told: int | None = None  # the one it did last
    data: bytearray = msgspec.field(default_factory=bytearray)


def run_tasks(
    task: Task, total: int, root: Path, *, jobs: int = 0, patience: float = HANG_TIMEOUT
) -> Iterator[tuple[int, Case]]:
    """(index, case) for every index below `total`, as they come."""
    if not hasattr(os, "fork"):
        yield from ((index, task.case(index)) for index in range(total))
        return
    count = min(jobs or os.cpu_count() or 1, max(1, total // CHUNK))
    hands = {h.pipe: h for h in (_start(task, list(range(n, total, count))) for n in range(count))}
    try:
        looked = time.monotonic()
        while hands:
            ready, _, _ = select.select(list(hands), [], [], 0.1)
            away = time.monotonic() - looked - POLL_INTERVAL
            looked = time.monotonic()
            if away > 0:  # stopped (ctrl+z), as they may have been: that is nobody's silence
                for hand in hands.values():
                    hand.last_heard_at += away
            for pipe in ready:
                yield from _receive(hands, pipe, task)
            if sum(len(hand.left) for hand in hands.values()) > CHUNK:
                time.sleep(POLL_PAUSE)
            for hand in list(hands.values()):
                if time.monotonic() - hand.last_heard_at > patience:
                    where = hand.stacks.innermost_journey_line(hand.pid, root)
                    os.kill(hand.pid, signal.SIGKILL)
                    why = f"journey code hung for {patience:g} s" + (f" at {where}" if where else "")
                    yield from _replace(hands, hand, why, task)
    finally:
        for hand in hands.values():
            os.kill(hand.pid, signal.SIGKILL)
            _clear(hand)


def replay_one(transcript: Transcript, agent: Agent, root: Path) -> ReplayResult:
    """The outcome of one transcript, in a process of its own."""
    return next(case.outcome for _, case in run_tasks(InMemoryTask([transcript], agent), 1, root))


def _start(task: Task, share: list[int]) -> _Process:
    ours, theirs = os.pipe()
    stacks = StackDump()
    sys.stdout.flush()
    sys.stderr.flush()
    gc.freeze()  # or the first collection in the fork would copy every page
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(ours)
            exit_with_parent(parent, stacks.name)
            _work(task, share, theirs, stacks.name)
        finally:
            os._exit(0)  # also where ctrl+c comes right now: this must not live on as a second command
    os.close(theirs)
    return _Process(pid, ours, stacks, deque(share))


def _work(task: Task, share: list[int], pipe: int, stacks: str) -> None:
    """The life of a forked process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    quiet = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(quiet, fd)
    install_dump_handler(stacks)
    for index in share:
        body = _PACK.encode((index, task.case(index)))
        data = len(body).to_bytes(4, "big") + body
        while data:
            data = data[os.write(pipe, data) :]


def _receive(hands: dict[int, _Process], pipe: int, task: Task) -> Iterator[tuple[int, Case]]:
    hand = hands[pipe]
    chunk = os.read(pipe, 1 << 20)
    hand.last_heard_at = time.monotonic()
    if not chunk:
        yield from _replace(hands, hand, ENDED, task)
        return
    hand.data += chunk
    while len(hand.data) >= 4:
        size = int.from_bytes(hand.data[:4], "big")
        if len(hand.data) < 4 + size:
            break
        index, case = _UNPACK.decode(bytes(hand.data[4 : 4 + size]))
        del hand.data[: 4 + size]
        hand.told = hand.left.popleft()
        yield index, intern_strings(case)


def _replace(hands: dict[int, _Process], hand: _Process, why: str, task: Task) -> Iterator[tuple[int, Case]]:
    """A process is gone. The transcript it was at is an ERROR; another goes on after it."""
    del hands[hand.pipe]
    _clear(hand)
    if not hand.left:
        return
    first, *rest = hand.left
    yield first, task.lost(first, why, hand.told if why == ENDED else None)
    if rest:
        heir = _start(task, rest)
        hands[heir.pipe] = heir


def _clear(hand: _Process) -> None:
    os.close(hand.pipe)
    os.waitpid(hand.pid, 0)
    hand.stacks.remove()


class Pool(Protocol):
    def cases(self, work: ReplayJob, paths: Sequence[str]) -> Iterator[tuple[int, Case]]:
        """(index, case) of every path, in any order, each once.

        A path whose process goes away or hangs has an ERROR for a case (`share.lost`): none is left out.
        """
        ...


class ForkPool(NamedTuple):
    """Processes forked from this one, so many (0: one a core). One silent for `patience` seconds hangs."""

    jobs: int = 0
    hang_timeout: float = HANG_TIMEOUT

    def cases(self, work: ReplayJob, paths: Sequence[str]) -> Iterator[tuple[int, Case]]:
        one, patience = Replayer(work).case, self.hang_timeout
        if work.options.repeat:
            one, patience = RepeatedReplay(work, patience).case, patience * (RUN_COUNT + 1)
        task = FileTask(one, list(paths))
        return run_tasks(task, len(paths), Path(work.journeys), jobs=self.jobs, patience=patience)


def pool(jobs: int = 0, patience: float = HANG_TIMEOUT) -> Pool:
    """The pool that `workbench replay` uses: the one place where another is put."""
    return ForkPool(jobs, patience)
