"""Start the process of an agent and ask it for runs; `run_process` is what runs there."""

from __future__ import annotations

import os
import select
import signal
from pathlib import Path

import msgspec

from ..replay.agent_outline import AgentOutline
from ..replay.run_request import RunRequest
from .process import Fork, Frames, HangTimer, InheritedStackDump, fork, frame, write_all
from .replay_job import ReplayJob
from .run import LoadReport
from .run_process import PREPARING, REPORT, STARTED, serve
from .run_report import RunReport, decode_report

POLL_INTERVAL = 0.1  # seconds
PREPARED_PER_SECOND = 100_000  # bytes of a fixture that a slow machine reads and redacts
ENDED = "journey code ended its process"
REFUSED = "journey code used the network or started a program, and the system ended its process"

_decode_loaded = msgspec.json.Decoder(LoadReport).decode


class AgentProcess:
    """Starts the process and asks it for runs. `loaded` describes the agent, or says why it did not load.

    Raises OSError if the process cannot be started.
    """

    def __init__(self, job: ReplayJob, agent: str) -> None:
        self._job = job
        self._stacks = InheritedStackDump()
        requests, self._requests = os.pipe()
        parent = os.getpid()
        try:
            self._fork: Fork = fork(
                lambda answers: serve(job, agent, requests, answers, self._stacks.descriptor, parent)
            )
        except OSError:
            os.close(self._requests)
            self._stacks.remove()
            raise
        finally:
            os.close(requests)
        self._frames, self._messages = Frames(), list[bytes]()
        self._running = self._fork.pid
        self.alive = True
        self._patience = 0.0  # additional seconds for a large fixture, which are not those of journey code
        self.loaded = self._load(agent)

    def _load(self, agent: str) -> LoadReport:
        try:
            return _decode_loaded(self._receive()[1:])
        except (EOFError, TimeoutError, msgspec.DecodeError) as error:
            self.alive = False
            why = f"while loading: {str(error) or ENDED}"
            return LoadReport(AgentOutline(agent), f"{agent}/agent.py: {why}", f"{agent}/agent.py:1")

    def run(self, request: RunRequest) -> RunReport:
        """Run a recording; a run that hangs or ends its process is reported as an error."""
        try:
            write_all(self._requests, frame(msgspec.json.encode(request)))
            while True:
                message = self._receive()
                kind, body = message[:1], message[1:]
                if kind == PREPARING:
                    self._patience = int(body) / PREPARED_PER_SECOND
                    continue
                self._patience = 0.0
                if kind == REPORT:
                    return decode_report(body)
                if kind != STARTED:  # it exited without a report
                    refused = -int(body) == getattr(signal, "SIGSYS", 0)
                    why = REFUSED if refused else f"{ENDED} (exit status {int(body)})"
                    return RunReport(error=why, not_run="exited")
                self._running = int(body)
        except TimeoutError as error:
            self.alive = False
            return RunReport(error=str(error), not_run="hung")
        except (OSError, EOFError):
            self.alive = False
            return RunReport(error=ENDED, not_run="exited")
        except (msgspec.DecodeError, ValueError) as error:
            return RunReport(error=f"its process sent an invalid report: {error}", not_run="exited")

    def _receive(self) -> bytes:
        """Return the next message. Raises EOFError if the process has ended, and TimeoutError if it hangs."""
        timer = HangTimer(self._job.hang_timeout + self._patience)
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
