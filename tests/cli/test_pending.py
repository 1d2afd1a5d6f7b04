"""Recorded anew: it waits beside the transcript until a person has said yes or no."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from support.kit import ScriptedModel, converse, saved, shop, shop_files, use, write
from support.loopback import Loopback, calls, refuses, says
from workbench.cli import run
from workbench.transcripts.codec import read
from workbench.transcripts.expectation import Expectation
from workbench.transcripts.files import write as write_transcript

FIND, RETURN = ("find_order", {"order_number": "OL-1"}), ("create_return", {"order_number": "OL-1"})
GUARD, WAITS = "transcripts/golden.json", "transcripts/golden.pending.json"


@pytest.fixture
def project(tmp_path, monkeypatch):
    write(tmp_path / "journeys", shop_files())
    monkeypatch.chdir(tmp_path)
    put(tmp_path, "golden")
    return tmp_path


def put(folder: Path, name: str, *expectations: Expectation) -> None:
    answers = [use("find_order", order_number="OL-1")], [use("create_return", order_number="OL-1")], "Done."
    conversation = converse(shop(folder / "recorded"), ScriptedModel(*answers), "return OL-1")
    made = saved(conversation, "mistake" if expectations else "golden", expectations=list(expectations))
    path = folder / "transcripts" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    write_transcript(path, msgspec.structs.replace(made, id=name))


def rerecord(project, *script, file=GUARD, **env):
    command = [sys.executable, "-m", "workbench", "rerecord", file]
    with Loopback(*script) as server:
        env = {**os.environ, **server.env, **env}
        return subprocess.run(command, capture_output=True, text=True, env=env, cwd=project, timeout=120)


@pytest.fixture(scope="module")
def first_renewed(tmp_path_factory):
    """Where the first test that needs `renewed` leaves a copy of it for the others."""
    return tmp_path_factory.mktemp("renewed") / "project"


@pytest.fixture
def renewed(project, first_renewed):
    """The project once its guard was recorded again, with the new run waiting beside it."""
    if not first_renewed.exists():
        done = rerecord(project, calls(FIND), says("That is too late."))
        assert done.returncode == 0, done.stderr
        shutil.copytree(project, first_renewed)
    shutil.copytree(first_renewed, project, dirs_exist_ok=True)
    return project


def test_a_new_recording_is_pending_and_the_transcript_stays_unchanged(project):
    before = (project / GUARD).read_bytes()
    done = rerecord(project, calls(FIND), says("That is too late."))
    assert done.returncode == 0, done.stderr
    assert (project / GUARD).read_bytes() == before
    assert "- 1.2.1  create_return(order_number=OL-1): executed" in done.stdout
    assert "+ 1.2.0  reply That is too late.: allowed" in done.stdout
    follows = done.stdout.partition("consequences:")[2]
    assert "    - 1.3.0  reply Done.: allowed" in follows
    assert "nothing" not in done.stdout
    made = read(project / WAITS)
    assert made.id == "golden"
    assert made.source == {"model": "claude-sonnet-5-5"}
    assert made.recording_id != read(project / GUARD).recording_id


def test_replay_skips_pending_recordings_and_reports_them(renewed, capsys):
    (renewed / WAITS).write_text("{ broken")
    assert run(["replay"]) == 0
    said = capsys.readouterr().err
    assert "1 transcript: 1 PASS" in said
    assert "1 pending re-recording not replayed: workbench pending list" in said


def test_an_accepted_recording_replays(renewed, capsys):
    assert run(["pending"]) == 0
    assert GUARD in capsys.readouterr().out
    assert run(["pending", "accept", GUARD]) == 0
    assert "create_return(order_number=OL-1): executed" in capsys.readouterr().out
    assert not (renewed / WAITS).exists()
    assert read(renewed / GUARD).source == {"model": "claude-sonnet-5-5"}
    assert run(["replay"]) == 0


def test_a_rejected_recording_leaves_the_transcript_unchanged(renewed):
    before = (renewed / GUARD).read_bytes()
    assert run(["pending", "reject", "--all"]) == 0
    assert not (renewed / WAITS).exists()
    assert (renewed / GUARD).read_bytes() == before
    assert run(["pending", "reject", "--all"]) == 5


def test_showing_a_pending_recording_changes_nothing(renewed, capsys):
    assert run(["pending", "show"]) == 0
    assert "+ 1.2.0  reply That is too late.: allowed" in capsys.readouterr().out
    assert (renewed / WAITS).exists()


@pytest.mark.parametrize("words", [["accept"], ["acept", GUARD], ["accept", "transcripts/none.json"]])
def test_an_invalid_pending_command_exits_with_4_and_changes_nothing(renewed, words):
    assert run(["pending", *words]) == 4
    assert (renewed / WAITS).exists()


def test_rerecord_and_accept_do_not_run_in_ci(renewed, monkeypatch):
    assert rerecord(renewed, CI="true").returncode == 4
    monkeypatch.setenv("CI", "true")
    assert run(["pending", "accept", "--all"]) == 4
    assert run(["pending", "reject", "--all"]) == 4
    assert (renewed / WAITS).exists()


def test_an_unreadable_pending_recording_is_not_accepted(renewed):
    before = (renewed / GUARD).read_bytes()
    (renewed / WAITS).write_text("{")
    assert run(["pending", "accept", GUARD]) == 4
    assert (renewed / GUARD).read_bytes() == before
    assert (renewed / WAITS).exists()


def test_a_failed_server_leaves_no_pending_recording(project):
    done = rerecord(project, refuses(401, "authentication_error", "invalid x-api-key"))
    assert done.returncode == 10
    assert "nothing was written" in done.stderr
    assert not (project / WAITS).exists()


def test_a_mistake_that_the_new_run_does_not_show_keeps_its_transcript(project):
    put(project, "late", Expectation("not_executed", "1.2.1", tool="create_return"))
    done = rerecord(project, calls(FIND), says("That is too late."), file="transcripts/late.json")
    assert done.returncode == 10
    assert "does not show the mistake" in done.stderr
    assert not (project / "transcripts/late.pending.json").exists()


def test_a_rerecorded_mistake_is_open_again(project):
    put(project, "late", Expectation("not_executed", "1.2.1", tool="create_return"))
    path = project / "transcripts/late.json"
    write_transcript(path, msgspec.structs.replace(read(path), accepted_code="abc"))
    done = rerecord(project, calls(FIND), calls(RETURN), says("It is on its way."), file="transcripts/late.json")
    assert done.returncode == 0, done.stderr
    assert read(project / "transcripts/late.pending.json").state == "open"


def test_a_secret_in_the_new_run_is_replaced_before_it_is_written(project):
    secret = "sk-ant-" + "k" * 30
    done = rerecord(project, calls(FIND), says(f"The key is {secret}."))
    assert done.returncode == 0
    assert secret not in (project / WAITS).read_text()
    assert "replaced: secret by sk-redacted-" in done.stderr
