"""Run transcripts in the replay server itself, where processes cannot be forked (Windows).

State may then pass from one transcript to the next, and journey code that hangs or exits takes the
server with it. The summary of a replay says so.
"""

from __future__ import annotations

from ..replay.run_request import RunRequest
from .replay_job import ReplayJob
from .run import Runner
from .run_report import RunReport


class InProcessAgent:
    """Loads an agent in this process. The same interface as AgentProcess."""

    alive = True

    def __init__(self, job: ReplayJob, agent: str) -> None:
        self._runner = Runner(job, agent, own_process=False)
        self.loaded = self._runner.load()

    def run(self, request: RunRequest) -> RunReport:
        """Run a recording."""
        return self._runner.run(request)

    def close(self) -> None:
        """Do nothing: the server ends with its last transcript."""
