"""`workbench coverage`: the policies, rulings, tools and lines that no transcript reaches."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from ..coverage import Coverage, coverage, ranges
from ..errors import UsageError
from ..outside.project import Project
from ..outside.trials import Base, base_run, files_in
from ..steps import Answer
from .chosen import Chosen, begin, choose, journeys_path, left_out, share
from .report import Exit, paint, say


def cover(paths: list[Path], agent: str, json: str, jobs: int, timeout: float) -> Exit:
    project, groups = choose(paths, agent)
    told: list[dict[str, Any]] = []
    for group in groups:
        base = base_run(project.journeys, group.agent, group.transcripts, jobs=jobs, seconds=timeout)
        for index, why in sorted(base.left_out.items()):
            left_out(group.paths[index], why)
        begin(group.agent, len(base.green), len(group.transcripts))
        if base.green:
            reached = coverage(files_in(project.journeys), group.agent, base.lines, base.rulings, called_in(base))
            told.append(as_json(group, base, reached))
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


def as_json(group: Chosen, base: Base, reached: Coverage) -> dict[str, Any]:
    return {
        "agent": group.agent,
        "green": len(base.green),
        "left_out": [{"path": group.paths[i], "why": why} for i, why in sorted(base.left_out.items())],
        **msgspec.to_builtins(reached),
    }


def write_json(target: str, value: Any) -> None:
    """To a file, or to stdout where it is "-". Raises UsageError."""
    data = msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
    if target == "-":
        sys.stdout.write(data.decode())
        sys.stdout.flush()
        return
    try:
        Path(target).write_bytes(data)
    except OSError as error:
        raise UsageError(f"the report cannot be written: {error.strerror}", where=target) from None


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
