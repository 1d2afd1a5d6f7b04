"""`workbench coverage`: the policies, rulings, tools and lines that no transcript reaches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from ...mutation.coverage import Coverage, coverage, ranges
from ...mutation.run import Base, base_run, files_in
from ...replay.exit_codes import Exit
from ...replay.verdict import Options
from ...store.project import Project
from ...trace.events import Answer
from ...transcripts.query import Query
from ..output import paint, say
from ..reports.destination import check
from ..transcript_groups import base_json, choose, journeys_path, share, tell_base, write_json


def cover(
    paths: list[Path], query: Query, agent: str, json: str, jobs: int, timeout: float, options: Options
) -> Exit:
    if json:
        check(json)
    project, groups = choose(paths, agent, query)
    told: list[dict[str, Any]] = []
    for group in groups:
        base = base_run(
            project.journeys, group.agent, group.transcripts, jobs=jobs, seconds=timeout, options=options
        )
        tell_base(group, base)
        if base.green:
            reached = coverage(
                files_in(project.journeys), group.agent, base.lines, base.rulings, called_in(base),
                bodies=options.tools == "sandbox",
            )  # fmt: skip
            told.append({**base_json(group, base), **msgspec.to_builtins(reached)})
            _tell(project, reached)
    if json:
        write_json(json, {"agents": told})
    return Exit.OK if told else Exit.NOTHING


def called_in(base: Base) -> set[str]:
    """The tools that green transcripts call."""
    return {
        call.tool
        for index in base.green
        for step in base.transcripts[index].steps
        if isinstance(step, Answer)
        for call in step.calls
    }


def _tell(project: Project, reached: Coverage) -> None:
    say(f"policies asked: {share(sum(p.reached for p in reached.policies), len(reached.policies))}")
    for policy in (p for p in reached.policies if not p.reached):
        _missed(project, policy.file, policy.line, f"{policy.name} is never asked")
    say(f"rulings made: {share(sum(r.made for r in reached.rulings), len(reached.rulings))}")
    for ruling in (r for r in reached.rulings if not r.made):
        _missed(project, ruling.file, ruling.line, f"{ruling.policy} never says {ruling.verdict} here")
    say(f"tools called: {share(sum(t.reached for t in reached.tools), len(reached.tools))}")
    for tool in (t for t in reached.tools if not t.reached):
        _missed(project, tool.file, tool.line, f"{tool.name} is never called")
    missed = sum(len(f.missed) for f in reached.files)
    say(f"lines that no transcript runs: {missed or 'none'}")
    for file in (f for f in reached.files if f.missed):
        say(f"  {journeys_path(project, file.file)}: {ranges(file.missed)}")
    bodies = sum(f.bodies for f in reached.files)
    if bodies:
        say(
            paint(
                f"  not counted: {bodies} statements that only bodies of tools run, and a replay runs none", "dim"
            )
        )


def _missed(project: Project, file: str, line: int, what: str) -> None:
    say(f"  {journeys_path(project, file)}:{line}: {what}")
