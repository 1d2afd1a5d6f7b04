"""`workbench mutate`: mutation-test policies and tools."""

from __future__ import annotations

import os
import sys
from fnmatch import fnmatch
from pathlib import Path

import msgspec

from ...errors import UsageError
from ...mutation.equivalent import Equivalences
from ...mutation.mutants import Mutant, find_unmeasured, generate_mutants
from ...mutation.operators import OPERATORS
from ...mutation.run import read_sources, run_baseline, run_mutants
from ...mutation.score import Status, score
from ...replay.exit_codes import Exit
from ...replay.verdict import Options
from ...store.project import Project
from ...text import pluralize
from ...transcripts.query import Query
from ..output import print_status
from ..reports.destination import check_destinations
from ..reports.mutation import AgentResult, as_json, list_mutants, print_report, print_unmeasured
from ..transcript_groups import group_by_agent, journeys_path, print_baseline, write_json

CLEAR = "\r\x1b[K"


class MutantFilter(msgspec.Struct):
    """The selected files (name or pattern) and operators; empty means all."""

    files: list[str] = []
    operators: list[str] = []

    def __post_init__(self) -> None:
        for name in self.operators:
            if name not in OPERATORS:
                raise UsageError(f"unknown operator {name!r}", hint=f"choose one of: {', '.join(OPERATORS)}")

    def of(self, project: Project, found: list[Mutant]) -> list[Mutant]:
        """Return the selected mutants. Raises UsageError if a file name matches none."""
        names = {file: _names(project, file) for file in {m.file for m in found}}
        for pattern in self.files:
            if not any(_fits(pattern, each) for each in names.values()):
                raise UsageError(
                    f"no file with mutants matches {pattern}", hint=f"choose one of: {', '.join(sorted(names))}"
                )
        files = {f for f, each in names.items() if not self.files or any(_fits(p, each) for p in self.files)}
        return [m for m in found if m.file in files and (not self.operators or m.operator in self.operators)]


class MutationOptions(msgspec.Struct, frozen=True):
    """Options of a measurement: maximum processes, seconds per mutant, replay options."""

    jobs: int
    timeout: float
    options: Options


def mutate(
    paths: list[Path],
    query: Query,
    agent: str,
    picked: MutantFilter,
    effort: MutationOptions,
    json: str,
    least: float,
    only_list: bool,
) -> Exit:
    """Test mutants and print the score. Returns FAILED if it is below `least` (percent). Raises UsageError."""
    if json:
        check_destinations(json)
    project, groups = group_by_agent(paths, agent, query)
    files = read_sources(project.journeys)
    generated = {g.agent: generate_mutants(files, g.agent) for g in groups}
    marks = {name: Equivalences(files, {m.file for m in made}) for name, made in generated.items()}
    found = {name: picked.of(project, made) for name, made in generated.items()}
    if only_list:
        for mutants in found.values():
            list_mutants(project, mutants)
        return Exit.OK if any(found.values()) else Exit.NO_TESTS
    measured = [AgentResult(group, found[group.agent]) for group in groups]
    whole = all(_measure(project, each, marks[each.group.agent], effort) for each in measured)
    for each in measured:
        each.unmeasured = find_unmeasured(files, each.group.agent, each.base.loaded)
        print_unmeasured(project, each.unmeasured)
        if whole:
            name = each.group.agent
            each.wrong_marks = marks[name].wrong(generated[name], each.results)
    results = [result for each in measured for result in each.results]
    scored = score(results)
    if results:
        print_report(project, measured, scored, whole)
    if json:
        write_json(json, as_json(measured, whole))
    if not whole:
        print_status("interrupted: results so far")
        return Exit.INTERRUPTED
    if scored.percent is None:
        return Exit.NO_TESTS
    left_out = sum(len(each.base.left_out) for each in measured if each.base is not None)
    if least and left_out:
        print_status(f"{pluralize(left_out, 'transcript')} did not pass: --min-score {least:g} is not reached")
        return Exit.FAILED
    return Exit.FAILED if scored.percent < least else Exit.OK


def _measure(project: Project, each: AgentResult, marks: Equivalences, effort: MutationOptions) -> bool:
    """Test the mutants of one agent. Returns False if interrupted; `each` then has the results so far."""
    group, root = each.group, project.journeys
    try:
        each.base = run_baseline(
            root, group.agent, group.transcripts,
            jobs=effort.jobs, seconds=effort.timeout, options=effort.options,
        )  # fmt: skip
        print_baseline(group, each.base)
        if not each.base.passed:
            return True
        for result in run_mutants(
            root,
            group.agent,
            each.base,
            each.mutants,
            jobs=effort.jobs,
            seconds=effort.timeout,
            options=effort.options,
        ):
            each.results.append(marks.apply(result))
            _progress(each)
    except KeyboardInterrupt:
        return False
    finally:
        if sys.stderr.isatty():
            sys.stderr.write(CLEAR)
    return True


def _progress(each: AgentResult) -> None:
    """Show one updated line on a terminal; nothing elsewhere."""
    done = len(each.results)
    if sys.stderr.isatty() and (done % 5 == 0 or done == len(each.mutants)):
        left = sum(f.status in (Status.SURVIVED, Status.NO_COVERAGE) for f in each.results)
        sys.stderr.write(f"{CLEAR}{done} of {len(each.mutants)} mutants, {left} survived")
        sys.stderr.flush()


def _names(project: Project, file: str) -> list[str]:
    """Return the names of a file in journeys/ that an option may use."""
    path = project.journeys / file
    return [file, f"journeys/{file}", journeys_path(project, file), os.path.basename(file), str(path)]


def _fits(pattern: str, names: list[str]) -> bool:
    return any(fnmatch(name, pattern) for name in names)
