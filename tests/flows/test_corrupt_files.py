"""Whatever a file holds: a verdict or an error that names it, never a traceback, and the others still run.

The dice are fixed, so the suite says the same each time. `python bench/broken.py` breaks ten thousand.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.broken import LOGS, ROOT, Breaker, expectations, samples
from workbench.errors import TranscriptError
from workbench.replay.verdict import Verdict
from workbench.runtime.replay_job import ReplayJob
from workbench.runtime.replayer import Replayer
from workbench.transcripts.codec import decode, encode
from workbench.transcripts.importers.formats import FORMATS
from workbench.transcripts.importers.importing import import_bytes
from workbench.transcripts.transcript import Transcript

settings.register_profile(
    "suite",
    max_examples=300,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
settings.register_profile("many", settings.get_profile("suite"), max_examples=10_000, derandomize=False)
settings.load_profile(os.environ.get("BROKEN", "suite"))

SAMPLES = samples()
DICE = st.integers(0, 2**64).map(Random)


@pytest.fixture(scope="module")
def share():
    return Replayer(ReplayJob(str(ROOT / "journeys")))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("broken") / "x.json"


def judged(share: Replayer, path: Path, data: bytes):
    """The case of a file with these bytes, which is told as it should be."""
    path.write_bytes(data)
    case = share.case(str(path))
    why = case.outcome.why
    assert "Traceback" not in why
    assert "bug of Workbench" not in why
    why.encode()
    json.dumps(case.outcome.why)
    if case.head is None:
        assert case.verdict is Verdict.ERROR
        assert path.name in why
    return case


@given(DICE)
def test_a_broken_transcript_is_an_error_that_names_the_file(share, path, dice):
    judged(share, path, Breaker(dice).of(dice.choice(SAMPLES)))


@given(DICE)
def test_a_broken_expectation_is_an_error_or_a_verdict(share, path, dice):
    whole = json.loads(json.dumps(dice.choice(SAMPLES)))
    whole["kind"] = dice.choice(["mistake", "golden"])
    whole["expectations"] = [expectations(dice) for _ in range(dice.choice([1, 1, 1, 2]))]
    judged(share, path, json.dumps(whole).encode())


def read(name: str, data: bytes) -> tuple[list[Transcript], TranscriptError | None]:
    try:
        return import_bytes(data, "shop", "log.json", name), None
    except TranscriptError as error:
        return [], error


@given(DICE)
def test_a_broken_log_is_an_error_with_its_position_or_valid_transcripts(dice):
    name = dice.choice(sorted(FORMATS))
    data = Breaker(dice).of(dice.choice(LOGS[name]))
    made, error = read(name, data)
    assert error is None or (error.where.startswith("log.json") and error.hint)
    for transcript in made:
        assert decode(encode(transcript), "x.json") == transcript


def test_a_number_that_is_too_long_is_an_error_of_the_file(share, path):
    whole = {**SAMPLES[0], "source": {"model": 10**4000}}
    data = json.dumps(whole).encode().replace(b"0" * 4000, b"0" * 5000)
    assert judged(share, path, data).outcome.verdict is Verdict.ERROR


def test_a_text_with_lines_that_are_not_strings_is_an_error_of_the_file(share, path):
    whole = json.loads(json.dumps(SAMPLES[0]))
    whole.setdefault("blobs", {})["0"] = {"title": "a", "text": ["b", ["x"]]}
    assert "a line of its text" in judged(share, path, json.dumps(whole).encode()).outcome.why
