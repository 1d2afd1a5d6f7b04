"""`workbench replay --watch`, as a program: again at every save, ended by ctrl+c."""

from __future__ import annotations

import re
import signal
import subprocess
import sys

import pytest

from support.kit import LATE, WINDOW, ScriptedModel, converse, saved, shop, shop_files, write
from workbench.cli import run
from workbench.transcripts.expectation import Expectation
from workbench.transcripts.files import write as write_transcript
from workbench.transcripts.transcript import Annotation


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project of the shop with one mistake that is open."""
    write(tmp_path / "journeys", shop_files())
    conversation = converse(shop(tmp_path / "recorded"), ScriptedModel(*LATE), "return OL-1")
    mistake = saved(
        conversation,
        "mistake",
        expectations=[Expectation("not_executed", "1.2.1")],
        annotations=[Annotation("1.2.1")],
    )
    (tmp_path / "transcripts").mkdir()
    write_transcript((tmp_path / "transcripts/late.json"), mistake)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def program(project):
    """It watches; whatever the test comes to, it is gone afterwards."""
    command = [sys.executable, "-m", "workbench", "replay", "--watch"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as started:
        try:
            yield started
        finally:
            started.kill()


def heard(program, words: str) -> str:
    """What it says up to a line with these words, or to its end."""
    said = ""
    for line in program.stderr:
        said += line
        if words in line:
            break
    return said


def test_a_save_starts_another_replay_and_ctrl_c_stops_watching(project, program):
    first = heard(program, "watching journeys, transcripts; ctrl+c stops")
    assert "1 transcript: 1 FAIL" in first
    assert re.search(r"^\d\d:\d\d:\d\d  watching", first, re.M)
    write(project / "journeys", shop_files(WINDOW))
    said = heard(program, "1 transcript: 1 PASS")
    assert re.search(r"^\d\d:\d\d:\d\d  saved: journeys/shop/", said, re.M)
    assert "1 transcript: 1 PASS" in said
    (project / "transcripts/late.json").unlink()
    said += heard(program, "nothing to replay")
    said += heard(program, "watching")
    program.send_signal(signal.SIGINT)
    rest = program.stderr.read()
    assert program.wait(20) == 2
    assert "stopped. NO_TESTS: 0 transcripts" in rest
    assert "\x1b" not in said + rest


@pytest.mark.parametrize("option", ["--query=colour:red", "nowhere.json", "--json=transcripts/late.json"])
def test_an_invalid_option_exits_with_4_before_watching(project, option):
    assert run(["replay", "--watch", option]) == 4
