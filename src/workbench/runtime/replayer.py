"""Judge transcripts: paths in, cases out. Journey code runs in other processes.

Each file is read, run, judged and released before the next.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from ..errors import JourneyError, TranscriptError
from ..findings import is_suppressed
from ..machine import machine_error
from ..replay.blame import project_path
from ..replay.case import Case
from ..replay.comparison import IncompleteRun
from ..replay.judge import judge_run
from ..replay.run_request import run_request
from ..replay.verdict import ReplayResult, RunDetails, Verdict
from ..transcripts.codec import decode, read
from ..transcripts.header import header_of
from ..transcripts.transcript import Transcript
from .agent_files import agent_files, file_hashes
from .agent_process import AgentProcess
from .in_process import InProcessAgent
from .module_loader import fill_cache
from .monitor import Violation
from .process import CAN_FORK
from .replay_job import ReplayJob
from .run import internal_error
from .run_report import RunReport, restore_run

LoadedProcess = AgentProcess | InProcessAgent


class Replayer:
    """Replays transcripts for one job. The agent of the last one stays loaded, in a process of its own."""

    def __init__(self, job: ReplayJob) -> None:
        self.job = job
        self._root = Path(job.journeys)
        self._agents: dict[str, LoadedProcess] = {}  # at most one, so that memory stays small
        self._hashes: dict[str, dict[str, str]] = {}

    def case(self, path: str, data: bytes | None = None) -> Case:
        """Replay the file at `path`, or `data`. Raises nothing that a file or a journey may cause."""
        try:
            transcript = read(Path(path)) if data is None else decode(data, path)
        except TranscriptError as error:
            return Case(path, None, ReplayResult(Verdict.ERROR, str(error)))
        except Exception as error:
            return Case(path, None, ReplayResult(Verdict.ERROR, f"{path}: {internal_error(error)}"))
        return Case(path, header_of(transcript), self._result(transcript))

    def _result(self, transcript: Transcript) -> ReplayResult:
        try:
            agent = self._agent(transcript.agent)
        except OSError as error:
            return ReplayResult(
                Verdict.ERROR, str(machine_error(error) or internal_error(error)), not_run="exited"
            )
        if agent.loaded.error:
            where = project_path(agent.loaded.where)
            return ReplayResult(Verdict.ERROR, agent.loaded.error, source_line=where, not_run="not_loaded")
        report = agent.run(run_request(transcript))
        if not agent.alive:
            self.close()
        try:
            result = self._judge(transcript, agent, report)
        except IncompleteRun as error:
            result = ReplayResult(Verdict.ERROR, str(error), not_run="exited")
        except Exception as error:
            result = ReplayResult(Verdict.ERROR, internal_error(error), not_run="exited")
        if result.verdict is not Verdict.PASS:
            result.changed += tuple(self._changed_files(transcript))
        return result

    def _judge(self, transcript: Transcript, agent: LoadedProcess, report: RunReport) -> ReplayResult:
        if report.error:
            why, where = report.error, project_path(report.where)
            if report.not_run == "exited" and self.job.shared:
                why += ": in this transcript, or in something that an earlier one left running"
            return ReplayResult(Verdict.ERROR, why, source_line=where, not_run=report.not_run)
        outline = agent.loaded.outline
        run = restore_run(transcript, report, outline.limits)
        result = judge_run(transcript, run, outline, self.job.options)
        if report.violations:
            found = report.violations[0]
            return ReplayResult(
                Verdict.ERROR,
                self._describe(found),
                result.first_difference,
                result.steps,
                source_line=project_path(found.where),
            )
        result.protection = agent.loaded.protection
        if self.job.details:
            result.details = RunDetails(
                list(run.trace),
                run.trace.blobs,
                report.lines,
                report.decisions,
                report.called,
                outline.policies,
                report.files,
                agent.loaded.lines,
            )
        return result

    def _describe(self, found: Violation) -> str:
        if not is_suppressed(found.rule, found.where, self._root):
            return str(found)
        return f"{found}; the comment there suppresses `workbench check`, not the replay"

    def _agent(self, name: str) -> LoadedProcess:
        """Return the process of an agent; that of another agent is ended."""
        if name not in self._agents:
            self.close()
            if not self.job.sources:
                with contextlib.suppress(JourneyError):  # of the settings: loading the agent reports it
                    fill_cache(p for p in agent_files(self._root.resolve(), name) if p.suffix == ".py")
            self._agents[name] = (AgentProcess if CAN_FORK else InProcessAgent)(self.job, name)
        return self._agents[name]

    def _changed_files(self, transcript: Transcript) -> list[str]:
        """List the files of its agent that have changed since it was recorded."""
        if not transcript.code:
            return []
        if transcript.agent not in self._hashes:
            self._hashes[transcript.agent] = file_hashes(self._root, transcript.agent)
        now = self._hashes[transcript.agent]
        deleted = [f"{name} (deleted)" for name in transcript.code if name not in now]
        return [name for name, digest in now.items() if transcript.code.get(name) != digest] + deleted

    def close(self) -> None:
        """End the process of the agent."""
        while self._agents:
            self._agents.popitem()[1].close()
