"""What became of mutants, and what share of them a project's transcripts notice."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from .mutants import Mutant


class Status(StrEnum):
    KILLED = "killed"  # a transcript that was green is green no more
    ERROR = "error"  # it does not load, never ends, or ends its process: killed too, counted apart
    SURVIVED = "survived"  # it ran, and every transcript stayed green
    NO_COVERAGE = "no_coverage"  # no transcript ever runs the line
    NOT_RUN = "not_run"  # it can tell only where bodies of tools run, and they did not


class MutantResult(msgspec.Struct, frozen=True):
    """A mutant's end: `by` is the transcript that noticed it, `why` what it said."""

    mutant: Mutant
    status: Status
    killed_by: str = ""
    why: str = ""


class Score(msgspec.Struct):
    """How many mutants came to which end."""

    killed: int = 0
    error: int = 0
    survived: int = 0
    no_coverage: int = 0
    not_run: int = 0

    @property
    def all(self) -> int:
        """Those that the score is of: all but the bodies of tools that did not run."""
        return self.killed + self.error + self.survived + self.no_coverage

    @property
    def percent(self) -> float | None:
        """None where there is nothing to measure. 99.96 is not 100."""
        return int((self.killed + self.error) * 1000 / self.all) / 10 if self.all else None


def score(fates: Iterable[MutantResult]) -> Score:
    count = Score()
    for fate in fates:
        name = fate.status.value
        setattr(count, name, getattr(count, name) + 1)
    return count


def by_file(fates: Iterable[MutantResult]) -> dict[str, Score]:
    files: dict[str, list[MutantResult]] = {}
    for fate in fates:
        files.setdefault(fate.mutant.file, []).append(fate)
    return {file: score(files[file]) for file in sorted(files)}
