"""Commands that read data run no code of the folder; Review runs it only after it was allowed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import stat
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.worker import WorkerError

from workbench.cli import run
from workbench.errors import UsageError
from workbench.store import run_permissions
from workbench.store.config import merge_settings, user_file, user_state_folder
from workbench.store.project import find_project
from workbench.transcripts.files import PENDING, sibling

ROOT = Path(__file__).resolve().parents[2]
WORKBENCH = [sys.executable, "-P", "-m", "workbench"]  # as the installed command: without the working folder
LOG = {"messages": [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "hi"}]}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in which every file of code leaves a trace if it runs, also one named as a module of Python."""
    folder = tmp_path / "project"
    transcript = sorted((ROOT / "transcripts/support").glob("*.json"))[0]
    (folder / "transcripts/support").mkdir(parents=True)
    shutil.copy(transcript, folder / "transcripts/support/one.json")
    shutil.copy(transcript, sibling(folder / "transcripts/support/one.json", PENDING))
    (folder / "calls.jsonl").write_text(json.dumps(LOG) + "\n")
    mark = f"open({str(tmp_path / 'RAN')!r}, 'a').write(__name__ + chr(10))\n"
    for name in ("journeys/support/agent.py", "journeys/support/__init__.py", "journeys/__init__.py"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(mark)
    for name in ("random.py", "json.py", "sitecustomize.py", "conftest.py", "msgspec.py"):
        (folder / name).write_text(mark)
    monkeypatch.chdir(folder)
    return folder


def ran(project: Path) -> str:
    path = project.parent / "RAN"
    return path.read_text() if path.exists() else ""


COMMANDS = [
    ["doctor"],
    ["doctor", "--json"],
    ["show", "transcripts/support/one.json"],
    ["fmt"],
    ["fmt", "--check"],
    ["import", "openai", "calls.jsonl", "--agent", "support"],
    ["import", "openai", "calls.jsonl", "--agent", "support", "--to-library"],
    ["pending"],
    ["pending", "show"],
    ["pending", "accept", "--all"],
    ["pending", "reject", "--all"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_that_reads_runs_no_code_of_the_folder(project: Path, command: list[str]) -> None:
    done = subprocess.run([*WORKBENCH, *command], capture_output=True, timeout=60)
    assert b"Traceback" not in done.stderr
    assert ran(project) == ""


def test_the_planted_code_leaves_a_trace_when_it_runs(project: Path) -> None:
    subprocess.run([*WORKBENCH, "check"], capture_output=True, timeout=60)
    assert "agent" in ran(project)


# review

Play = Callable[[Any], Awaitable[None]]


def review(monkeypatch: pytest.MonkeyPatch, play: Play, *options: str) -> None:
    """Run `workbench review` on a screen without a terminal, and play on it."""

    async def whole(app: Any) -> None:
        async with app.run_test(size=(160, 48)) as pilot:
            await until(pilot, lambda: "one" in text(app) and "run_code" in app.screen.groups)
            await play(pilot)
            app.workers.cancel_all()  # the index process ends while its loop runs
            for worker in list(app.workers):
                with contextlib.suppress(WorkerError):
                    await worker.wait()

    def run_app(app: Any) -> int:
        asyncio.run(whole(app))
        return 0

    monkeypatch.setattr("workbench.tui.app.run", run_app)
    monkeypatch.setattr("workbench.cli.commands.dev.check_terminal", lambda: None)
    assert run(["review", *options]) == 0


def text(app: Any) -> str:
    """Return the text of the whole screen."""
    return "\n".join("".join(part.text for part in line) for line in app.screen._compositor.render_strips())


async def until(pilot: Any, true: Callable[[], Any], seconds: float = 20.0) -> None:
    for _ in range(int(seconds / 0.05)):
        if true():
            return
        await pilot.pause(0.05)
    raise AssertionError(f"timed out; on screen:\n{text(pilot.app)}")


async def look_around(pilot: Any) -> None:
    """Open a transcript and press the keys that would need today's code."""
    for key in ("enter", "d", "c", "t", "p", "escape", "R", "i", "h", "i", "enter", "escape", "R", "enter", "d"):
        await pilot.press(key)
        await pilot.pause(0.1)
    await pilot.pause(1)


def test_review_runs_no_code_and_says_which_key_runs_it(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play(pilot: Any) -> None:
        assert "not run" in text(pilot.app)
        assert "X runs it" in text(pilot.app)
        await look_around(pilot)
        assert "X" in text(pilot.app)

    review(monkeypatch, play)
    assert ran(project) == ""


def test_a_saved_file_is_not_loaded_by_review(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play(pilot: Any) -> None:
        path = project / "journeys/support/agent.py"
        path.write_text(path.read_text() + "\n# changed\n")
        await pilot.pause(1)

    review(monkeypatch, play)
    assert ran(project) == ""


def test_the_key_runs_the_code_and_the_folder_is_remembered(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play(pilot: Any) -> None:
        await pilot.press("X")
        await until(pilot, lambda: ran(project))

    review(monkeypatch, play)
    before = ran(project)

    async def wait(pilot: Any) -> None:
        await until(pilot, lambda: ran(project) != before)

    review(monkeypatch, wait)
    assert not list(project.rglob("run-code*")), "a project must not be able to allow itself"


def test_the_option_runs_the_code_and_its_opposite_forgets_it(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def wait(pilot: Any) -> None:
        await until(pilot, lambda: ran(project))

    async def look(pilot: Any) -> None:
        assert "not run" in text(pilot.app)

    review(monkeypatch, wait, "--run-code")
    assert run_permissions.is_allowed(project)
    review(monkeypatch, look, "--no-run-code")
    assert not run_permissions.is_allowed(project)
    review(monkeypatch, look)


def test_a_project_cannot_put_the_permission_on_a_key_that_everybody_presses(project: Path, capsys: Any) -> None:
    (project / "workbench.toml").write_text('[keys]\nrun_code = "j"\ndown = "down"\n')
    with pytest.raises(UsageError, match="run_code") as caught:
        merge_settings(find_project().config)
    assert caught.value.where == "workbench.toml:2"
    (project / "workbench.toml").unlink()
    user_file().parent.mkdir(parents=True)
    user_file().write_text('[keys]\nrun_code = "f5"\n')
    assert merge_settings(find_project().config).keys["run_code"].keys == ("f5",)


def test_the_list_of_allowed_folders_is_private_and_names_the_real_folder(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    (tmp_path / "link").symlink_to(there)
    run_permissions.allow(tmp_path / "link")
    assert run_permissions.is_allowed(there)
    path = user_state_folder() / "run-code.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("not JSON")
    assert not run_permissions.is_allowed(there)
