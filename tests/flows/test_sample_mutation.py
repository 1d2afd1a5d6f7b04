"""The sample agent is guarded: its transcripts notice what docs/mutate.md says they do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.sample_transcripts.sample import AGENT, JOURNEYS, TRANSCRIPTS
from workbench.mutation.coverage import coverage
from workbench.mutation.mutants import generate_mutants
from workbench.mutation.run import Baseline, read_sources, run_baseline, run_mutants
from workbench.mutation.score import MutantResult, Status, score
from workbench.trace.events import Answer
from workbench.transcripts.codec import read
from workbench.transcripts.files import find

PAGE = Path(__file__).parents[2] / "docs" / "mutate.md"


@pytest.fixture(scope="module")
def base() -> Baseline:
    return run_baseline(JOURNEYS, AGENT, [read(path) for path in find([TRANSCRIPTS])], seconds=60)


@pytest.fixture(scope="module")
def fates(base: Baseline) -> list[MutantResult]:
    """Some 10 s of work: every mutant there is, each in a process of its own."""
    return list(run_mutants(JOURNEYS, AGENT, base, generate_mutants(read_sources(JOURNEYS), AGENT), seconds=30))


def test_every_transcript_passes_and_every_rule_is_reached(base: Baseline) -> None:
    assert base.left_out == {}
    called = {c.tool for t in base.transcripts for s in t.events if isinstance(s, Answer) for c in s.calls}
    found = coverage(read_sources(JOURNEYS), AGENT, base.lines, base.decisions, called, base.policies)
    assert [p.name for p in [*found.policies, *found.tools] if not p.reached] == []
    assert [f"{r.file}:{r.line} {r.effect}" for r in found.decisions if not r.reached] == []
    assert [f.file for f in found.files if f.missed] == []


def test_at_least_95_percent_of_the_mutants_are_killed(fates: list[MutantResult]) -> None:
    percent = score(fates).percent
    assert percent is not None
    assert percent >= 95


def test_the_page_explains_every_surviving_mutant(fates: list[MutantResult]) -> None:
    """If this fails, add the missing conversation to tools/sample_transcripts/limits.py, or a reason to docs."""
    left = {
        (f"{f.mutant.file}:{f.mutant.line}", f.mutant.operator)
        for f in fates
        if f.status in (Status.SURVIVED, Status.NO_COVERAGE)
    }
    section = PAGE.read_text().split("## The sample agent")[1]
    assert left == set(re.findall(r"^\| `([\w/.]+:\d+)` \| `([\w-]+)` \|", section, re.M))
