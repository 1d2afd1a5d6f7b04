"""A tally: what one replay came to, as every form of report tells it."""

from __future__ import annotations

from collections import Counter
from functools import cached_property

import msgspec

from ..text import pluralize, sanitize
from .case import Case, passed_on_changed_prompt
from .exit_codes import CODES, Exit, worst
from .verdict import Verdict

MAX_NAMED = 4  # files in one line


class ShardInfo(msgspec.Struct, frozen=True):
    """What a shard must share with the others: of how many transcripts in all, by their hash, on which code."""

    shard: str
    total: int
    content_hash: str
    code: str


class Summary(msgspec.Struct, frozen=True, dict=True):
    """The cases that were decided, of `selected` transcripts that were to be.

    `seconds` is wall time; `options` what was asked for, by name; `root` the
    project's folder as seen from here, "" for this one; `part` is None where all were to be decided here;
    `passed_over` are files in its folders that say they are transcripts, and were none of the selected.
    """

    cases: list[Case]
    selected: int
    seconds: float
    options: dict[str, str] = {}
    root: str = ""
    interrupted: bool = False
    part: ShardInfo | None = None
    passed_over: list[str] = []

    @cached_property
    def counts(self) -> dict[Verdict, int]:
        """How many there are of each verdict, in the order of the verdicts; they add up to the cases."""
        found = Counter(case.verdict for case in self.cases)
        return {verdict: found[verdict] for verdict in Verdict}

    @cached_property
    def on_changed_prompts(self) -> int:
        """How many PASS stand on prompts that no model has seen."""
        return sum(1 for case in self.cases if passed_on_changed_prompt(case))

    @property
    def code(self) -> Exit:
        """How it ends. Only of a shard may nothing be green: the others have what was selected."""
        if len(self.cases) != self.selected and not self.interrupted:
            raise AssertionError("the verdicts do not add up to what was selected")
        nothing = Exit.OK if self.part and self.part.total else Exit.NO_TESTS
        codes = {CODES[case.verdict] for case in self.cases} or {nothing}
        if self.tools and not self.ran:
            codes |= {nothing}  # tools were to run, and none did
        return worst(codes | ({Exit.INTERRUPTED} if self.interrupted else set()))

    @property
    def counts_text(self) -> str:
        """27 PASS, 1 FAIL"""
        return ", ".join(f"{count} {verdict.value}" for verdict, count in self.counts.items() if count) or "none"

    @property
    def tools(self) -> bool:
        """Whether tools were to run too."""
        return self.options.get("--tools") == "sandbox"

    @cached_property
    def ran(self) -> int:
        """How many calls ran a tool."""
        return sum(case.outcome.executed for case in self.cases)

    @property
    def headline(self) -> str:
        done = len(self.cases)
        if self.interrupted:
            return f"interrupted: {done} of {self.selected} transcripts"
        shard = f"shard {self.part.shard}: " if self.part else ""
        return f"{shard}{pluralize(done, 'transcript')}"

    @property
    def took(self) -> str:
        return f"{self.seconds:.2f} s"

    @property
    def notes(self) -> list[str]:
        """What a green count alone would not say."""
        said = []
        over = len(self.passed_over)
        if over:
            names = ", ".join(self.passed_over[:MAX_NAMED]) + (" …" if over > MAX_NAMED else "")
            more = f"{over} more transcripts lie" if over > 1 else "1 more transcript lies"
            said.append(f"{more} there and cannot be found (hidden, or not named *.json): {sanitize(names)}")
        if self.tools:
            taped = sum(case.outcome.from_recording for case in self.cases)
            said.append(f"{self.ran or 'no'} calls ran their tool, {taped} took the result from the tape")
        green = self.counts[Verdict.PASS]
        if self.on_changed_prompts:
            said.append(
                f"{self.on_changed_prompts} of the {green} PASS stand on prompts no model has seen: "
                "code was tested, not the model"
            )
        passed = (case.outcome for case in self.cases if case.verdict is Verdict.PASS)
        drifted = sum(1 for outcome in passed if any(not d.endswith(" prompt") for d in outcome.drift))
        if drifted:
            said.append(
                f"in {drifted} of the {green} PASS policies decided alike, but are not as they were (rule, reason "
                "or words): --strict-drift tells where"
            )
        return said
