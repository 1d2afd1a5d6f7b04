"""Reports of `workbench mutate`: text and JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from ...mutation.equivalent import Equivalence
from ...mutation.mutants import Mutant, Unmeasured
from ...mutation.run import Baseline
from ...mutation.score import MutantResult, Score, Status, by_file, score
from ...store.project import Project
from ...text import truncate
from ..output import print_status, style, write_line
from ..transcript_groups import TranscriptGroup, base_json, journeys_path

MAX_CODE = 160  # characters of a line of code
SHOWN = (
    Status.ERROR,
    Status.EQUIVALENT,
    Status.NO_COVERAGE,
    Status.SURVIVED,
)  # listed one by one
COLORS = {Status.ERROR: "dim", Status.EQUIVALENT: "dim", Status.NO_COVERAGE: "yellow", Status.SURVIVED: "red"}


class AgentResult(msgspec.Struct):
    """The results of one agent: its transcripts, selected mutants and their results so far."""

    group: TranscriptGroup
    mutants: list[Mutant]
    base: Baseline = msgspec.field(default_factory=lambda: Baseline([]))
    results: list[MutantResult] = []
    unmeasured: list[Unmeasured] = []
    wrong_marks: list[tuple[Equivalence, str]] = []


def list_mutants(project: Project, found: list[Mutant]) -> None:
    """Print one line per mutant."""
    for mutant in found:
        change = f"{_code(mutant.before)}  →  {_code(mutant.after)}"
        write_line(f"{_location(project, mutant)}  {mutant.operator}  {change}")


def print_unmeasured(project: Project, found: list[Unmeasured]) -> None:
    """Print the code that has no mutants although the agent may use it."""
    for each in found:
        line = f":{each.line}" if each.line else ""
        print_status(f"{style('not measured', 'yellow')} {journeys_path(project, each.file)}{line}: {each.why}")


def print_report(project: Project, measured: list[AgentResult], count: Score, whole: bool) -> None:
    """Print the report. `whole`: the run was not interrupted, so the score is complete."""
    results = [result for each in measured for result in each.results]
    for status in SHOWN:
        chosen = [result for result in in_order(results) if result.status is status]
        for result in chosen:
            head = style(label(status), COLORS[status])
            print_status(f"{head} {_location(project, result.mutant)}  {result.mutant.operator}")
            if status in (Status.ERROR, Status.EQUIVALENT):
                print_status(style(f"    {result.why.splitlines()[0][:MAX_CODE]}", "dim"))
                continue
            print_status(f"    - {_code(result.mutant.before)}")
            print_status(f"    + {_code(result.mutant.after) or '(nothing)'}")
        if chosen:
            print_status()
    for mark, why in (wrong for each in measured for wrong in each.wrong_marks):
        print_status(f"{style('wrong comment', 'yellow')} {journeys_path(project, mark.file)}:{mark.line}: {why}")
    for file, counted in by_file(results).items():
        caught = counted.killed + counted.error
        print_status(f"{journeys_path(project, file):<44} {_score(counted):>8}  {caught} of {counted.all}")
    print_status()
    parts = [f"{count.killed + count.error} killed"]
    if count.error:
        parts.append(f"{count.error} of them with an error")
    parts += [f"{count.survived} survived", f"{count.no_coverage} with no coverage"]
    print_status(f"{count.all} mutants: {', '.join(parts)}")
    if count.equivalent:
        print_status(f"not in the score: {count.equivalent} marked as equivalent")
    if count.not_run:
        print_status(f"not in the score: {count.not_run} not run, in tool bodies (use --tools=sandbox)")
    print_status(f"score{'' if whole else ' of the tested mutants'}: {style(_score(count), 'bold')}")


def _score(count: Score) -> str:
    return "-" if count.percent is None else f"{count.percent:.1f} %"


def _counts(count: Score) -> dict[str, Any]:
    return {"score": count.percent, **msgspec.structs.asdict(count)}


def as_json(measured: list[AgentResult], whole: bool) -> dict[str, Any]:
    """Return the report as plain data. `whole`: the run was not interrupted."""
    return {
        "score": score(result for each in measured for result in each.results).percent,
        "whole": whole,
        "agents": [_agent_json(each) for each in measured],
    }


def _agent_json(each: AgentResult) -> dict[str, Any]:
    return {
        **base_json(each.group, each.base),
        "files": {file: _counts(count) for file, count in by_file(each.results).items()},
        "not_measured": msgspec.to_builtins(each.unmeasured),
        "mutants": [_plain(result) for result in in_order(each.results)],
    }


def _plain(result: MutantResult) -> dict[str, Any]:
    names = ("file", "line", "operator", "before", "after")
    return {
        **{name: getattr(result.mutant, name) for name in names},
        "status": result.status.value, "killed_by": result.killed_by, "why": result.why,
    }  # fmt: skip


def label(status: Status) -> str:
    """Return a status as displayed."""
    return status.value.replace("_", " ")


def in_order(results: Iterable[MutantResult]) -> list[MutantResult]:
    """Sort results by file, line and operator."""
    return sorted(results, key=lambda f: (f.mutant.file, f.mutant.line, f.mutant.start, f.mutant.operator))


def _location(project: Project, mutant: Mutant) -> str:
    return f"{journeys_path(project, mutant.file)}:{mutant.line}"


def _code(line: str) -> str:
    return truncate(line, MAX_CODE)
