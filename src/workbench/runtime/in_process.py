"""Run transcripts in the replay server itself, where processes cannot be forked (Windows).

State may then pass from one transcript to the next, and journey code that hangs or exits takes the
server with it. The summary of a replay says so.
"""

from __future__ import annotations

import faulthandler
from collections.abc import Iterator
from contextlib import contextmanager

from ..replay.run_request import RunRequest
from .replay_job import ReplayJob
from .run import AgentRunner
from .run_report import RunReport


class InProcessAgent:
    """Loads an agent in this process. The same interface as AgentProcess."""

    alive = True

    def __init__(self, job: ReplayJob, agent: str) -> None:
        self._runner = AgentRunner(job, agent, own_process=False)
        self._hang_timeout = job.hang_timeout
        with self._limited():
            self.loaded = self._runner.load()

    def run(self, request: RunRequest) -> RunReport:
        """Run a recording."""
        if self._runner.unprepared_bytes(request):
            self._runner.prepare(request)
        with self._limited():
            return self._runner.run(request)

    @contextmanager
    def _limited(self) -> Iterator[None]:
        """End the server if what runs inside hangs; its next request gets another server."""
        faulthandler.dump_traceback_later(self._hang_timeout, exit=True)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()

    def close(self) -> None:
        """Do nothing: the server ends with its last transcript."""
