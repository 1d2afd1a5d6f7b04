"""A regular expression of exponential time is an error of its expectation, and holds nothing up."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from support.kit import ScriptedModel, converse, put, saved, shop, use
from workbench.cli import run
from workbench.errors import TranscriptError
from workbench.replay.judge import replay
from workbench.replay.verdict import Verdict
from workbench.transcripts.codec import decode, encode
from workbench.transcripts.expectation import Expectation
from workbench.transcripts.patterns import SLOW, found
from workbench.transcripts.transcript import Annotation
from workbench.trials.trial import world_red_proof

EXPONENTIAL = "^(a|aa)+$"
LONG = "a" * 80 + "!"


def slow(folder, kind="golden", pattern=EXPONENTIAL):
    conversation = converse(shop(folder), ScriptedModel([use("find_order", order_number=LONG)], "No."), "hi")
    expectation = Expectation("called_with", "1.1.1", args={"order_number": pattern}, match="regex")
    notes = [Annotation("1.1.1")] if kind == "mistake" else []
    return saved(conversation, kind, expectations=[expectation], annotations=notes)


@pytest.mark.parametrize("kind", ["golden", "mistake"])
def test_a_slow_pattern_is_an_error_that_names_its_expectation(tmp_path, kind):
    outcome = replay(slow(tmp_path / "a", kind), shop(tmp_path / "b").agent)
    assert outcome.verdict is Verdict.ERROR
    assert "order_number of the expectation called_with" in outcome.why
    assert "hung" not in outcome.why


def test_a_search_that_takes_too_long_has_an_error_of_its_own():
    with pytest.raises(TranscriptError) as error:
        found(EXPONENTIAL, LONG, "args", "x.json")
    assert error.value.code == SLOW


def test_a_slow_pattern_of_the_final_world_is_no_proof(tmp_path):
    expectation = Expectation("final_world", "1.1.1", args={"Shop.name": EXPONENTIAL}, match="regex")
    conversation = converse(shop(tmp_path), ScriptedModel([use("find_order", order_number=LONG)], "No."), "hi")
    marked = saved(conversation, "mistake", expectations=[expectation], annotations=[Annotation("1.1.1")])
    assert "regular expression" in world_red_proof(marked, {"Shop": {"name": LONG}})


@pytest.mark.parametrize(
    ("pattern", "text", "there"), [("^OL-\\d$", "OL-1", True), ("(?i)ol", "OL-1", True), ("x", "", False)]
)
def test_a_pattern_is_searched_as_by_the_standard_library(pattern, text, there):
    assert found(pattern, text, "args", "x.json") is there


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["replay"], 4),
        (["coverage"], 0),
        (["accept", "transcripts/slow.json", "--reason", "x"], 4),
        (["check"], 0),
    ],
)
def test_no_command_is_held_up_by_a_slow_pattern(project, capsys, monkeypatch, command, code):
    monkeypatch.delenv("CI", raising=False)
    put(project, "slow", slow(project / "recorded"))
    began = time.monotonic()
    ended = run(command)
    assert time.monotonic() - began < 20
    told = "".join(capsys.readouterr())
    assert "hung" not in told
    assert ended == code, told


def test_the_other_transcripts_are_still_replayed(project, capsys):
    put(project, "slow", slow(project / "recorded"))
    assert run(["replay", "--json", "-"]) == 4
    told = json.loads(capsys.readouterr().out)["verdicts"]
    assert (told["PASS"], told["ERROR"]) == (1, 1)


def test_the_library_is_imported_only_for_a_pattern(tmp_path):
    paths = [
        put(
            tmp_path,
            name,
            slow(tmp_path / name, pattern="^a+!$")
            if name == "with"
            else saved(converse(shop(tmp_path / name), ScriptedModel("Hello."), "hi")),
        )
        for name in ("without", "with")
    ]
    look = "import sys; from pathlib import Path; from workbench.transcripts.codec import read\n"
    look += "import workbench.cli.commands.replay, workbench.runtime.pool\n"
    look += "for path in sys.argv[1:]: read(Path(path)); print('regex' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", look, *map(str, paths)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "True"]


def test_a_file_with_a_slow_pattern_can_be_read(tmp_path):
    assert decode(encode(slow(tmp_path)), "x.json").expectations[0].args == {"order_number": EXPONENTIAL}
