"""A crew of processes that replay transcripts, so that no journey can take the command down.

Each is forked after the transcripts are read, so nothing has to be sent to it;
it loads the agent, replays its share and tells each outcome through a pipe. One
that falls silent or goes away costs the transcript it was at, and is replaced.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from ..errors import WorkbenchError
from ..journey import Agent
from ..replay import Outcome, Verdict, replay
from ..source import journey_line
from ..transcript import Transcript

CHUNK = 64  # transcripts a process is worth starting for
PATIENCE = 10.0  # seconds without a word before a process counts as stuck

_PACK = msgspec.msgpack.Encoder()
_UNPACK: msgspec.msgpack.Decoder[tuple[int, Outcome]] = msgspec.msgpack.Decoder(tuple[int, Outcome])

Loader = Callable[[], Agent]


class _Hand(msgspec.Struct):
    """One process and its share: indexes still to do, the one it is at first."""

    pid: int
    pipe: int
    stacks: Path
    left: list[int]
    heard: float = msgspec.field(default_factory=time.monotonic)
    data: bytearray = msgspec.field(default_factory=bytearray)


def replay_all(
    transcripts: list[Transcript], load: Loader, root: Path, *, jobs: int = 0, patience: float = PATIENCE
) -> Iterator[tuple[int, Outcome]]:
    """(index, outcome) of every transcript, as they come. All are of the one agent that `load` gives."""
    if not hasattr(os, "fork"):
        yield from _in_process(transcripts, load)
        return
    count = min(jobs or os.cpu_count() or 1, max(1, len(transcripts) // CHUNK))
    hands = {
        h.pipe: h
        for h in (_start(transcripts, list(range(n, len(transcripts), count)), load) for n in range(count))
    }
    try:
        while hands:
            ready, _, _ = select.select(list(hands), [], [], 0.1)
            for pipe in ready:
                yield from _hear(hands, pipe, transcripts, load)
            for hand in list(hands.values()):
                if time.monotonic() - hand.heard > patience:
                    where = _stack(hand, root)
                    os.kill(hand.pid, signal.SIGKILL)
                    why = f"journey code hung for {patience:g} s" + (f" at {where}" if where else "")
                    yield from _bury(hands, hand, why, transcripts, load)
    finally:
        for hand in hands.values():
            os.kill(hand.pid, signal.SIGKILL)
            _clear(hand)


def _in_process(transcripts: list[Transcript], load: Loader) -> Iterator[tuple[int, Outcome]]:
    try:
        agent = load()
    except WorkbenchError as error:
        for index in range(len(transcripts)):
            yield index, Outcome(Verdict.ERROR, str(error))
        return
    for index, transcript in enumerate(transcripts):
        yield index, _safely(transcript, agent)


def _start(transcripts: list[Transcript], share: list[int], load: Loader) -> _Hand:
    ours, theirs = os.pipe()
    stacks = Path(os.environ.get("TMPDIR", "/tmp"), f"workbench-{os.getpid()}-{ours}.stack")
    sys.stdout.flush()
    sys.stderr.flush()
    gc.freeze()  # or the first collection in the fork would copy every page
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        os.close(ours)
        _end_with(parent)
        _work(transcripts, share, load, theirs, stacks)
    os.close(theirs)
    return _Hand(pid, ours, stacks, share)


def _end_with(parent: int) -> None:
    """Look every second whether the command is still there: killed, it leaves no journey looping behind."""
    signal.signal(signal.SIGALRM, lambda *_: None if os.getppid() == parent else os._exit(0))
    signal.setitimer(signal.ITIMER_REAL, 1.0, 1.0)


def _work(transcripts: list[Transcript], share: list[int], load: Loader, pipe: int, stacks: Path) -> None:
    """The life of a forked process: never returns, never lets an exception of a journey's out."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        quiet = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(quiet, fd)
        stack_file = stacks.open("w")
        faulthandler.register(signal.SIGUSR1, file=stack_file, all_threads=False)
        failure = ""
        try:
            agent = load()
        except WorkbenchError as error:
            failure = str(error)
        for index in share:
            outcome = Outcome(Verdict.ERROR, failure) if failure else _safely(transcripts[index], agent)
            body = _PACK.encode((index, outcome))
            data = len(body).to_bytes(4, "big") + body
            while data:
                data = data[os.write(pipe, data) :]
    finally:
        os._exit(0)


def _safely(transcript: Transcript, agent: Agent) -> Outcome:
    """A replay whose every failure is an outcome."""
    try:
        return replay(transcript, agent)
    except WorkbenchError as error:
        return Outcome(Verdict.ERROR, str(error))
    except Exception as error:  # ours: say so, and do not take the others' results along
        import traceback

        return Outcome(Verdict.ERROR, "a bug of Workbench: " + "".join(traceback.format_exception(error)))


def _hear(
    hands: dict[int, _Hand], pipe: int, transcripts: list[Transcript], load: Loader
) -> Iterator[tuple[int, Outcome]]:
    hand = hands[pipe]
    chunk = os.read(pipe, 1 << 20)
    hand.heard = time.monotonic()
    if not chunk:
        yield from _bury(hands, hand, "journey code ended its process", transcripts, load)
        return
    hand.data += chunk
    while len(hand.data) >= 4:
        size = int.from_bytes(hand.data[:4], "big")
        if len(hand.data) < 4 + size:
            break
        index, outcome = _UNPACK.decode(bytes(hand.data[4 : 4 + size]))
        del hand.data[: 4 + size]
        hand.left.remove(index)
        yield index, outcome


def _bury(
    hands: dict[int, _Hand], hand: _Hand, why: str, transcripts: list[Transcript], load: Loader
) -> Iterator[tuple[int, Outcome]]:
    """A process is gone. The transcript it was at is an ERROR; another goes on after it."""
    del hands[hand.pipe]
    _clear(hand)
    if not hand.left:
        return
    lost, *rest = hand.left
    yield lost, Outcome(Verdict.ERROR, why)
    if rest:
        heir = _start(transcripts, rest, load)
        hands[heir.pipe] = heir


def _clear(hand: _Hand) -> None:
    os.close(hand.pipe)
    os.waitpid(hand.pid, 0)
    hand.stacks.unlink(missing_ok=True)


def _stack(hand: _Hand, root: Path) -> str:
    """The innermost journey line a process stands at, or ""."""
    os.kill(hand.pid, signal.SIGUSR1)
    time.sleep(0.1)
    try:
        text = hand.stacks.read_text("utf-8", "replace")
    except OSError:
        return ""
    return journey_line(text, root)
