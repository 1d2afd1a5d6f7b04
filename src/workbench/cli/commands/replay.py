"""`workbench replay`: select transcripts, replay them, publish the reports."""

from __future__ import annotations

import os
import time

import msgspec

from ...errors import JourneyError, UsageError
from ...replay.case import Case, flag_duplicate_ids, supersede
from ...replay.exit_codes import Exit, failed
from ...replay.summary import ShardInfo, Summary
from ...replay.verdict import DEFAULT, Options
from ...runtime.agent_files import code_hash
from ...runtime.pool import pool
from ...runtime.process import CAN_FORK
from ...runtime.replay_job import HANG_TIMEOUT, ReplayJob
from ...store.failures import Failures
from ...store.project import Project, project_for
from ...text import pluralize
from ...transcripts.pending import list_pending
from ..live_results import apply_live_results
from ..output import print_status
from ..progress import with_progress
from ..reports.publish import Reports
from ..selection import SelectionRequest, select


class ReplayOptions(msgspec.Struct, frozen=True):
    """Options of a replay: `jobs` processes (0: one per core), `timeout` in seconds without progress."""

    jobs: int = 0
    timeout: float = HANG_TIMEOUT
    judging: Options = DEFAULT
    use_live_results: bool = False
    shared: bool = False

    @property
    def as_cli_options(self) -> dict[str, str]:
        """Return the non-default options that change verdicts, by option name."""
        flags = {
            "--check-flaky": self.judging.repeat,
            "--strict-drift": self.judging.strict_drift,
            "--use-live-results": self.use_live_results,
            "--shared-process": self.shared or not CAN_FORK,
        }
        tools = {} if self.judging.tools == DEFAULT.tools else {"--tools": self.judging.tools}
        return {**tools, **{name: "yes" for name, given in flags.items() if given}}


def parse_timeout(seconds: float | None, default: float = HANG_TIMEOUT) -> float:
    """Parse `--timeout`. Raises UsageError for an invalid duration."""
    if seconds is None:
        return default
    if not 0 < seconds < float("inf"):
        raise UsageError(
            f"--timeout must be greater than 0, not {seconds:g}", hint="use seconds, for example --timeout 10"
        )
    return seconds


def parse_tools(tools: str, check_flaky: bool = False, strict_drift: bool = False) -> Options:
    """Parse the options that determine what a replay holds fixed. Raises UsageError."""
    if tools not in ("recorded", "sandbox"):
        raise UsageError(f"unknown --tools={tools}", hint="use --tools=recorded or --tools=sandbox")
    return Options(tools, check_flaky, strict_drift)  # type: ignore[arg-type]


def replay(scope: SelectionRequest, reports: Reports, options: ReplayOptions) -> Exit:
    """Replay the selected transcripts, once or after every save, and return the exit code. Raises UsageError."""
    reports.check()
    project = project_for(scope.paths[0] if scope.paths else None)
    code = reports.publish(replay_once(project, scope, options, reports.quiet))
    report_pending(project)
    return code


def replay_once(project: Project, scope: SelectionRequest, options: ReplayOptions, quiet: bool) -> Summary:
    """Replay the selection and remember failures. Raises UsageError."""
    began = time.perf_counter()
    failures = Failures(project)
    selection = select(project, scope, failures)
    cases, interrupted = _run(project, selection.names, options, quiet)
    apply_live_results(cases, project, options.use_live_results)
    _remember(failures, cases)
    root = os.path.relpath(project.root)
    return Summary(
        cases,
        len(selection.names),
        time.perf_counter() - began,
        scope.options | options.as_cli_options,
        root="" if root == "." else root,
        interrupted=interrupted,
        not_collected=selection.not_collected,
        part=ShardInfo(str(scope.shard), selection.total, selection.content_hash, _code(project))
        if scope.shard
        else None,
    )


def report_pending(project: Project) -> None:
    """Report the number of pending re-recordings: they are not replayed."""
    number = len(list_pending(project.transcripts))
    if number:
        print_status(f"{pluralize(number, 'pending re-recording')} not replayed: workbench pending list")


def _run(project: Project, names: list[str], options: ReplayOptions, quiet: bool) -> tuple[list[Case], bool]:
    """Return the cases in order, and whether the replay was interrupted."""
    found: dict[int, Case] = {}
    interrupted = False
    job = ReplayJob(str(project.journeys), options.judging, options.timeout, shared=options.shared)
    cases = pool(options.jobs).cases(job, names)
    try:
        found.update(with_progress(cases, len(names), quiet))
    except KeyboardInterrupt:
        interrupted = True
    if len(found) != len(names) and not interrupted:
        raise AssertionError(f"{len(names)} transcripts were selected, but {len(found)} have a result")
    done = [found[index] for index in sorted(found)]
    flag_duplicate_ids(done)
    supersede(done)
    return done, interrupted


def _remember(failures: Failures, cases: list[Case]) -> None:
    red = {case.path for case in cases if failed(case.verdict)}
    try:
        failures.update(red, (case.path for case in cases if case.path not in red))
    except OSError as error:
        print_status(f"cannot store the failures for --last-failed: {error.strerror}")


def _code(project: Project) -> str:
    try:
        return code_hash(project.journeys, "")
    except JourneyError:
        return ""
