"""The terminal is closed while the workbench runs: it saves and ends, whoever started it."""

from __future__ import annotations

import os
import pty
import select
import shutil
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from workbench.cli import run

LEADER = """
import signal, subprocess, sys
signal.signal(signal.SIGHUP, lambda *_: None)  # as make does, it does not pass the signal on
status = subprocess.call(sys.argv[2:])
open(sys.argv[1], "w").write(str(status))
"""


class Terminal:
    """A terminal whose session leader starts a command and passes no SIGHUP on to it."""

    def __init__(self, folder: Path, *command: str) -> None:
        self.status = folder / "status"
        self.pid, self.keyboard = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.environ.update(TERM="xterm-256color", COLUMNS="100", LINES="30")
            os.execv(sys.executable, [sys.executable, "-c", LEADER, str(self.status), *command])
        self.leader = psutil.Process(self.pid)

    def wait_for(self, text: str, seconds: float = 30.0) -> None:
        seen, end = b"", time.monotonic() + seconds
        while text.encode() not in seen:
            assert time.monotonic() < end, seen[-2000:]
            if select.select([self.keyboard], [], [], 0.2)[0]:
                seen += os.read(self.keyboard, 65536)

    def close(self) -> list[psutil.Process]:
        """Close the terminal and return what it had started."""
        started = self.leader.children(recursive=True)
        os.close(self.keyboard)
        return started

    def exit_status(self, seconds: float = 15.0) -> str:
        end = time.monotonic() + seconds
        while not self.status.exists() or not self.status.read_text():
            assert time.monotonic() < end, "it still runs"
            time.sleep(0.1)
        os.waitpid(self.pid, 0)
        return self.status.read_text()


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["init", "p"]) == 0
    return tmp_path / "p"


def gone(processes: list[psutil.Process], seconds: float = 5.0) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    for process in alive:
        process.kill()
    return not alive


@pytest.mark.parametrize("command", [["dev"], ["review", "--run-code"], ["tour"]])
def test_a_closed_terminal_ends_the_screens_and_all_their_processes(project, command):
    terminal = Terminal(project, sys.executable, "-m", "workbench", *command)
    terminal.wait_for("Develop")
    time.sleep(1.0)
    started = terminal.close()
    assert len(started) > 1
    assert terminal.exit_status() == str(128 + signal.SIGHUP)
    assert gone(started)


def test_a_message_sent_before_the_terminal_closed_is_saved(project):
    terminal = Terminal(project, sys.executable, "-m", "workbench", "dev")
    terminal.wait_for("ready")
    os.write(terminal.keyboard, b"my mixer is broken\r")
    terminal.wait_for("mixer")
    time.sleep(1.0)
    started = terminal.close()
    assert terminal.exit_status() == "129"
    assert gone(started)
    saved = b"".join(path.read_bytes() for path in (project / ".workbench/sessions").glob("*"))
    assert b"my mixer is broken" in saved


@pytest.mark.parametrize("command", [["replay", "--watch"], ["chat"]])
def test_a_closed_terminal_ends_commands_that_wait(project, command):
    terminal = Terminal(project, sys.executable, "-m", "workbench", *command)
    terminal.wait_for("watching" if "--watch" in command else "answers")
    started = terminal.close()
    assert terminal.exit_status() != "0"
    assert gone(started)


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_a_closed_terminal_ends_a_workbench_that_make_started(project):
    (project / "Makefile").write_text(f"run:\n\t@exec {sys.executable} -m workbench\n")
    terminal = Terminal(project, "make", "run")
    terminal.wait_for("ready")
    started = terminal.close()
    terminal.exit_status()
    assert gone(started)
