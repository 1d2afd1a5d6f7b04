"""Comments that mark a mutant as equivalent to the code: `# workbench: equivalent boundary-moved: REASON`.

A comment applies to the mutants of its line, or of the next line if it stands alone.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Collection, Iterable, Iterator, Mapping

import msgspec

from ..errors import JourneyError
from .mutants import Mutant
from .operators import OPERATORS
from .score import MutantResult, Status

_MARKED = re.compile(r"#\s*workbench:\s*equivalent\b(?P<rest>.*)")
_REST = re.compile(r"\s+(?P<operators>[\w-]+(?:\s*,\s*[\w-]+)*)\s*:\s*(?P<reason>\S.*)")
FORM = "write # workbench: equivalent OPERATOR: REASON"


class Equivalence(msgspec.Struct, frozen=True):
    """A comment: the mutants of `operator` at `line` of `file` change nothing, for this reason."""

    file: str
    line: int
    operator: str
    reason: str


class Equivalences:
    """The comments of these files that mark equivalent mutants. Raises JourneyError if one is malformed."""

    def __init__(self, files: Mapping[str, str], names: Iterable[str]) -> None:
        found = [mark for name in sorted(set(names)) for mark in _marks(name, files[name])]
        self._by_place = {(mark.file, mark.line, mark.operator): mark for mark in found}

    def apply(self, result: MutantResult) -> MutantResult:
        """Return a result; a marked mutant that no transcript catches is equivalent."""
        mark = self._by_place.get(_place(result.mutant))
        if mark is None or result.status not in (Status.SURVIVED, Status.NO_COVERAGE):
            return result
        return MutantResult(result.mutant, Status.EQUIVALENT, why=mark.reason)

    def wrong(self, mutants: Iterable[Mutant], results: Collection[MutantResult]) -> list[tuple[Equivalence, str]]:
        """List the comments that apply to none of these mutants, and those whose mutants are all caught."""
        existing = {_place(mutant) for mutant in mutants}
        tested = {_place(r.mutant) for r in results if r.status is not Status.NOT_RUN}
        kept = {_place(result.mutant) for result in results if result.status is Status.EQUIVALENT}
        caught = {_place(r.mutant): r.killed_by or "an error" for r in results if r.status in KILLED}
        wrong = []
        for place, mark in self._by_place.items():
            if place not in existing:
                wrong.append((mark, f"there is no mutant {mark.operator} at this line"))
            elif place in tested - kept:
                wrong.append((mark, f"{mark.operator} makes a difference: {caught[place]} catches it"))
        return wrong


KILLED = (Status.KILLED, Status.ERROR)


def _place(mutant: Mutant) -> tuple[str, int, str]:
    return mutant.file, mutant.line, mutant.operator


def _marks(file: str, text: str) -> Iterator[Equivalence]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        marked = _MARKED.search(token.string) if token.type == tokenize.COMMENT else None
        if marked is None:
            continue
        alone = not token.line[: token.start[1]].strip()
        where = f"{file}:{token.start[0]}"
        rest = _REST.fullmatch(marked["rest"])
        if rest is None:
            raise JourneyError("a comment that marks an equivalent mutant needs a reason", where=where, hint=FORM)
        for operator in re.split(r"\s*,\s*", rest["operators"]):
            if operator not in OPERATORS:
                known = f"choose one of: {', '.join(OPERATORS)}"
                raise JourneyError(f"unknown operator {operator!r}", where=where, hint=known)
            yield Equivalence(file, token.start[0] + alone, operator, rest["reason"].strip())
