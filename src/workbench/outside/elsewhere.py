"""The runs of `--twice`: in fresh processes, in some of which Python orders sets of texts otherwise.

That order hangs on a number a process draws as it starts, and forked processes share
it: code that decides by it decides alike in all of them, and another way tomorrow.
"""

from __future__ import annotations

import msgspec

from ..replay.case import Case
from ..replay.verdict import Verdict, parting
from .kept import PATIENCE, Kept
from .share import Work

SEEDS = ("1", "2")
RUNS = 1 + len(SEEDS)


class Twice:
    """Has each file replayed by one kept process after the other.

    Each may be silent for `patience` seconds, and says itself where it hangs; so `case` may take RUNS times that.
    """

    def __init__(self, work: Work, patience: float = PATIENCE) -> None:
        once = msgspec.structs.replace(work.options, twice=False, footprint=True)
        there = msgspec.structs.replace(work, options=once)
        self._first = Kept(work, patience)  # each starts when it is first asked
        self._others = [Kept(there, patience, seed) for seed in SEEDS]

    def close(self) -> None:
        for kept in (self._first, *self._others):
            kept.close()

    def case(self, path: str) -> Case:
        """The case of one file. Raises nothing that a file or a journey may hold."""
        case = self._first.case(path)
        for seed, other in zip(SEEDS, self._others, strict=True):
            outcome = case.outcome
            if outcome.verdict in (Verdict.ERROR, Verdict.FLAKY):
                break
            there = other.case(case.path).outcome
            parted = (
                parting(outcome.footprint, there.footprint)
                if there.footprint
                else f"there it is {there.verdict}: {there.why}"
            )
            if parted:
                why = (
                    f"two replays of it differ where sets are ordered otherwise (PYTHONHASHSEED={seed}): {parted}"
                )
                case.outcome = msgspec.structs.replace(outcome, verdict=Verdict.FLAKY, why=why)
        case.outcome.footprint = ()
        return case
