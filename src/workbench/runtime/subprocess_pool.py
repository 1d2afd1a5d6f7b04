"""Replay transcripts in long-running processes, one for each hash seed."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
from pathlib import Path

import msgspec

from ..replay.case import Case
from ..replay.verdict import Verdict, first_divergence
from .process import SIZE_BYTES, Frames, HangTimer, StackDump, frame, isolate, write_all
from .replayer import ENDED, Replayer, ReplayJob, blame_previous, crashed_case

HANG_TIMEOUT = 10.0  # seconds without an answer before the process counts as hanging
POLL_INTERVAL = 0.1

_DECODER = msgspec.json.Decoder(Case)


class ReplayProcess:
    """Replays files of one project in a long-running process. `seed` is its PYTHONHASHSEED."""

    def __init__(self, work: ReplayJob, hang_timeout: float = HANG_TIMEOUT, seed: str = "") -> None:
        self.work, self.hang_timeout, self.seed = work, hang_timeout, seed
        self._process: subprocess.Popen[bytes] | None = None
        self._stacks: StackDump | None = None
        self._last = ""  # the last path that this process replayed

    def case(self, path: str) -> Case:
        """Replay one file. Raises nothing that a file or a journey may cause."""
        process, stacks = self._running()
        assert process.stdin is not None
        try:
            process.stdin.write(frame(path.encode("utf-8", "surrogateescape")))
            process.stdin.flush()
            answer = self._answer(process)
        except (BrokenPipeError, EOFError):
            why = ENDED + (blame_previous(self._last) if self._last else "")
            self.close()
            return crashed_case(path, why)
        except TimeoutError:
            why = stacks.hang_message(process.pid, Path(self.work.journeys), self.hang_timeout)
            self.close()
            return crashed_case(path, why)
        except BaseException:  # the caller was interrupted: a late answer must not be taken for the next
            self.close()
            raise
        self._last = path
        return _DECODER.decode(answer)

    def _running(self) -> tuple[subprocess.Popen[bytes], StackDump]:
        if self._process is None or self._stacks is None:
            self._stacks = StackDump()
            env = {**os.environ, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)}
            if self.seed:
                env["PYTHONHASHSEED"] = self.seed
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__, msgspec.json.encode(self.work).decode(), self._stacks.name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=env,
            )
        return self._process, self._stacks

    def _answer(self, process: subprocess.Popen[bytes]) -> bytes:
        """Read one message. Raises TimeoutError, or EOFError if the process has ended."""
        assert process.stdout is not None
        pipe, frames, timer = process.stdout.fileno(), Frames(), HangTimer(self.hang_timeout)
        while True:
            if select.select([pipe], [], [], min(POLL_INTERVAL, self.hang_timeout))[0]:
                chunk = os.read(pipe, 1 << 20)
                if not chunk:
                    raise EOFError
                timer.reset()
                for message in frames.feed(chunk):
                    return message
            elif timer.expired:
                raise TimeoutError

    def close(self) -> None:
        """End the process; the next case starts another."""
        process, self._process, self._last = self._process, None, ""
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):  # a path that the process has not read
                    pipe.close()
        if self._stacks is not None:
            self._stacks.remove()


def main(work: str, stacks: str) -> None:
    """Run the process: read paths and write cases until stdin is closed."""
    paths, cases = os.fdopen(os.dup(0), "rb"), os.dup(1)
    isolate(stacks, os.getppid())
    replayer = Replayer(msgspec.json.decode(work.encode(), type=ReplayJob))
    with contextlib.suppress(BrokenPipeError):
        while size := paths.read(SIZE_BYTES):
            path = paths.read(int.from_bytes(size, "big")).decode("utf-8", "surrogateescape")
            write_all(cases, frame(msgspec.json.encode(replayer.case(path))))
    with contextlib.suppress(OSError):  # the parent has exited without closing it
        os.unlink(stacks)


if __name__ == "__main__":
    main(*sys.argv[1:])

HASH_SEEDS = ("1", "2")
RUN_COUNT = 1 + len(HASH_SEEDS)


class RepeatedReplay:
    """Replays each file in several processes, one after the other, with different orders of sets.

    Each has `hang_timeout` seconds, so `case` may take RUN_COUNT times that.
    """

    def __init__(self, work: ReplayJob, hang_timeout: float = HANG_TIMEOUT) -> None:
        once = msgspec.structs.replace(work.options, repeat=False, fingerprint=True)
        repeated = msgspec.structs.replace(work, options=once)
        self._first = ReplayProcess(work, hang_timeout)  # a process starts at its first file
        self._others = [ReplayProcess(repeated, hang_timeout, seed) for seed in HASH_SEEDS]

    def close(self) -> None:
        """End the processes."""
        for process in (self._first, *self._others):
            process.close()

    def case(self, path: str) -> Case:
        """Replay one file. Raises nothing that a file or a journey may cause."""
        case = self._first.case(path)
        for seed, other in zip(HASH_SEEDS, self._others, strict=True):
            outcome = case.outcome
            if outcome.verdict in (Verdict.ERROR, Verdict.FLAKY):
                break
            again = other.case(case.path).outcome
            difference = (
                first_divergence(outcome.fingerprint, again.fingerprint)
                if again.fingerprint
                else f"the other one is {again.verdict}: {again.why}"
            )
            if difference:
                why = f"two replays differ if sets are ordered differently (PYTHONHASHSEED={seed}): {difference}"
                case.outcome = msgspec.structs.replace(outcome, verdict=Verdict.FLAKY, why=why)
        case.outcome.fingerprint = ()
        return case
