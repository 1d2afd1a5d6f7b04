"""`workbench init`: from nothing to an agent that talks, is tested and can be changed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from workbench.cli import run
from workbench.cli.commands.init import TEMPLATE

Said = pytest.CaptureFixture[str]
TALK = "My bike is broken\nTuesday\nWednesday then\n"


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def workbench(*arguments: str, typed: str = "", where: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A real process, as a user starts it."""
    return subprocess.run(
        [sys.executable, "-m", "workbench", *arguments], input=typed, capture_output=True, text=True, cwd=where
    )


def everything(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_a_new_project_chats_replays_and_checks_immediately(tmp_path: Path) -> None:
    made = workbench("init", "bikes")
    assert made.returncode == 0, made.stderr
    assert "next: cd bikes, then workbench" in made.stderr
    bikes = tmp_path / "bikes"

    talked = workbench("chat", typed=TALK, where=bikes)
    assert talked.returncode == 0, talked.stderr
    assert "the rehearsal: a script, no model answers" in talked.stderr
    assert "blocked by repairs.a_day_ahead" in talked.stderr
    assert talked.stdout.splitlines()[-1].endswith("See you on Wednesday at 9:00!")

    replayed = workbench("replay", where=bikes)
    assert replayed.returncode == 0
    assert replayed.stderr.startswith("1 transcript: 1 PASS")

    checked = workbench("check", where=bikes)
    assert (checked.returncode, checked.stdout) == (0, "")
    assert checked.stderr == "1 agent: no errors, no warnings\n"


def test_init_lists_every_created_file(tmp_path: Path, capsys: Said) -> None:
    assert run(["init", "bikes"]) == 0
    made = capsys.readouterr().out.splitlines()
    assert sorted(made) == [f"bikes/{name}" for name in everything(tmp_path / "bikes")]
    assert {"bikes/.gitignore", "bikes/README.md", "bikes/journeys/bikes/agent.py"} <= set(made)


def test_init_works_in_the_current_folder(tmp_path: Path, capsys: Said) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert run(["init"]) == 0
    assert "next: workbench; or workbench chat" in capsys.readouterr().err
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_the_agent_may_have_another_name_and_its_transcript_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    assert run(["init", "bikes", "--agent", "spoke"]) == 0
    monkeypatch.chdir(tmp_path / "bikes")
    assert not [name for name in everything(tmp_path / "bikes") if "helper" in name]
    assert "helper" not in "".join(p.read_text() for p in tmp_path.rglob("*") if p.is_file())
    capsys.readouterr()
    assert run(["replay", "--json", "-"]) == 0
    (item,) = json.loads(capsys.readouterr().out)["transcripts"]
    assert (item["verdict"], item["prompt_changed_from"]) == ("PASS", 0)


def test_the_change_from_the_readme_makes_the_replay_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    assert run(["init", "bikes"]) == 0
    monkeypatch.chdir(tmp_path / "bikes")
    readme = Path("README.md").read_text()
    journey = Path("journeys/bikes/repairs/journey.py")
    assert "change `days < 1` to `days < 0`" in readme
    assert "days < 1" in journey.read_text()
    journey.write_text(journey.read_text().replace("days < 1", "days < 0"))
    assert run(["replay"]) == 1
    assert "changed since the recording: bikes/repairs/journey.py\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("folder", "agent"),
    [("shop-agent", "shop"), ("Shop Desk", "shop_desk"),
     ("bikes", "bikes"), ("2026", "helper"), ("日本", "helper"),
     ("agent", "helper"), ("json", "helper"), ("class", "helper"), ("my_agent", "my")],
)  # fmt: skip
def test_the_agent_is_named_after_the_folder_if_that_can_be_its_name(
    tmp_path: Path, capsys: Said, folder: str, agent: str
) -> None:
    assert run(["init", folder]) == 0
    assert (tmp_path / folder / "journeys" / agent / "agent.py").is_file()
    assert (tmp_path / folder / "README.md").read_text().startswith(f"# {folder}\n")


# refusing


def test_a_second_init_names_existing_files_and_writes_nothing(tmp_path: Path, capsys: Said) -> None:
    assert run(["init", "bikes"]) == 0
    (tmp_path / "bikes/README.md").write_text("my own words")
    (tmp_path / "bikes/journeys/bikes/persona.md").unlink()
    before = everything(tmp_path)
    capsys.readouterr()
    assert run(["init", "bikes"]) == 4
    said = capsys.readouterr().err
    assert "already exists: bikes/" in said
    assert "bikes/README.md" in said
    assert "nothing was written" in said
    assert "next: use another folder" in said
    assert everything(tmp_path) == before
    assert (tmp_path / "bikes/README.md").read_text() == "my own words"


@pytest.mark.parametrize("name", [".", "bikes"])
def test_a_project_inside_another_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said, name: str
) -> None:
    assert run(["init", "outer"]) == 0
    monkeypatch.chdir(tmp_path / "outer/journeys")
    before = everything(tmp_path)
    capsys.readouterr()
    assert run(["init", name]) == 4
    assert "inside the project" in capsys.readouterr().err
    assert everything(tmp_path) == before


def test_one_existing_file_is_enough_to_refuse(tmp_path: Path, capsys: Said) -> None:
    (tmp_path / "README.md").write_text("mine")
    assert run(["init", "."]) == 4
    assert "already exists: README.md; nothing was written" in capsys.readouterr().err
    assert everything(tmp_path) == ["README.md"]


def test_a_file_in_place_of_a_folder_is_refused(tmp_path: Path, capsys: Said) -> None:
    (tmp_path / "journeys").write_text("a file")
    assert run(["init"]) == 4
    assert "already exists: journeys; nothing was written" in capsys.readouterr().err
    (tmp_path / "bikes").write_text("a file")
    assert run(["init", "bikes"]) == 4
    assert "already exists: bikes; nothing was written" in capsys.readouterr().err
    assert everything(tmp_path) == ["bikes", "journeys"]


@pytest.mark.parametrize("name", ["my-agent", "2nd", "Helper", "class", "a b", "../up"])
def test_a_name_that_cannot_be_a_package_is_refused(tmp_path: Path, capsys: Said, name: str) -> None:
    assert run(["init", "bikes", "--agent", name]) == 4
    assert f"{name!r} is not a valid agent name" in capsys.readouterr().err
    assert everything(tmp_path) == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a user whom permissions bind")
def test_a_read_only_folder_is_reported(tmp_path: Path, capsys: Said) -> None:
    tmp_path.chmod(0o500)
    try:
        assert run(["init", "bikes"]) == 4
    finally:
        tmp_path.chmod(0o700)
    assert "cannot be written: Permission denied" in capsys.readouterr().err


def test_a_disk_that_fills_up_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    write, room = Path.write_bytes, [3]

    def fills_up(path: Path, data: bytes) -> int:
        room[0] -= 1
        if room[0] < 0:
            raise OSError(28, "No space left on device")
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", fills_up)
    assert run(["init", "bikes"]) == 4
    assert "No space left on device" in capsys.readouterr().err
    assert everything(tmp_path) == []


# the template


def test_the_template_is_a_separate_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    copy = shutil.copytree(TEMPLATE, tmp_path / "copy")
    monkeypatch.chdir(copy)
    assert run(["check"]) == 0
    assert run(["replay"]) == 0
    assert "1 PASS" in capsys.readouterr().err


def test_a_new_project_passes_the_usual_linters(tmp_path: Path) -> None:
    ruff = shutil.which("ruff", path=Path(sys.executable).parent) or shutil.which("ruff")
    if ruff is None:
        pytest.skip("ruff is not installed")
    assert run(["init", "bikes", "--agent", "spoke"]) == 0
    for command in (["check", "--select", "E,F,I,B,UP,SIM,RUF"], ["format", "--check"]):
        done = subprocess.run(
            [ruff, *command, "--isolated", "--no-cache", "--line-length", "115", "bikes"],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout


def test_a_new_project_passes_the_strictest_type_check(tmp_path: Path) -> None:
    workbench("init", "bikes")
    command = [sys.executable, "-m", "mypy", "--strict", "--explicit-package-bases", "journeys"]
    checked = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path / "bikes", timeout=300)
    assert checked.returncode == 0, checked.stdout
