"""Ask a replay server: a process that judges one transcript after another.

Every replay goes through one: `workbench replay`, pytest, `accept`, `mutate`, `coverage`, saving. It
starts the same way everywhere (`server_start`), judges (`replayer`), and leaves journey code to
processes of its own (`agent_process`).
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path
from types import TracebackType

import msgspec

from ..replay.case import Case
from ..replay.verdict import ReplayResult, Verdict, first_divergence
from .process import Frames, frame
from .replay_job import ReplayJob, ReplayRequest
from .server_start import HASH_SEED, start_server

OTHER_HASH_SEEDS = ("1", "2")  # of the servers that repeat a replay, for other orders of sets

_DECODE_CASE = msgspec.json.Decoder(Case).decode
_ENCODE = msgspec.msgpack.Encoder().encode


class ReplayServer:
    """The side that asks. A server starts at the first request, and again after it has ended."""

    def __init__(self, job: ReplayJob, hash_seed: str = HASH_SEED) -> None:
        self.job, self._hash_seed = job, hash_seed
        self._process: subprocess.Popen[bytes] | None = None
        self._frames = Frames()
        self._stopped = False

    def __enter__(self) -> ReplayServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pipe(self) -> int:
        """Return the file descriptor that answers arrive at."""
        assert self._process is not None
        assert self._process.stdout is not None
        return self._process.stdout.fileno()

    def case(self, path: str, data: bytes | None = None) -> Case:
        """Replay one file, or `data`. Raises nothing that a file or a journey may cause."""
        try:
            self.send(path, data)
            while True:
                for case in self.receive():
                    return case
        except EOFError:
            self.close()
            return crashed_case(path, "the replay server ended unexpectedly")
        except BaseException:  # the caller was interrupted: a late answer must not be taken for the next
            self.close()
            raise

    def set_job(self, job: ReplayJob) -> None:
        """Use another job from the next request on."""
        if job is self.job:
            return
        self.job = job
        if self._process is not None:
            self._write(job)

    def send(self, path: str, data: bytes | None = None) -> None:
        """Send a request without waiting for its answer. Raises EOFError after `stop`."""
        if self._stopped:
            raise EOFError
        if self._process is None:
            self._process = start_server(self._hash_seed)
            self._write(self.job)
        self._write(ReplayRequest(path, data))

    def receive(self) -> list[Case]:
        """Wait for data; return the cases that are complete. Raises EOFError if the server has ended."""
        chunk = os.read(self.pipe, 1 << 20)
        if not chunk:
            raise EOFError
        return [_DECODE_CASE(message) for message in self._frames.feed(chunk)]

    def _write(self, message: ReplayJob | ReplayRequest) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # `receive` reports that it has ended
            self._process.stdin.write(frame(_ENCODE(message)))
            self._process.stdin.flush()

    def stop(self) -> None:
        """End the server for good; thread-safe: a request in another thread gets an ERROR."""
        self._stopped = True
        process = self._process
        if process is not None:
            process.kill()

    def close(self) -> None:
        """End the server; the next request starts another."""
        process, self._process, self._frames = self._process, None, Frames()
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):  # a request that the server has not read
                    pipe.close()


class RepeatedReplay:
    """Replays each file in several servers with different orders of sets, to find code that depends on them."""

    def __init__(self, job: ReplayJob) -> None:
        once = msgspec.structs.replace(job.options, repeat=False, fingerprint=True)
        repeated = msgspec.structs.replace(job, options=once)
        self._first = ReplayServer(job)
        self._others = [(seed, ReplayServer(repeated, seed)) for seed in OTHER_HASH_SEEDS]

    def close(self) -> None:
        """End the servers."""
        for server in (self._first, *(server for _, server in self._others)):
            server.close()

    def case(self, path: str, data: bytes | None = None) -> Case:
        """Replay one file. Raises nothing that a file or a journey may cause."""
        case = self._first.case(path, data)
        for seed, other in self._others:
            outcome = case.outcome
            if outcome.verdict in (Verdict.ERROR, Verdict.FLAKY):
                break
            again = other.case(case.path, data).outcome
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


def crashed_case(path: str, why: str) -> Case:
    """Return the case of a file whose replay was lost."""
    from ..transcripts.codec import read  # only here: the server reads the files
    from ..transcripts.header import header_of

    try:
        head = header_of(read(Path(path)))
    except Exception:  # the cause of the crash may be in the file
        head = None
    return Case(path, head, ReplayResult(Verdict.ERROR, why, not_run="exited"))
