"""A process that has loaded one agent, and forks a process for every run.

It never runs a conversation itself, so every run starts from the same state: the agent as it was
loaded, and nothing else. No state is restored, because none is left. The verdict is decided
elsewhere, from the report of the run.

`serve` runs in the process, `AgentProcess` is the side that asks.
"""

from __future__ import annotations

import gc
import os
import select
import signal
from pathlib import Path

import msgspec

from ..machine import machine_error
from ..replay.agent_outline import AgentOutline
from ..replay.run_request import RunRequest
from .process import (
    SIZE_BYTES,
    Fork,
    Frames,
    HangTimer,
    StackDump,
    fork,
    frame,
    isolate,
    limit_memory,
    own_pid,
    write_all,
)
from .replay_job import ReplayJob
from .run import Loaded, Runner
from .run_report import RunReport, decode_report, encode_report

POLL_INTERVAL = 0.1  # seconds
ENDED = "journey code ended its process"
REFUSED = "journey code used the network or started a program, and the system ended its process"

# the first byte of a message
LOADED, STARTED, REPORT, EXITED = b"L", b"S", b"R", b"E"

_decode_request = msgspec.json.Decoder(RunRequest).decode
_decode_loaded = msgspec.json.Decoder(Loaded).decode


class AgentProcess:
    """Starts the process and asks it for runs. `loaded` describes the agent, or says why it did not load."""

    def __init__(self, job: ReplayJob, agent: str) -> None:
        self._job = job
        self._stacks = StackDump()
        requests, self._requests = os.pipe()
        parent = os.getpid()

        def work(answers: int) -> None:
            os.close(self._requests)
            serve(job, agent, requests, answers, self._stacks.name, parent)

        self._fork: Fork = fork(work)
        os.close(requests)
        self._frames, self._messages = Frames(), list[bytes]()
        self._running = self._fork.pid
        self.alive = True
        self.loaded = self._load(agent)

    def _load(self, agent: str) -> Loaded:
        try:
            return _decode_loaded(self._receive()[1:])
        except (EOFError, TimeoutError, msgspec.DecodeError) as error:
            self.alive = False
            why = f"while loading: {str(error) or ENDED}"
            return Loaded(AgentOutline(agent), f"{agent}/agent.py: {why}", f"{agent}/agent.py:1")

    def run(self, request: RunRequest) -> RunReport:
        """Run a recording; a run that hangs or ends its process is reported as an error."""
        started = False
        try:
            write_all(self._requests, frame(msgspec.json.encode(request)))
            while True:
                message = self._receive()
                kind, body = message[:1], message[1:]
                if kind == REPORT:
                    return decode_report(body)
                if kind == STARTED:
                    started, self._running = True, int(body)
                elif started:  # it exited without a report
                    refused = -int(body) == getattr(signal, "SIGSYS", 0)
                    return RunReport(error=(REFUSED if refused else ENDED) + repr(body), not_run="exited")
        except TimeoutError as error:
            self.alive = False
            return RunReport(error=str(error), not_run="hung")
        except (OSError, EOFError):
            self.alive = False
            return RunReport(error=ENDED, not_run="exited")
        except (msgspec.DecodeError, ValueError) as error:
            self.alive = False
            return RunReport(error=f"its process sent an invalid report: {error}")

    def _receive(self) -> bytes:
        """Return the next message. Raises EOFError if the process has ended, and TimeoutError if it hangs."""
        timer = HangTimer(self._job.hang_timeout)
        while not self._messages:
            if select.select([self._fork.pipe], [], [], min(POLL_INTERVAL, self._job.hang_timeout))[0]:
                chunk = os.read(self._fork.pipe, 1 << 20)
                if not chunk:
                    raise EOFError
                timer.reset()
                self._messages += self._frames.feed(chunk)
            elif timer.expired:
                root = Path(self._job.journeys)
                raise TimeoutError(self._stacks.hang_message(self._running, root, self._job.hang_timeout))
        return self._messages.pop(0)

    def close(self) -> None:
        """End the process and its run."""
        os.close(self._requests)
        self._fork.kill_group()
        self._fork.reap()
        self._stacks.remove()


# in the process


def serve(job: ReplayJob, agent: str, requests: int, answers: int, stacks: str, parent: int) -> None:
    """Load the agent, then fork a run for each request until the pipe is closed."""
    os.setpgid(0, 0)  # its runs are ended with it
    isolate(stacks, parent)
    limit_memory(job.memory_limit)
    runner = Runner(job, agent)
    write_all(answers, frame(LOADED + msgspec.json.encode(runner.load())))
    gc.collect()
    gc.freeze()  # else a collection in a run copies every page
    gc.set_threshold(100_000, 50, 100)  # a run is short
    while (data := _read(requests)) is not None:
        try:
            pid = os.fork()
        except OSError as error:
            why = str(machine_error(error) or error)
            write_all(answers, frame(REPORT + encode_report(RunReport(error=why, not_run="exited"))))
            continue
        if pid == 0:
            try:
                _run(runner, job, data, requests, answers)
            finally:
                os._exit(1)
        _, status = os.waitpid(pid, 0)
        write_all(answers, frame(EXITED + str(os.waitstatus_to_exitcode(status)).encode()))


def _run(runner: Runner, job: ReplayJob, data: bytes | None, requests: int, answers: int) -> None:
    """Run one request, or all further ones if the process is shared."""
    while data is not None:
        write_all(answers, frame(STARTED + str(own_pid()).encode()))
        write_all(answers, frame(REPORT + encode_report(runner.run(_decode_request(data)))))
        data = _read(requests) if job.shared else None
    os._exit(0)


def _read(pipe: int) -> bytes | None:
    """Read one message; None at the end."""
    head = _read_exactly(pipe, SIZE_BYTES)
    return _read_exactly(pipe, int.from_bytes(head, "big")) if head else None


def _read_exactly(pipe: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = os.read(pipe, size - len(data))
        if not chunk:
            return b""
        data += chunk
    return data
