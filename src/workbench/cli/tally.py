"""A tally: what one replay came to, as every form of report tells it."""

from __future__ import annotations

from collections import Counter
from functools import cached_property

import msgspec

from ..case import Case
from ..replay import Verdict
from .report import Exit, worst
from .verdicts import CODES


class Tally(msgspec.Struct, frozen=True, dict=True):
    """The cases that were decided, of `selected` transcripts that were to be.

    `seconds` is wall time; `options` what was asked for, by name; `root` the
    project's folder as seen from here, "" for this one.
    """

    cases: list[Case]
    selected: int
    seconds: float
    options: dict[str, str] = {}
    root: str = ""
    interrupted: bool = False

    @cached_property
    def counts(self) -> dict[Verdict, int]:
        """How many there are of each verdict, in the order of the verdicts; they add up to the cases."""
        found = Counter(case.verdict for case in self.cases)
        return {verdict: found[verdict] for verdict in Verdict}

    @cached_property
    def unseen(self) -> int:
        """How many PASS stand on prompts that no model has seen."""
        passed = (case.outcome for case in self.cases if case.verdict is Verdict.PASS)
        return sum(1 for outcome in passed if outcome.prompt_changed_from)

    @property
    def code(self) -> Exit:
        codes = {CODES[case.verdict] for case in self.cases} or {Exit.NOTHING}
        return worst(codes | ({Exit.INTERRUPTED} if self.interrupted else set()))

    @property
    def sentence(self) -> str:
        """28 transcripts: 27 PASS, 1 FAIL (0.41 s)"""
        return f"{self.number}: {', '.join(f'{n} {v.value}' for v, n in self.counts.items() if n)} ({self.took})"

    @property
    def number(self) -> str:
        done = len(self.cases)
        if self.interrupted:
            return f"interrupted: {done} of {self.selected} transcripts"
        return f"{done} transcript{'s' * (done != 1)}"

    @property
    def took(self) -> str:
        return f"{self.seconds:.2f} s"

    @property
    def notes(self) -> list[str]:
        """What a green count alone would not say."""
        if not self.unseen:
            return []
        green = self.counts[Verdict.PASS]
        return [
            f"{self.unseen} of the {green} PASS stand on prompts no model has seen: code was tested, not the model"
        ]
