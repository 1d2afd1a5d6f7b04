"""The process of an agent, and the processes that it forks for runs.

The process of the agent loads it and never runs a conversation itself, so every run starts from the
same state: the agent as it was loaded, and nothing else. A run reports into a pipe of its own, and has
no other: neither the requests nor the verdicts pass through it.
"""

from __future__ import annotations

import contextlib
import gc
import os

import msgspec

from ..errors import JourneyError
from ..machine import machine_error
from ..replay.run_request import RunRequest
from .confinement import end_with_parent
from .process import SIZE_BYTES, close_others, frame, isolate, limit_memory, write_all
from .replay_job import ReplayJob
from .run import AgentRunner
from .run_report import RunReport, encode_report

# the first byte of a message
LOADED, PREPARING, STARTED, REPORT, EXITED = b"L", b"P", b"S", b"R", b"E"

_decode = msgspec.json.Decoder(RunRequest).decode


def serve(job: ReplayJob, agent: str, requests: int, answers: int, stacks: int | None, parent: int) -> None:
    """Load the agent, then answer each request with the report of a run, until the pipe is closed."""
    close_others(requests, answers, stacks)
    os.setpgid(0, 0)  # its runs are ended with it
    isolate(stacks, parent)
    limit_memory(job.memory_limit)
    runner = AgentRunner(job, agent)
    write_all(answers, frame(LOADED + msgspec.json.encode(runner.load())))
    gc.collect()
    gc.freeze()  # else a collection in a run copies every page
    gc.set_threshold(100_000, 50, 100)  # a run is short
    run: _Run | None = None
    while (data := _read(requests)) is not None:
        if job.options.tools == "sandbox" and (size := runner.unprepared_bytes(request := _decode(data))):
            write_all(answers, frame(PREPARING + str(size).encode()))
            runner.prepare(request)
            gc.freeze()
            if run is not None:  # a shared one, which does not have the fixture
                run.end()
                run = None
        try:
            if run is None:
                run = _Run(runner, job.shared, (requests, answers))
        except OSError as error:
            why = str(machine_error(error) or error)
            write_all(answers, frame(REPORT + encode_report(RunReport(error=why, not_run="exited"))))
            continue
        write_all(answers, frame(STARTED + str(run.pid).encode()))
        report = run.report(data)
        if report is None or not job.shared:
            status = run.end()
            run = None
        write_all(answers, frame(EXITED + str(status).encode() if report is None else REPORT + report))


class _Run:
    """A process that runs one request or, if it is shared, one after the other."""

    def __init__(self, runner: AgentRunner, shared: bool, close: tuple[int, ...]) -> None:
        theirs, self._requests = os.pipe()
        self._reports, ours = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                for pipe in (*close, self._requests, self._reports):
                    os.close(pipe)
                end_with_parent()
                _work(runner, shared, theirs, ours)
            finally:
                os._exit(1)
        os.close(theirs)
        os.close(ours)

    def report(self, data: bytes) -> bytes | None:
        """Send a request and return its encoded report; None if the process has ended."""
        with contextlib.suppress(BrokenPipeError):
            write_all(self._requests, frame(data))
        return _read(self._reports)

    def end(self) -> int:
        """Close the pipes, wait for the end of the process and return its exit code."""
        os.close(self._requests)
        os.close(self._reports)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def _work(runner: AgentRunner, shared: bool, requests: int, reports: int) -> None:
    """Report one request, or all of them if the process is shared, and exit."""
    while (data := _read(requests)) is not None:
        try:
            report = runner.run(_decode(data))
        except JourneyError as error:
            report = RunReport(error=str(error), where=error.where)
        write_all(reports, frame(encode_report(report)))
        if not shared:
            break
    os._exit(0)


def _read(pipe: int) -> bytes | None:
    """Read one message; None at the end."""
    head = _read_exactly(pipe, SIZE_BYTES)
    return _read_exactly(pipe, int.from_bytes(head, "big")) if head else None


def _read_exactly(pipe: int, size: int) -> bytes | None:
    """Read `size` bytes; None if the pipe ends before."""
    data = bytearray(size)
    view, done = memoryview(data), 0
    while done < size:
        count = os.readv(pipe, [view[done:]])
        if not count:
            return None
        done += count
    return bytes(data)
