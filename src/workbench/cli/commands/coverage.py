"""`workbench coverage`: the policies, decisions, tools and lines that no transcript reaches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from ...mutation.coverage import Coverage, coverage, format_ranges
from ...mutation.run import Baseline, read_sources, run_baseline
from ...replay.exit_codes import Exit
from ...replay.verdict import Options
from ...store.project import Project
from ...trace.events import Answer
from ...transcripts.query import Query
from ..output import print_status, style
from ..reports.destination import check_destinations
from ..transcript_groups import base_json, fraction_text, group_by_agent, journeys_path, print_baseline, write_json


def report_coverage(
    paths: list[Path], query: Query, agent: str, json: str, jobs: int, timeout: float, options: Options
) -> Exit:
    """Print the coverage of each agent. Returns NO_TESTS if nothing was measured. Raises UsageError."""
    if json:
        check_destinations(json)
    project, groups = group_by_agent(paths, agent, query)
    results: list[dict[str, Any]] = []
    for group in groups:
        base = run_baseline(
            project.journeys, group.agent, group.transcripts, jobs=jobs, seconds=timeout, options=options
        )
        print_baseline(group, base)
        if base.passed:
            reached = coverage(
                read_sources(project.journeys), group.agent, base.lines, base.decisions, called_in(base),
                base.policies, bodies=options.tools == "sandbox",
            )  # fmt: skip
            results.append({**base_json(group, base), **msgspec.to_builtins(reached)})
            _print_report(project, reached)
    if json:
        write_json(json, {"agents": results})
    return Exit.OK if results else Exit.NO_TESTS


def called_in(base: Baseline) -> set[str]:
    """Return the tools that passing transcripts call."""
    return {
        call.tool
        for index in base.passed
        for event in base.transcripts[index].events
        if isinstance(event, Answer)
        for call in event.calls
    }


def _print_report(project: Project, reached: Coverage) -> None:
    print_status(
        f"policies called: {fraction_text(sum(p.reached for p in reached.policies), len(reached.policies))}"
    )
    for policy in (p for p in reached.policies if not p.reached):
        _missed(project, policy.file, policy.line, f"{policy.name} is never called")
    print_status(
        f"decisions reached: {fraction_text(sum(r.reached for r in reached.decisions), len(reached.decisions))}"
    )
    for returned in (r for r in reached.decisions if not r.reached):
        _missed(project, returned.file, returned.line, f"{returned.policy} never returns {returned.effect} here")
    print_status(f"tools called: {fraction_text(sum(t.reached for t in reached.tools), len(reached.tools))}")
    for tool in (t for t in reached.tools if not t.reached):
        _missed(project, tool.file, tool.line, f"{tool.name} is never called")
    missed = sum(len(f.missed) for f in reached.files)
    print_status(f"lines that no transcript executes: {missed or 'none'}")
    for file in (f for f in reached.files if f.missed):
        print_status(f"  {journeys_path(project, file.file)}: {format_ranges(file.missed)}")
    bodies = sum(f.bodies for f in reached.files)
    if bodies:
        print_status(
            style(f"  not counted: {bodies} statements in tool bodies, which a replay does not execute", "dim")
        )


def _missed(project: Project, file: str, line: int, what: str) -> None:
    print_status(f"  {journeys_path(project, file)}:{line}: {what}")
