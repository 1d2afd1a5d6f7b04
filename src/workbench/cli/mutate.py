"""`workbench mutate`: what in the policies and tools could be wrong, and no transcript would notice."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import msgspec

from ..errors import UsageError
from ..mutation import Mutant, mutants
from ..operators import OPERATORS
from ..outside.project import Project
from ..outside.trials import Base, base_run, files_in, trials
from ..score import Fate, Status, Tally, by_file, tally
from .chosen import Chosen, begin, choose, journeys_path, left_out
from .coverage import write_json
from .report import Exit, clean, out, paint, say

SHOWN = 160  # characters of a line of code
LIMIT = 20  # times the code as it is: the seconds a mutant may take besides `--timeout`


class Wanted(msgspec.Struct):
    """What the options choose: files by name or pattern, operators by name; all where none is named."""

    files: list[str] = []
    operators: list[str] = []

    def __post_init__(self) -> None:
        for name in self.operators:
            if name not in OPERATORS:
                raise UsageError(f"there is no operator {name!r}", next=f"the operators: {', '.join(OPERATORS)}")

    def of(self, project: Project, found: list[Mutant]) -> list[Mutant]:
        """Those of `found` that are wanted. Raises UsageError where a name of a file fits none."""
        names = {file: _names(project, file) for file in {m.file for m in found}}
        for pattern in self.files:
            if not any(_fits(pattern, each) for each in names.values()):
                raise UsageError(
                    f"no file to change fits {pattern}", next=f"there are: {', '.join(sorted(names))}"
                )
        files = {f for f, each in names.items() if not self.files or any(_fits(p, each) for p in self.files)}
        return [m for m in found if m.file in files and (not self.operators or m.operator in self.operators)]


def mutate(
    paths: list[Path],
    agent: str,
    wanted: Wanted,
    json: str,
    jobs: int,
    timeout: float,
    least: float,
    only_list: bool,
) -> Exit:
    project, groups = choose(paths, agent)
    told: list[dict[str, Any]] = []
    fates: list[Fate] = []
    whole = True
    for group in groups:
        found = wanted.of(project, mutants(files_in(project.journeys), group.agent))
        if only_list:
            for mutant in found:
                change = f"{_code(mutant.before)}  →  {_code(mutant.after)}"
                out(f"{_place(project, mutant)}  {mutant.operator}  {change}")
            continue
        came: list[Fate] = []
        whole = _measure(project, group, found, came, jobs, timeout, told)
        fates += came
        if not whole:
            break
    if only_list:
        return Exit.OK if groups else Exit.NOTHING
    count = tally(fates)
    if fates:
        _tell(project, fates, count)
    if json:
        write_json(json, {"score": count.score, "whole": whole, "agents": told})
    if not whole:
        say("interrupted: this is what was found so far")
        return Exit.INTERRUPTED
    if count.score is None:
        return Exit.NOTHING
    return Exit.RED if count.score < least else Exit.OK


def _measure(
    project: Project,
    group: Chosen,
    found: list[Mutant],
    came: list[Fate],
    jobs: int,
    timeout: float,
    told: list[dict[str, Any]],
) -> bool:
    """Try the mutants of one agent; `came` and `told` grow. False: it was interrupted."""
    base, whole = Base([]), True
    try:
        began = os.times()
        base = base_run(project.journeys, group.agent, group.transcripts, jobs=jobs, seconds=timeout * LIMIT)
        ended = os.times()
        took = ended.children_user + ended.children_system - began.children_user - began.children_system
        for index, why in sorted(base.left_out.items()):
            left_out(group.paths[index], why)
        begin(group.agent, len(base.green), len(group.transcripts))
        if base.green:
            seconds = timeout + took * LIMIT
            for fate in trials(project.journeys, group.agent, base, found, jobs=jobs, seconds=seconds):
                came.append(fate)
                _progress(len(came), len(found), came)
    except KeyboardInterrupt:
        whole = False
    finally:
        _progress(0, 0, [])
    told.append(
        {
            "agent": group.agent,
            "green": len(base.green),
            "left_out": [{"path": group.paths[i], "why": why} for i, why in sorted(base.left_out.items())],
            "files": {file: _counts(each) for file, each in by_file(came).items()},
            "mutants": [_plain(fate) for fate in _sorted(came)],
        }
    )
    return whole


def _progress(done: int, all: int, came: list[Fate]) -> None:
    """One line that is drawn over, on a terminal; nothing elsewhere."""
    if sys.stderr.isatty() and (done % 5 == 0 or done == all):
        left = sum(f.status in (Status.SURVIVED, Status.UNREACHED) for f in came)
        sys.stderr.write("\r\x1b[K" + (f"{done} of {all} mutants, {left} not noticed" if all else ""))
        sys.stderr.flush()


def _tell(project: Project, fates: list[Fate], count: Tally) -> None:
    for status, head in HEADS.items():
        chosen = [f for f in _sorted(fates) if f.status is status]
        for fate in chosen:
            say(f"{paint(head, COLORS[status])} {_place(project, fate.mutant)}  {fate.mutant.operator}")
            if status is Status.BROKEN:
                say(paint(f"    {clean(fate.why.splitlines()[0])[:SHOWN]}", "dim"))
                continue
            say(f"    - {_code(fate.mutant.before)}")
            say(f"    + {_code(fate.mutant.after) or '(nothing)'}")
        if chosen:
            say()
    for file, each in by_file(fates).items():
        say(f"{journeys_path(project, file):<44} {_score(each):>8}  {each.killed + each.broken} of {each.all}")
    say()
    parts = [f"{count.killed + count.broken} noticed"]
    if count.broken:
        parts.append(f"{count.broken} of them did not load or did not end")
    parts += [f"{count.survived} survived", f"{count.unreached} that no transcript reaches"]
    say(f"{count.all} mutants: {', '.join(parts)}")
    if count.body:
        say(f"not in the score: {count.body} mutants of bodies of tools, which a replay does not run")
    say(f"score: {paint(_score(count), 'bold')}")


HEADS = {Status.BROKEN: "broken", Status.UNREACHED: "not reached", Status.SURVIVED: "survived"}
COLORS = {Status.BROKEN: "dim", Status.UNREACHED: "yellow", Status.SURVIVED: "red"}


def _score(count: Tally) -> str:
    return "-" if count.score is None else f"{count.score:.1f} %"


def _counts(count: Tally) -> dict[str, Any]:
    return {"score": count.score, **msgspec.structs.asdict(count)}


def _plain(fate: Fate) -> dict[str, Any]:
    names = ("file", "line", "operator", "before", "after")
    return {
        **{name: getattr(fate.mutant, name) for name in names},
        "status": fate.status.value, "by": fate.by, "why": fate.why,
    }  # fmt: skip


def _sorted(fates: Iterable[Fate]) -> list[Fate]:
    return sorted(fates, key=lambda f: (f.mutant.file, f.mutant.line, f.mutant.start, f.mutant.operator))


def _place(project: Project, mutant: Mutant) -> str:
    return f"{journeys_path(project, mutant.file)}:{mutant.line}"


def _code(line: str) -> str:
    return clean(line if len(line) <= SHOWN else line[: SHOWN - 1] + "…")


def _names(project: Project, file: str) -> list[str]:
    return [
        file,
        f"journeys/{file}",
        journeys_path(project, file),
        os.path.basename(file),
        str(project.journeys / file),
    ]


def _fits(pattern: str, names: list[str]) -> bool:
    return any(fnmatch(name, pattern) for name in names)
