"""What `workbench mutate` found: for a person, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from ...mutation.mutants import Mutant
from ...mutation.run import Base
from ...mutation.score import Fate, Score, Status, by_file, score
from ...store.project import Project
from ...text import clean
from ..output import out, paint, say
from ..transcript_groups import Chosen, base_json, journeys_path

SHOWN = 160  # characters of a line of code
HEADS = {Status.BROKEN: "broken", Status.UNREACHED: "not reached", Status.SURVIVED: "survived"}
COLORS = {Status.BROKEN: "dim", Status.UNREACHED: "yellow", Status.SURVIVED: "red"}


class Measured(msgspec.Struct):
    """One agent: its transcripts, the mutants of it that are wanted, and what became of them so far."""

    group: Chosen
    mutants: list[Mutant]
    base: Base = msgspec.field(default_factory=lambda: Base([]))
    fates: list[Fate] = []


def list_mutants(project: Project, found: list[Mutant]) -> None:
    for mutant in found:
        change = f"{_code(mutant.before)}  →  {_code(mutant.after)}"
        out(f"{_place(project, mutant)}  {mutant.operator}  {change}")


def tell(project: Project, fates: list[Fate], count: Score, whole: bool) -> None:
    """The report for a person. `whole`: nobody interrupted it, so the score is of all."""
    for status, head in HEADS.items():
        chosen = [f for f in in_order(fates) if f.status is status]
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
        say(f"not in the score: {count.body} mutants of bodies of tools, which run with --tools=sandbox")
    say(f"score{'' if whole else ' of what was tried'}: {paint(_score(count), 'bold')}")


def _score(count: Score) -> str:
    return "-" if count.percent is None else f"{count.percent:.1f} %"


def _counts(count: Score) -> dict[str, Any]:
    return {"score": count.percent, **msgspec.structs.asdict(count)}


def as_json(measured: list[Measured], whole: bool) -> dict[str, Any]:
    """The report as plain data. `whole`: nobody interrupted it."""
    return {
        "score": score(fate for each in measured for fate in each.fates).percent,
        "whole": whole,
        "agents": [_agent_json(each) for each in measured],
    }


def _agent_json(each: Measured) -> dict[str, Any]:
    return {
        **base_json(each.group, each.base),
        "files": {file: _counts(count) for file, count in by_file(each.fates).items()},
        "mutants": [_plain(fate) for fate in in_order(each.fates)],
    }


def _plain(fate: Fate) -> dict[str, Any]:
    names = ("file", "line", "operator", "before", "after")
    return {
        **{name: getattr(fate.mutant, name) for name in names},
        "status": fate.status.value, "by": fate.by, "why": fate.why,
    }  # fmt: skip


def in_order(fates: Iterable[Fate]) -> list[Fate]:
    return sorted(fates, key=lambda f: (f.mutant.file, f.mutant.line, f.mutant.start, f.mutant.operator))


def _place(project: Project, mutant: Mutant) -> str:
    return f"{journeys_path(project, mutant.file)}:{mutant.line}"


def _code(line: str) -> str:
    return clean(line if len(line) <= SHOWN else line[: SHOWN - 1] + "…")
