"""Copying reports its result."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from workbench.tui import clipboard


@pytest.fixture
def programs(monkeypatch):
    """Install fake clipboard programs."""
    there: dict[str, int] = {}
    given: list[bytes] = []

    def run(command, input, **options):
        given.append(input)
        return subprocess.CompletedProcess(command, there[command[0]])

    monkeypatch.setattr(clipboard.shutil, "which", lambda name: name if name in there else None)
    monkeypatch.setattr(clipboard.subprocess, "run", run)
    monkeypatch.setattr(clipboard, "_file", "")
    for variable in ("TMUX", "WAYLAND_DISPLAY", "DISPLAY"):
        monkeypatch.setenv(variable, "x")
    return there, given


def test_text_is_copied_with_an_available_program(programs):
    there, given = programs
    there["wl-copy"] = 0
    sent: list[str] = []
    assert clipboard.copy("hello", sent.append) == "copied 5 characters to the clipboard"
    assert sent == ["hello"]
    assert given == [b"hello"]


def test_the_next_program_is_tried_if_one_fails(programs):
    there, _ = programs
    there.update({"tmux": 1, "xclip": 0})
    assert clipboard.copy("hello", lambda text: None) == "copied 5 characters to the clipboard"
    assert clipboard.PROGRAMS[0][2].startswith("to tmux")


def test_text_is_sent_to_the_terminal_and_a_file_if_there_is_no_program(programs):
    told = clipboard.copy("héllo \ud800", lambda text: None)
    assert told.startswith("sent 7 characters to the terminal (OSC 52), which does not confirm it")
    path = Path(told.split("also in ")[1].split(" until ")[0])
    assert path.read_text() == "héllo ?"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    clipboard.copy("again", lambda text: None)
    assert path.read_text() == "again"
    clipboard._forget(str(path))
    assert not path.exists()
