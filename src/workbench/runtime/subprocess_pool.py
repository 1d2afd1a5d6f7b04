"""Replay transcripts in separate processes: one kept process, and runs with other hash seeds."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import msgspec

from ..replay.case import Case
from ..replay.verdict import Verdict, first_divergence
from .replayer import ENDED, Replayer, ReplayJob, blame_previous, crashed_case
from .supervision import StackDump, exit_with_parent, install_dump_handler

PATIENCE = 10.0  # seconds without a word before it counts as stuck
LOOK = 0.1

_DECODER = msgspec.json.Decoder(Case)


class ReplayProcess:
    """Replays what lies in one project. `patience` in seconds; `seed`: by which it orders sets."""

    def __init__(self, work: ReplayJob, patience: float = PATIENCE, seed: str = "") -> None:
        self.work, self.hang_timeout, self.seed = work, patience, seed
        self._process: subprocess.Popen[bytes] | None = None
        self._stacks: StackDump | None = None
        self._told = ""  # the path that this process did last

    def case(self, path: str) -> Case:
        """The case of one file. Raises nothing that a file or a journey may hold."""
        process = self._process or self._start()
        assert process.stdin is not None
        try:
            process.stdin.write(_frame(path.encode("utf-8", "surrogateescape")))
            process.stdin.flush()
            answer = self._answer(process)
        except (BrokenPipeError, EOFError):
            told = self._told
            self.close()
            return crashed_case(path, ENDED + (blame_previous(told) if told else ""))
        except TimeoutError:
            where = (
                self._stacks.innermost_journey_line(process.pid, Path(self.work.journeys)) if self._stacks else ""
            )
            self.close()
            return crashed_case(
                path, f"journey code hung for {self.hang_timeout:g} s" + (f" at {where}" if where else "")
            )
        except BaseException:  # whoever asked was cut off: what comes yet is no answer to the next
            self.close()
            raise
        self._told = path
        return _DECODER.decode(answer)

    def _start(self) -> subprocess.Popen[bytes]:
        self._stacks = StackDump()
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)}
        if self.seed:
            env["PYTHONHASHSEED"] = self.seed
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, msgspec.json.encode(self.work).decode(), self._stacks.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=env,
        )
        return self._process

    def _answer(self, process: subprocess.Popen[bytes]) -> bytes:
        size = int.from_bytes(self._read(process, 4), "big")
        return self._read(process, size)

    def _read(self, process: subprocess.Popen[bytes], size: int) -> bytes:
        """So many bytes. Raises TimeoutError, or EOFError where the process is gone."""
        assert process.stdout is not None
        pipe, data = process.stdout.fileno(), b""
        while len(data) < size:
            if not self._ready(pipe):
                raise TimeoutError
            chunk = os.read(pipe, size - len(data))
            if not chunk:
                raise EOFError
            data += chunk
        return data

    def _ready(self, pipe: int) -> bool:
        """Whether there is something in time, in short looks: while this is stopped (ctrl+z) no time counts."""
        waited = 0.0
        while waited < self.hang_timeout:
            if select.select([pipe], [], [], min(LOOK, self.hang_timeout - waited))[0]:
                return True
            waited += LOOK
        return False

    def close(self) -> None:
        """End the process; the next case starts another."""
        process, self._process, self._told = self._process, None, ""
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):  # what it had not read is of no use any more
                    pipe.close()
        if self._stacks is not None:
            self._stacks.remove()


def _frame(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def main(work: str, stacks: str) -> None:
    """The life of the process: paths in, cases out, until nobody asks any more."""
    asked, told = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    quiet = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(quiet, fd)  # what a journey prints is no answer
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    exit_with_parent(os.getppid(), stacks)
    install_dump_handler(stacks)
    share = Replayer(msgspec.json.decode(work.encode(), type=ReplayJob))
    with contextlib.suppress(BrokenPipeError):
        while size := asked.read(4):
            path = asked.read(int.from_bytes(size, "big")).decode("utf-8", "surrogateescape")
            told.write(_frame(msgspec.json.encode(share.case(path))))
            told.flush()
    with contextlib.suppress(OSError):  # nobody closed it: who asked has gone
        os.unlink(stacks)


if __name__ == "__main__":
    main(*sys.argv[1:])

HASH_SEEDS = ("1", "2")
RUN_COUNT = 1 + len(HASH_SEEDS)


class RepeatedReplay:
    """Has each file replayed by one kept process after the other.

    Each may be silent for `patience` seconds, and says itself where it hangs; so `case` may take RUNS times that.
    """

    def __init__(self, work: ReplayJob, patience: float = PATIENCE) -> None:
        once = msgspec.structs.replace(work.options, repeat=False, fingerprint=True)
        there = msgspec.structs.replace(work, options=once)
        self._first = ReplayProcess(work, patience)  # each starts when it is first asked
        self._others = [ReplayProcess(there, patience, seed) for seed in HASH_SEEDS]

    def close(self) -> None:
        for kept in (self._first, *self._others):
            kept.close()

    def case(self, path: str) -> Case:
        """The case of one file. Raises nothing that a file or a journey may hold."""
        case = self._first.case(path)
        for seed, other in zip(HASH_SEEDS, self._others, strict=True):
            outcome = case.outcome
            if outcome.verdict in (Verdict.ERROR, Verdict.FLAKY):
                break
            there = other.case(case.path).outcome
            parted = (
                first_divergence(outcome.fingerprint, there.fingerprint)
                if there.fingerprint
                else f"there it is {there.verdict}: {there.why}"
            )
            if parted:
                why = (
                    f"two replays of it differ where sets are ordered otherwise (PYTHONHASHSEED={seed}): {parted}"
                )
                case.outcome = msgspec.structs.replace(outcome, verdict=Verdict.FLAKY, why=why)
        case.outcome.fingerprint = ()
        return case
