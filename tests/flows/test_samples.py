"""The committed transcripts: each passes today, and each is red again when what it stands for is broken."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tools.sample_transcripts import GUARDS, MISTAKES, SAMPLES
from tools.sample_transcripts.breakages import without
from tools.sample_transcripts.recorder import agent_for, record
from tools.sample_transcripts.sample import AGENT, JOURNEYS, Sample
from workbench.authoring.agent import Agent
from workbench.cli import run
from workbench.replay.judge import replay
from workbench.replay.verdict import Verdict
from workbench.runtime.loader import load
from workbench.trace.events import PolicyDecision
from workbench.trace.steps import group_steps
from workbench.transcripts.codec import encode_stored, read
from workbench.transcripts.expectation import EXPECTATION_KINDS
from workbench.transcripts.transcript import Transcript


def today() -> Agent:
    return load(JOURNEYS, AGENT).agent


def each(samples: list[Sample]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("sample", samples, ids=[s.path.stem for s in samples])


def deeds(transcript: Transcript) -> list[tuple[str, str, str]]:
    """What was done, without the words and hashes that change with every edit of a journey."""
    done = [m for t in group_steps(transcript.events) for m in t.steps]
    return [(str(m.step_id), m.call.tool if m.call else "", m.effect) for m in done]


def test_all_three_journeys_have_transcripts_of_both_kinds() -> None:
    assert len(MISTAKES) >= 12
    assert len(GUARDS) >= 6
    for tag in ("returns", "speaker", "radio"):
        assert {s.is_mistake for s in SAMPLES if tag in s.tags} == {True, False}


def test_most_mistakes_are_fixed_and_one_or_two_are_open() -> None:
    states = [read(s.path).state for s in MISTAKES]
    assert 1 <= states.count("open") <= 2
    assert states.count("fixed") == len(MISTAKES) - states.count("open")


def test_the_samples_use_many_kinds_of_expectations() -> None:
    expected = {s.expect.kind for s in SAMPLES if s.expect}
    assert len(expected) >= 10
    assert {EXPECTATION_KINDS[name].decided_by for name in expected} == {"offline"}, (
        "only what replay can decide stands here"
    )


@each(SAMPLES)
def test_a_sample_has_the_same_bytes_after_it_is_read_and_written(sample: Sample) -> None:
    data = sample.path.read_bytes()
    assert encode_stored(read(sample.path))[0] == data


@each(SAMPLES)
def test_a_sample_passes_on_todays_code(sample: Sample) -> None:
    outcome = replay(read(sample.path), today())
    assert (outcome.verdict, outcome.why) == (Verdict.PASS, "")


def test_the_samples_pass_with_their_tools_in_confined_processes(tmp_path: Path, monkeypatch: Any) -> None:
    for name in ("journeys", "transcripts"):
        shutil.copytree(JOURNEYS.parent / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert run(["replay", "--tools=sandbox"]) == 0


@each(MISTAKES)
def test_a_mistake_fails_if_its_bug_is_introduced_again(sample: Sample) -> None:
    outcome = replay(read(sample.path), agent_for(sample).agent)
    assert outcome.verdict is Verdict.FAIL
    assert "expected:" in outcome.why


def stopped_in(sample: Sample) -> list[str]:
    """The policies that blocked, rewrote or escalated something in a guard."""
    decisions = [s for s in read(sample.path).events if isinstance(s, PolicyDecision)]
    return sorted({d.policy for d in decisions if d.effect != "allow"})


@each([s for s in GUARDS if stopped_in(s)])
def test_a_golden_transcript_fails_without_a_policy_that_acted_in_it(sample: Sample) -> None:
    for policy in stopped_in(sample):
        agent = today()
        without(policy)(agent)
        assert replay(read(sample.path), agent).verdict is Verdict.FAIL, policy


@each(SAMPLES)
def test_recording_a_sample_again_produces_the_same_conversation(sample: Sample) -> None:
    """Where this fails a journey has changed: `python -m tools.sample_transcripts` writes the files again."""
    assert deeds(record(sample)) == deeds(read(sample.path))


def test_no_sample_contains_a_complete_card_number() -> None:
    for sample in SAMPLES:
        text = sample.path.read_text()
        assert "4000001234567899" not in text
        assert "4111 1111 1111 1111" not in text
