"""Load an agent and run transcripts on it, in the process that runs journey code."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import nullcontext
from pathlib import Path

import msgspec

from ..engine.warm import fill_caches
from ..engine.world import World
from ..errors import JourneyError, WorkbenchError
from ..replay.agent_outline import AgentOutline, outline
from ..replay.execute import execute
from ..replay.run_request import RunRequest
from ..replay.substitutes import is_redacted, needs_originals, redact_fixture
from ..replay.verdict import Protection
from ..source import ROOT_PACKAGE, journey_path
from ..trace.setup import Setup
from ..transcripts.secrets import kept_patterns
from .agent_files import linked_folders, shared_paths
from .confinement import confine
from .file_view import FileView, read_roots
from .leaks import find_leaks
from .line_tracer import LineTracer
from .loader import LoadedAgent, check_fixture, load, make_world, prepare_world, start_key
from .module_loader import fix_cache, replace_sources
from .monitor import monitor
from .pins import pin_files, pin_process, pin_run
from .replay_job import ReplayJob
from .run_report import RunReport, report_run
from .run_settings import RunSettings, read_run_settings


class LoadReport(msgspec.Struct, frozen=True):
    """The outline of a loaded agent; `error` is why it did not load, at `where`.

    `lines` are those that ran while it was loaded, if the job asks for details.
    """

    outline: AgentOutline
    error: str = ""
    where: str = ""
    protection: Protection = "hooks"
    lines: list[tuple[str, int]] = []


class AgentRunner:
    """Runs transcripts on one agent. With `own_process`, this process is confined to it, for good."""

    def __init__(self, job: ReplayJob, agent: str, own_process: bool = True) -> None:
        self._own_process = own_process
        self._job = job
        self._name = agent
        self._outline = AgentOutline(agent)
        self._loaded: LoadedAgent | None = None
        self._files = FileView(())
        self._settings = RunSettings()

    def load(self) -> LoadReport:
        """Load the agent exactly as the workbench does."""
        root = Path(self._job.journeys).resolve()
        cache = fix_cache()
        try:
            self._settings = read_run_settings(root)
        except JourneyError as error:
            return LoadReport(self._outline, str(error))
        cached = () if cache is None else (str(cache),)
        code = (root / self._name, *shared_paths(root))
        linked = (target for folder in code for target in linked_folders(folder))
        own = (*map(str, code), *linked, *self._settings.folders(root))
        files = FileView(read_roots((*own, *cached)), (str(root), str(root.parent)))
        protection: Protection = "hooks"
        if self._job.options.tools == "sandbox":
            kept_patterns()  # what tools give is redacted; a confined process cannot import what this needs
        if self._own_process:
            protection = confine((*files.roots, str(root)))  # an agent may import another
            pin_files(files)
            os.chdir(root.parent)
        pin_process(self._settings.environment)
        failure: LoadReport | None = None
        tracer = LineTracer(root)
        with monitor(files) as violations:
            try:
                replace_sources(root, self._job.sources)
                with tracer.tracing() if self._job.details else nullcontext():
                    loaded = load(root, self._name, self._settings)
            except JourneyError as error:
                failure = LoadReport(self._outline, str(error), error.where)
            except Exception as error:
                failure = LoadReport(self._outline, internal_error(error))
        for one in violations[:1]:  # the cause of the failure, if there is one
            refused = JourneyError(f"while loading: {one.what}", where=one.where, hint=one.hint)
            return LoadReport(self._outline, str(refused), refused.where)
        if failure is not None:
            return failure
        if self._own_process and threading.active_count() > 1:
            running = JourneyError(
                "a thread was started while loading, and would run on in every replay",
                where=loaded.agent.source,
                hint="start it in the tool or policy that needs it",
            )
            return LoadReport(self._outline, str(running), running.where)
        fill_caches(loaded.agent)
        self._loaded, self._files, self._outline = loaded, files, outline(loaded.agent)
        return LoadReport(self._outline, protection=protection, lines=sorted(tracer.lines))

    def unprepared_bytes(self, request: RunRequest) -> int:
        """Return the size of the fixture that `prepare` has to read for the tools of a run; 0 if it has not."""
        loaded, setup = self._loaded, request.setup
        if loaded is None or self._job.options.tools != "sandbox" or setup.fixture not in loaded.fixtures:
            return 0
        start = loaded.starts.get(start_key(setup))
        if start is not None and (is_redacted(start) or not needs_originals(request.events)):
            return 0
        return sum(map(len, loaded.fixtures[setup.fixture].world.values()))

    def prepare(self, request: RunRequest) -> None:
        """Do in advance what takes time in proportion to the fixture. A failure is reported by the run."""
        assert self._loaded is not None
        try:
            _pin(request.setup)
            start = prepare_world(self._loaded, request.setup)
        except JourneyError:
            return
        if needs_originals(request.events):
            redact_fixture(start)

    def run(self, request: RunRequest) -> RunReport:
        """Run a recording. Every failure becomes a report."""
        assert self._loaded is not None
        try:
            with monitor(self._files) as violations:
                report = self._traced(request, self._loaded)
        except WorkbenchError as error:
            return RunReport(error=str(error), where=error.where)
        except Exception as error:
            return RunReport(error=internal_error(error))
        root, policies = str(self._loaded.root), self._outline.policies
        report.violations = [*violations, *find_leaks(request.events, report.events, root, policies)]
        return report

    def _traced(self, request: RunRequest, loaded: LoadedAgent) -> RunReport:
        if not self._job.details:
            return self._run(request, loaded)
        tracer = LineTracer(Path(self._job.journeys))
        with tracer.tracing():
            report = self._run(request, loaded)
        report.lines, report.decisions = sorted(tracer.lines), sorted(tracer.decisions)
        report.called = sorted(tracer.policies)
        report.files = _loaded_files()
        return report

    def _run(self, request: RunRequest, loaded: LoadedAgent) -> RunReport:
        check_fixture(loaded, request.setup)
        options = self._job.options
        result = execute(request, loaded.agent, options, self._make_world, lambda: _pin(request.setup))
        return report_run(request, result)

    def _make_world(self, setup: Setup) -> World:
        assert self._loaded is not None
        return make_world(self._loaded, setup, recorded=True)


def _pin(setup: Setup) -> None:
    try:
        pin_run(setup.clock, setup.seed, setup.environment)
    except (ValueError, OverflowError):
        raise JourneyError(f"the clock {setup.clock!r} is not a valid time") from None


def _loaded_files() -> list[str]:
    """List the journey files that this process has imported, by path below journeys/."""
    modules = [(name, getattr(module, "__file__", None)) for name, module in sys.modules.items()]
    return [journey_path(name, file) for name, file in modules if file and name.startswith(f"{ROOT_PACKAGE}.")]


def internal_error(error: Exception) -> str:
    """Describe a bug of Workbench; the results of other transcripts stay valid."""
    import traceback

    return "a bug of Workbench: " + "".join(traceback.format_exception(error))
