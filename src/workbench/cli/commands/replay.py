"""`workbench replay`: choose transcripts, run them, tell a person and a machine what came of it."""

from __future__ import annotations

import os
import time

import msgspec

from ...errors import JourneyError, UsageError
from ...replay.case import Case, supersede, twins
from ...replay.exit_codes import Exit, failed
from ...replay.summary import Part, Tally
from ...replay.verdict import DEFAULT, Options
from ...runtime.agent_files import code_hash
from ...runtime.fork_pool import PATIENCE, pool
from ...runtime.replayer import Work
from ...store.failures import Failures
from ...store.project import Project, project_for
from ...transcripts.pending import waiting
from ..output import say
from ..progress import watched
from ..receipts import show_receipts
from ..reports.publish import Reports
from ..selection import Scope, select


class How(msgspec.Struct, frozen=True):
    """How to replay: in so many processes (0: one a core), after `timeout` seconds of silence it hung."""

    jobs: int = 0
    timeout: float = PATIENCE
    options: Options = DEFAULT
    accept_receipts: bool = False

    @property
    def asked(self) -> dict[str, str]:
        """What of it says how to judge, by the name of its option; nothing that is as always."""
        plain = msgspec.structs.asdict(DEFAULT)
        asked = {name: str(v) for name, v in msgspec.structs.asdict(self.options).items() if v != plain[name]}
        if self.accept_receipts:
            asked["accept_receipts"] = "True"
        return {f"--{name.replace('_', '-')}": value for name, value in asked.items()}


def patience(seconds: float | None, unsaid: float = PATIENCE) -> float:
    """`--timeout`, `unsaid` without it. Raises UsageError for what is no time."""
    if seconds is None:
        return unsaid
    if not 0 < seconds < float("inf"):
        raise UsageError(f"--timeout {seconds:g} is no time", next="give seconds, such as --timeout 10")
    return seconds


def options(tools: str, twice: bool, strict_drift: bool) -> Options:
    """What a replay holds fixed. Raises UsageError."""
    if tools not in ("tape", "world"):
        raise UsageError(f"there is no --tools={tools}", next="--tools=tape or --tools=world")
    return Options(tools, twice, strict_drift)  # type: ignore[arg-type]


def replay(scope: Scope, reports: Reports, how: How) -> Exit:
    reports.check()
    project = project_for(scope.paths[0] if scope.paths else None)
    code = reports.publish(once(project, scope, how, reports.quiet))
    tell_waiting(project)
    return code


def once(project: Project, scope: Scope, how: How, quiet: bool) -> Tally:
    """Replay what is asked for and remember what failed. Raises UsageError."""
    began = time.perf_counter()
    failures = Failures(project)
    selection = select(project, scope, failures)
    cases, interrupted = _run(project, selection.names, how, quiet)
    show_receipts(cases, project, how.accept_receipts)
    _remember(failures, cases)
    root = os.path.relpath(project.root)
    return Tally(
        cases,
        len(selection.names),
        time.perf_counter() - began,
        scope.options | how.asked,
        root="" if root == "." else root,
        interrupted=interrupted,
        passed_over=selection.passed_over,
        part=Part(str(scope.shard), selection.total, selection.seal, _code(project)) if scope.shard else None,
    )


def tell_waiting(project: Project) -> None:
    """Pending files are never replayed; how many there are is said."""
    count = len(waiting(project.transcripts))
    if count:
        say(f"{count} recorded anew and not yet accepted, not replayed: workbench pending")


def _run(project: Project, names: list[str], how: How, quiet: bool) -> tuple[list[Case], bool]:
    """The cases in the order of their names, and whether somebody stopped it before all were decided."""
    found: dict[int, Case] = {}
    interrupted = False
    cases = pool(how.jobs, how.timeout).cases(Work(str(project.journeys), how.options), names)
    try:
        found.update(watched(cases, len(names), quiet))
    except KeyboardInterrupt:
        interrupted = True
    if len(found) != len(names) and not interrupted:
        raise AssertionError(f"{len(names)} transcripts were selected, {len(found)} came back")
    done = [found[index] for index in sorted(found)]
    twins(done)
    supersede(done)
    return done, interrupted


def _remember(failures: Failures, cases: list[Case]) -> None:
    red = {case.path for case in cases if failed(case.verdict)}
    try:
        failures.keep(red, (case.path for case in cases if case.path not in red))
    except OSError as error:
        say(f"what failed cannot be kept for --failed: {error.strerror}")


def _code(project: Project) -> str:
    try:
        return code_hash(project.journeys, "")
    except JourneyError:
        return ""
