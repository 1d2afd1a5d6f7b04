"""Load an agent and run transcripts on it, in the process that runs journey code."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from ..engine.world import World
from ..errors import JourneyError, WorkbenchError
from ..replay.agent_outline import AgentOutline, outline
from ..replay.judge import rerun_transcript
from ..trace.setup import Setup
from ..transcripts.codec import decode
from ..transcripts.transcript import Transcript
from .confinement import Protection, confine
from .file_view import FileView, read_roots
from .line_tracer import LineTracer
from .loader import LoadedAgent, check_fixture, load, make_world
from .module_loader import fix_cache, replace_sources
from .monitor import monitor
from .pins import pin_process, pin_run
from .replay_job import ReplayJob
from .run_report import RunReport, report_run


class Loaded(msgspec.Struct, frozen=True):
    """The outline of a loaded agent; `error` is why it did not load, at `where`."""

    outline: AgentOutline
    error: str = ""
    where: str = ""
    protection: Protection = "hooks"


class Runner:
    """Runs transcripts on one agent."""

    def __init__(self, job: ReplayJob, agent: str) -> None:
        self._job = job
        self._name = agent
        self._loaded: LoadedAgent | None = None
        self._files = FileView(())

    def load(self) -> Loaded:
        """Load the agent exactly as the workbench does."""
        root = Path(self._job.journeys).resolve()
        cache = fix_cache()
        cached = () if cache is None else (str(cache),)
        files = FileView(read_roots((str(root), *cached, *self._job.data)))
        protection = confine(files.roots)
        os.chdir(root.parent)
        pin_process(self._job.environment, files)
        try:
            with monitor(files) as violations:
                replace_sources(root, self._job.sources)
                loaded = load(root, self._name)
        except JourneyError as error:
            return Loaded(AgentOutline(self._name), str(error), error.where)
        except Exception as error:
            return Loaded(AgentOutline(self._name), internal_error(error))
        for one in violations:
            refused = JourneyError(f"while loading: {one.what}", where=one.where, hint=one.hint)
            return Loaded(AgentOutline(self._name), str(refused), refused.where)
        self._loaded, self._files = loaded, files
        return Loaded(outline(loaded.agent), protection=protection)

    def run(self, data: bytes) -> RunReport:
        """Run an encoded transcript once, or twice to compare the runs. Every failure becomes a report."""
        assert self._loaded is not None
        transcript = decode(data)
        setup = transcript.setup
        try:
            pin_run(setup.clock, setup.seed, self._job.environment)
        except (ValueError, OverflowError):
            return RunReport(error=f"the clock {setup.clock!r} is not a valid time")
        try:
            with monitor(self._files) as violations:
                report = self._traced(transcript, self._loaded)
        except WorkbenchError as error:
            return RunReport(error=str(error), where=error.where)
        except Exception as error:
            return RunReport(error=internal_error(error))
        report.violations = violations
        return report

    def _traced(self, transcript: Transcript, loaded: LoadedAgent) -> RunReport:
        if not self._job.details:
            return self._run(transcript, loaded)
        tracer = LineTracer(Path(self._job.journeys))
        with tracer.tracing():
            report = self._run(transcript, loaded)
        report.lines, report.decisions = sorted(tracer.lines), sorted(tracer.decisions)
        return report

    def _run(self, transcript: Transcript, loaded: LoadedAgent) -> RunReport:
        check_fixture(loaded, transcript.setup)
        result = rerun_transcript(transcript, loaded.agent, self._job.options, self._make_world)
        return report_run(transcript, result)

    def _make_world(self, setup: Setup) -> World:
        assert self._loaded is not None
        return make_world(self._loaded, setup, recorded=True)


def internal_error(error: Exception) -> str:
    """Describe a bug of Workbench; the results of other transcripts stay valid."""
    import traceback

    return "a bug of Workbench: " + "".join(traceback.format_exception(error))
