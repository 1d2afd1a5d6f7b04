"""`workbench chat` and `workbench show`: a conversation without a screen, by real processes."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.kit import shop_files, write
from workbench.cli import run

REHEARSAL = """
    from workbench import Rehearsal, Say, Call
    from .journey import create_return, find_order, returns

    returns.rehearsal = script = Rehearsal()

    @script.intent("return my shoes")
    def give_back(scene):
        yield Call(find_order, order_number="OL-2")
        yield Call(create_return, order_number="OL-2")
        yield Say("Your return is open.")
"""
AGENT = """
    from workbench import Agent
    from .returns.rehearsal import returns
    agent = Agent("shop", journeys=[returns])
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    write(tmp_path / "journeys", {**shop_files(agent=AGENT), "shop/returns/rehearsal.py": REHEARSAL})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def workbench(*arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "workbench", *arguments]
    return subprocess.run(command, input=said, capture_output=True, text=True, timeout=60)


def test_each_line_is_a_message_and_the_output_is_the_replies(project):
    done = workbench("chat", said="I want to return my shoes\n\nreturn my shoes\n")
    assert done.returncode == 0
    assert done.stdout == "Your return is open.\n" * 2
    assert "rehearsal: a script, no model" in done.stderr
    assert "create_return(order_number=OL-2): executed" in done.stderr


def test_the_calls_are_printed_before_the_reply_that_they_led_to(project):
    done = subprocess.run(
        [sys.executable, "-m", "workbench", "chat"],
        input="return my shoes\n", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.index("create_return(") < done.stdout.index("Your return is open.")


@pytest.mark.parametrize(("body", "word"), [("1 / 0", "failed"), ("raise ToolError('sold out')", "error")])
def test_a_call_that_failed_is_not_printed_as_executed(project, body, word):
    journey = project / "journeys/shop/returns/journey.py"
    journey.write_text(journey.read_text().replace('return "R-1"', body))
    done = workbench("chat", said="return my shoes\n")
    line = next(line for line in done.stderr.splitlines() if "create_return(" in line)
    assert f": {word}" in line
    assert "executed" not in line


def test_with_json_each_line_is_a_step(project):
    done = workbench("chat", "--json", said="I want to return my shoes\n")
    steps = [json.loads(line) for line in done.stdout.splitlines()]
    assert steps[0]["event"] == "user"
    assert steps[-1] == {"event": "end", "turn": 1, "reason": "replied"}
    assert {"find_order", "create_return"} == {s["tool"] for s in steps if s["event"] == "result"}


def test_a_chat_can_be_saved_shown_and_replayed(project, capsys):
    done = workbench("chat", "--save", "A good return", said="I want to return my shoes\n")
    assert "saved transcripts/shop/a-good-return.json: PASS" in done.stderr
    assert run(["show", "transcripts/shop/a-good-return.json"]) == 0
    shown = capsys.readouterr().out
    assert "customer: I want to return my shoes" in shown
    assert "agent: Your return is open." in shown
    assert run(["replay"]) == 0


def test_the_conversation_is_stored_in_a_session_file(project):
    workbench("chat", said="I want to return my shoes\n")
    file = next((project / ".workbench/sessions").glob("*.jsonl"))
    records = [json.loads(line) for line in file.read_text().splitlines()]
    assert records[0]["setup"]["fixture"] == "base"
    assert records[-1]["event"]["event"] == "end"


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 2), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_chat_that_waits_for_a_line(project, number, status):
    command = [sys.executable, "-m", "workbench", "chat"]
    env = {**os.environ, "PYTHONFAULTHANDLER": "1"}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env) as chat:
        chat.stdin.write("I want to return my shoes\n")
        chat.stdin.flush()
        assert chat.stdout.readline() == "Your return is open.\n"
        chat.send_signal(number)
        try:
            assert chat.wait(20) == status
        finally:
            if chat.poll() is None:
                chat.send_signal(signal.SIGABRT)  # says on stderr where it hangs
                chat.wait(5)


def test_invalid_utf8_does_not_crash_the_chat(project):
    command = [sys.executable, "-m", "workbench", "chat"]
    done = subprocess.run(command, input=b"return my shoes \xff", capture_output=True, timeout=60)
    assert done.returncode == 0
    assert done.stdout == b"Your return is open.\n"


def test_a_chat_without_a_message_exits_with_5(project):
    done = workbench("chat", said="")
    assert done.returncode == 5


def test_a_broken_journey_exits_with_4_and_names_file_and_line(project):
    Path("journeys/shop/returns/journey.py").write_text("x = (\n")
    done = workbench("chat", said="hi\n")
    assert done.returncode == 4
    assert "shop/returns/journey.py:1" in done.stderr


def test_a_fixture_that_does_not_fit_exits_with_4_before_the_first_message(project):
    Path("journeys/shop/fixtures/base.json").write_text('{"world": {"Shop": {"orders": 3}}}')
    done = workbench("chat", said="hi\n")
    assert done.returncode == 4
    assert "shop/fixtures/base.json" in done.stderr


def test_an_unknown_fixture_lists_the_existing_ones(project):
    done = workbench("chat", "--fixture", "bse", said="hi\n")
    assert done.returncode == 4
    assert "one of: base" in done.stderr


def test_an_unknown_model_is_refused_before_anything_starts(project, capsys):
    assert run(["chat", "--model", "gtp"]) == 4
    assert "unknown model 'gtp'" in capsys.readouterr().err


def test_without_a_terminal_the_screens_suggest_other_commands(project):
    done = workbench()
    assert done.returncode == 4
    assert "workbench chat" in done.stderr
    assert "workbench replay" in done.stderr


def test_showing_a_file_that_is_not_a_transcript_exits_with_4(project, capsys):
    Path("x.json").write_text("{}")
    assert run(["show", "x.json"]) == 4
    assert "not a Workbench transcript" in capsys.readouterr().err


def test_agent_and_model_come_from_the_settings(project, capsys):
    Path("workbench.toml").write_text('model = "rehearsal"\nagent = "shp"\n')
    assert run(["chat"]) == 4
    assert "there is no agent 'shp'" in capsys.readouterr().err
    Path("workbench.toml").write_text("modell = 1\n")
    assert run(["chat"]) == 4
    assert "unknown setting 'modell'" in capsys.readouterr().err


# what happens to the file of the conversation


class Chat:
    """A chat that runs: `say` sends a message and waits for its reply."""

    def __init__(self, *options: str, **more: Any) -> None:
        command = [sys.executable, "-m", "workbench", "chat", *options]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, **more)

    def say(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("return my shoes\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "Your return is open.\n"

    def end(self) -> tuple[int, str]:
        """End the chat; returns the exit code and stderr."""
        _, errors = self.process.communicate(timeout=60)
        return self.process.returncode, errors


def stored_events(project: Path) -> int:
    return sum(f.read_text().count('"event":{') for f in (project / ".workbench" / "sessions").glob("*.jsonl"))


def events_of(messages: int) -> int:
    """Count the events of an undisturbed chat; its file is removed."""
    count = len(workbench("chat", "--json", said="return my shoes\n" * messages).stdout.splitlines())
    shutil.rmtree(".workbench")
    return count


def remove_state(project: Path) -> None:
    shutil.rmtree(project / ".workbench")


def clean_with_git(project: Path) -> None:
    for command in (["init", "-q"], ["add", "-A"], ["clean", "-xfdq"]):
        subprocess.run(["git", *command], cwd=project, check=True)
    assert not (project / ".workbench").exists()


def remove_file(project: Path) -> None:
    for file in (project / ".workbench" / "sessions").glob("*.jsonl"):
        file.unlink()


@pytest.mark.parametrize("damage", [remove_state, clean_with_git, remove_file])
@pytest.mark.parametrize("then", [0, 1], ids=["at the end", "with a message"])
def test_a_conversation_whose_file_is_deleted_is_written_again_and_reported(project, damage, then):
    whole = events_of(1 + then)
    chat = Chat()
    chat.say()
    damage(project)
    for _ in range(then):
        chat.say()
    code, errors = chat.end()
    assert (code, stored_events(project)) == (0, whole)
    assert "warning" in errors
    assert "deleted" in errors


def test_a_conversation_that_cannot_be_written_is_reported_at_once_and_exits_with_4(project):
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))

    done = subprocess.run(
        [sys.executable, "-m", "workbench", "chat", "--json"],
        input="return my shoes\n" * 8, capture_output=True, text=True, timeout=60, preexec_fn=limit,
    )  # fmt: skip
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["code"] for line in lines if "error" in line] == ["not-written"]
    assert len(lines) - 1 > stored_events(project)
    assert done.returncode == 4
    assert "not written" in done.stderr


def test_a_folder_that_becomes_read_only_loses_nothing(project):
    whole = events_of(2)
    chat = Chat()
    chat.say()
    folders = (project / ".workbench", project / ".workbench" / "sessions")
    for folder in folders:
        folder.chmod(0o500)
    chat.say()
    code, errors = chat.end()
    for folder in folders:
        folder.chmod(0o700)
    assert (code, stored_events(project)) == (0, whole)
    assert "Traceback" not in errors


def test_another_file_in_its_place_is_not_overwritten_and_the_chat_exits_with_4(project):
    chat = Chat()
    chat.say()
    (file,) = (project / ".workbench" / "sessions").glob("*.jsonl")
    file.unlink()
    file.write_text("precious\n")
    chat.say()
    code, errors = chat.end()
    assert (code, file.read_text()) == (4, "precious\n")
    assert "not written" in errors


def test_what_could_not_be_written_is_written_when_it_can_be(project):
    whole = events_of(3)
    chat = Chat()
    chat.say()
    state = project / ".workbench"
    shutil.rmtree(state)
    state.write_text("a file")
    chat.say()
    state.unlink()
    chat.say()
    code, errors = chat.end()
    assert code == 0
    assert stored_events(project) == whole
    assert errors.count("not written") == 1
    assert "written again" in errors
