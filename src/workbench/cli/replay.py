"""`workbench replay`: choose transcripts, run them, tell a person and a machine what came of it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec

from ..case import Case, supersede, twins
from ..errors import UsageError
from ..outside.crew import Files, run
from ..outside.project import Project, lies_in, project_for
from ..outside.share import Share, Work
from ..outside.transcripts import BESIDE, find
from ..replay import DEFAULT, Options
from .receipts import show_receipts
from .report import Exit, say
from .reports import Reports
from .tally import Tally


def options(tools: str, twice: bool, strict_drift: bool) -> Options:
    """How to replay. Raises UsageError."""
    if tools not in ("tape", "world"):
        raise UsageError(f"there is no --tools={tools}", next="--tools=tape or --tools=world")
    return Options(tools, twice, strict_drift)  # type: ignore[arg-type]


def replay(
    paths: list[Path],
    reports: Reports,
    jobs: int,
    timeout: float,
    how: Options = DEFAULT,
    accept_receipts: bool = False,
) -> Exit:
    reports.check()
    began = time.perf_counter()
    project = project_for(paths[0] if paths else None)
    chosen = [os.path.relpath(path) for path in select(project, paths)]
    if not chosen:
        say("nothing to replay: no transcript is selected")
        say("  next: save one in the workbench (it goes to transcripts/), or name files")
    cases, interrupted = _run(project, chosen, jobs, timeout, how)
    show_receipts(cases, project, accept_receipts)
    root = os.path.relpath(project.root)
    tally = Tally(
        cases,
        len(chosen),
        time.perf_counter() - began,
        {name: str(value) for name, value in msgspec.structs.asdict(how).items()}
        | {"accept_receipts": str(accept_receipts)},
        root="" if root == "." else root,
        interrupted=interrupted,
    )
    return reports.publish(tally)


def select(project: Project, paths: list[Path]) -> list[Path]:
    """The files to replay. A path that names nothing is an error, never an empty success."""
    if paths:
        found = find(paths)
        for path in paths:
            if path.name.endswith(BESIDE):
                raise UsageError(f"{path} waits for a person's word", next="name the transcript it lies beside")
            if not lies_in(path, project):
                raise UsageError(f"{path} lies in another project", next="go there and replay it on its journeys")
            if path.is_dir() and not find([path]):
                raise UsageError(f"there is no transcript in {path}", next="check the path")
        return found
    return find([project.transcripts]) if project.transcripts.is_dir() else []


def _run(project: Project, names: list[str], jobs: int, timeout: float, how: Options) -> tuple[list[Case], bool]:
    """The cases in the order of their names, and whether somebody stopped it before all were decided."""
    task = Files(Share(Work(str(project.journeys), how)), names)
    found: dict[int, Case | None] = {}
    interrupted = False
    try:
        found.update(run(task, len(names), project.journeys, jobs=jobs, patience=timeout))
    except KeyboardInterrupt:
        interrupted = True
    if len(found) != len(names) and not interrupted:
        raise AssertionError(f"{len(names)} transcripts were selected, {len(found)} came back")
    cases = [case for _, case in sorted(found.items(), key=lambda one: one[0]) if case is not None]
    twins(cases)
    supersede(cases)
    return cases, interrupted
