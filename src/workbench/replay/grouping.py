"""Group the cases that did not pass by their cause, so that a report explains each cause once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from .case import Case
from .verdict import Verdict

_NUMBERS = re.compile(r"\S*\d\S*")  # step ids, amounts, order numbers: they differ between conversations


class CaseGroup(NamedTuple):
    """Cases with one cause: the shortest run as the example, and the others in order of their paths."""

    example: Case
    others: list[Case]


def group_by_cause(cases: Iterable[Case]) -> list[CaseGroup]:
    """Group the cases that did not pass, in the order in which a cause appears first.

    Cases have the same cause if their verdict, line of journey code and reason are the same, except for numbers
    and, in a reason that has a line, for the tool that it begins with.
    """
    found: dict[tuple[Verdict, str, str], list[Case]] = {}
    for case in cases:
        if case.verdict is not Verdict.PASS:
            found.setdefault(_cause(case), []).append(case)
    return [_group(group) for group in found.values()]


def one_by_one(cases: Iterable[Case]) -> list[CaseGroup]:
    """Return each case that did not pass as a group of its own."""
    return [CaseGroup(case, []) for case in cases if case.verdict is not Verdict.PASS]


def _cause(case: Case) -> tuple[Verdict, str, str]:
    why = case.outcome.why.replace(case.path, "…").partition("\n  next: ")[0]
    line = case.outcome.source_line
    return case.verdict, line, _NUMBERS.sub("…", why.partition(" ")[2] if line else why)


def _group(cases: list[Case]) -> CaseGroup:
    example = min(cases, key=lambda case: (case.outcome.steps, case.path))
    return CaseGroup(example, sorted((c for c in cases if c is not example), key=lambda case: case.path))
