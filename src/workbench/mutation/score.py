"""The results of mutants, and the share that transcripts catch."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from .mutants import Mutant


class Status(StrEnum):
    """The result of a mutant."""

    KILLED = "killed"  # at least one transcript that passed now fails
    ERROR = "error"  # fails to load, times out or crashes; counts as killed, reported separately
    SURVIVED = "survived"  # its line runs, and every transcript still passes
    NO_COVERAGE = "no_coverage"  # no transcript runs its line
    EQUIVALENT = "equivalent"  # a comment says that it makes no difference, and no transcript catches it
    NOT_RUN = "not_run"  # it is in a tool body, and tool bodies did not run


class MutantResult(msgspec.Struct, frozen=True):
    """The result of one mutant. `killed_by` is the transcript that caught it, `why` the explanation."""

    mutant: Mutant
    status: Status
    killed_by: str = ""
    why: str = ""


class Score(msgspec.Struct):
    """The number of mutants with each status."""

    killed: int = 0
    error: int = 0
    survived: int = 0
    no_coverage: int = 0
    equivalent: int = 0
    not_run: int = 0

    @property
    def all(self) -> int:
        """Return the number of mutants in the score: all except equivalent ones and those that did not run."""
        return self.killed + self.error + self.survived + self.no_coverage

    @property
    def percent(self) -> float | None:
        """Return the score, rounded down; None without mutants."""
        return int((self.killed + self.error) * 1000 / self.all) / 10 if self.all else None


def score(results: Iterable[MutantResult]) -> Score:
    """Count the results."""
    count = Score()
    for result in results:
        name = result.status.value
        setattr(count, name, getattr(count, name) + 1)
    return count


def by_file(results: Iterable[MutantResult]) -> dict[str, Score]:
    """Count the results of each file."""
    files: dict[str, list[MutantResult]] = {}
    for result in results:
        files.setdefault(result.mutant.file, []).append(result)
    return {file: score(files[file]) for file in sorted(files)}
