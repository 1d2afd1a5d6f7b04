"""The summary of one replay, as the basis of all reports."""

from __future__ import annotations

from collections import Counter
from functools import cached_property

import msgspec

from ..text import pluralize
from .case import Case, passed_on_changed_prompt
from .exit_codes import CODES, Exit, worst
from .verdict import Verdict

MAX_NAMED = 4  # file names in one line


class ShardInfo(msgspec.Struct, frozen=True):
    """The values shared by all shards of one replay: number of transcripts, their hash, and the code hash."""

    shard: str
    total: int
    content_hash: str
    code: str


WEAKER = {
    "hooks": "this system does not confine processes: native code of a journey was not refused anything",
    "network": "this system does not confine files: native code of a journey could read any of them",
    "files": "this system does not confine the network: native code of a journey could use it",
}


class Summary(msgspec.Struct, frozen=True, dict=True):
    """The decided cases, out of `selected` transcripts.

    `seconds` is wall time; `options` are the given options by name; `root` is the path of the
    project relative to the current folder; `part` is None unless this is a shard; `not_collected` are
    files in the project's folders that look like transcripts and cannot be collected.
    """

    cases: list[Case]
    selected: int
    seconds: float
    options: dict[str, str] = {}
    root: str = ""
    interrupted: bool = False
    part: ShardInfo | None = None
    not_collected: dict[str, str] = {}

    @cached_property
    def counts(self) -> dict[Verdict, int]:
        """Return the number of cases for each verdict, in the order of Verdict; they add up to the cases."""
        found = Counter(case.verdict for case in self.cases)
        return {verdict: found[verdict] for verdict in Verdict}

    @cached_property
    def on_changed_prompts(self) -> list[str]:
        """Return the paths of those PASS that used a prompt that has changed since the recording."""
        return [case.path for case in self.cases if passed_on_changed_prompt(case)]

    @property
    def code(self) -> Exit:
        """Return the exit code. An empty shard is OK, because the other shards have the transcripts."""
        if len(self.cases) != self.selected and not self.interrupted:
            raise AssertionError("the verdict counts do not add up to the number selected")
        nothing = Exit.OK if self.part and self.part.total else Exit.NO_TESTS
        codes = {CODES[case.verdict] for case in self.cases} or {nothing}
        if self.tools and not self.ran:
            codes |= {nothing}  # tools were requested, and none ran
        return worst(codes | ({Exit.INTERRUPTED} if self.interrupted else set()))

    @property
    def counts_text(self) -> str:
        """Return, for example, "27 PASS, 1 FAIL"."""
        return ", ".join(f"{count} {verdict.value}" for verdict, count in self.counts.items() if count) or "none"

    @property
    def tools(self) -> bool:
        """Return whether tools were re-executed."""
        return self.options.get("--tools") == "sandbox"

    @cached_property
    def ran(self) -> int:
        """Return how many calls executed a tool."""
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
        """Return notes that qualify the counts."""
        said = []
        over = len(self.not_collected)
        if over:
            named = [f"{path} ({why})" for path, why in self.not_collected.items()]
            more = f"{over} more transcripts are" if over > 1 else "1 more transcript is"
            said.append(f"{more} not collected: {_names(named)}")
        if self.tools:
            recorded = sum(case.outcome.from_recording for case in self.cases)
            calls = pluralize(self.ran, "call") if self.ran else "no calls"
            said.append(
                f"{calls} executed {'its' if self.ran == 1 else 'their'} tool, {recorded} used the recorded result"
            )
        if "--shared-process" in self.options:
            said.append("replayed in shared processes: state kept between transcripts is not excluded")
        weakest = {case.outcome.protection for case in self.cases} - {"", "system"}
        said += [WEAKER[name] for name in WEAKER if name in weakest]
        green = self.counts[Verdict.PASS]
        if self.on_changed_prompts:
            said.append(
                f"{len(self.on_changed_prompts)} of {green} passing transcripts used a prompt that no model has "
                f"answered yet, so only the code was tested: {_names(self.on_changed_prompts)}"
            )
        passed = (case for case in self.cases if case.verdict is Verdict.PASS)
        drifted = [case.path for case in passed if any(not d.endswith(" prompt") for d in case.outcome.drift)]
        if drifted:
            said.append(
                f"{len(drifted)} of {green} passing transcripts drifted: a policy was changed or is not called "
                f"any more (--strict-drift shows where): {_names(drifted)}"
            )
        return said


def _names(names: list[str]) -> str:
    """Return the first few names; the JSON report has all."""
    more = len(names) - MAX_NAMED
    return ", ".join(names[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
