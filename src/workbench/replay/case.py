"""A case: one selected transcript file and its replay result.

It contains what reports, filters and `merge` need, and no events: a hundred
thousand of them fit into memory, and each is plain data that may come from another
process or machine.
"""

from __future__ import annotations

from collections.abc import Iterable
from sys import intern

import msgspec

from ..transcripts.header import TranscriptHeader
from .verdict import ReplayResult, Verdict


class Case(msgspec.Struct):
    """A file by its path, its header (None: unreadable) and its result."""

    path: str
    head: TranscriptHeader | None
    outcome: ReplayResult

    @property
    def verdict(self) -> Verdict:
        return self.outcome.verdict


def passed_on_changed_prompt(case: Case) -> bool:
    """Return whether it passed on a changed prompt that no model has answered.

    False if the prompt itself is what the transcript is about.
    """
    of_prompt = case.head is not None and case.head.expects_prompt_change
    return case.verdict is Verdict.PASS and case.outcome.prompt_changed_from > 0 and not of_prompt


def intern_strings(case: Case) -> Case:
    """Return the same case with strings that many cases share stored once."""
    outcome = case.outcome
    outcome.why = intern(outcome.why)
    outcome.source_line = intern(outcome.source_line)
    outcome.changed = tuple(map(intern, outcome.changed))
    outcome.drift = tuple(map(intern, outcome.drift))
    source = case.head.source if case.head is not None else {}
    for name, value in source.items():
        if value.__class__ is str:
            source[name] = intern(value)
    return case


def supersede(cases: Iterable[Case]) -> None:
    """Turn DIVERGED into SUPERSEDED if the difference is at a mistake of the same recording that now passes."""
    diverged = []
    passed: dict[tuple[str, str], str] = {}
    for case in cases:
        head = case.head
        if head is None or not head.recording:
            continue
        if case.verdict is Verdict.DIVERGED and case.outcome.first_difference is not None:
            diverged.append((head, case.outcome, str(case.outcome.first_difference.step_id)))
        elif case.verdict is Verdict.PASS and head.step and not head.expects_prompt_change:
            passed[head.recording, head.step] = head.id
    for head, outcome, place in diverged:
        by = passed.get((head.recording, place))
        if by is not None:
            outcome.verdict = Verdict.SUPERSEDED
            outcome.why = f"an earlier mistake of the same conversation is fixed: {by}"


def flag_duplicate_ids(cases: Iterable[Case]) -> None:
    """Turn every case into an ERROR if an earlier case has the same id: one conversation would count twice."""
    seen: dict[str, str] = {}
    for case in cases:
        if case.head is None:
            continue
        there = seen.setdefault(case.head.id, case.path)
        if there != case.path:
            case.outcome = ReplayResult(
                Verdict.ERROR, f"{case.path}: duplicate id {case.head.id!r}, also in {there}"
            )
