"""Where a report goes: what cannot be written is a plain error, never a bug of ours and never green."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.kit import late_mistake, put
from workbench.cli import run

FULL = "/dev/full"
needs_full = pytest.mark.skipif(not os.path.exists(FULL), reason=f"needs {FULL}")


def shell(command: str) -> subprocess.CompletedProcess[str]:
    """`workbench COMMAND` as a shell runs it."""
    line = f"{sys.executable} -m workbench {command}"
    return subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=60)


# streams


@needs_full
@pytest.mark.parametrize(
    "command",
    [
        "replay -q --json -",
        "replay -q --junit -",
        "show transcripts/golden.json",
        "check --json",
        "mutate --json -",
        "fmt --diff transcripts/golden.json",
    ],
)
def test_a_full_stdout_is_reported_and_exits_with_4(project, command):
    (project / "transcripts/golden.json").write_bytes((project / "transcripts/golden.json").read_bytes() + b"\n")
    done = shell(f"{command} >{FULL}")
    assert "cannot write to stdout: No space left on device" in done.stderr
    assert "next: " in done.stderr
    assert (done.returncode, "bug" in done.stderr, "Traceback" in done.stderr) == (4, False, False)


def test_without_stdout_a_command_that_does_not_write_to_it_runs(project):
    assert shell("replay -q >&-").returncode == 0
    put(project, "late", late_mistake(project))
    assert shell("replay -q >&-").returncode == 1


def test_without_stdout_a_report_to_stdout_exits_with_4(project):
    done = shell("replay -q --json - >&-")
    assert (done.returncode, "cannot write to stdout" in done.stderr) == (4, True)


@pytest.mark.parametrize("closed", ["2>&-", "<&-", "<&- >&- 2>&-"])
def test_a_closed_stream_changes_no_verdict(project, closed):
    assert shell(f"replay {closed}").returncode == 0
    put(project, "late", late_mistake(project))
    assert shell(f"replay {closed}").returncode == 1


@needs_full
def test_output_that_could_not_be_written_does_not_pass(project):
    assert shell(f"replay 2>{FULL}").returncode == 4


@pytest.mark.parametrize("command", ["show transcripts/golden.json", "replay --json out.json 2>&1"])
def test_a_closed_pipe_exits_with_2_without_a_message(project, command):
    put(project, "late", late_mistake(project))
    line = f"exec 3>&1; {{ {sys.executable} -m workbench {command}; echo $? >&3; }} | sleep 0"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("2\n", "")
    assert ("out.json" in command) == (project / "out.json").exists()  # files are written all the same


# files


@needs_full
@pytest.mark.parametrize("form", ["json", "junit", "markdown"])
def test_a_full_disk_is_reported_with_the_file_and_a_hint(project, form):
    done = shell(f"replay -q --{form} {FULL}")
    assert done.returncode == 4
    assert f"{FULL}: cannot write the report: No space left on device\n  next: free disk space" in done.stderr


def test_a_partial_report_is_deleted(project, monkeypatch):
    monkeypatch.setattr(Path, "write_bytes", half)
    (project / "out.json").write_text('{"an": "older report, that was green"}')
    assert run(["replay", "--json", "out.json"]) == 4
    assert not (project / "out.json").exists()


def half(path: Path, data: bytes) -> int:
    with path.open("wb") as file:
        file.write(data[: len(data) // 2])
    raise OSError(28, "No space left on device")


def test_missing_folders_of_a_report_are_created(project):
    for name in ("a/b/out.json", str(project / "c/d/out.json")):
        assert run(["replay", "--json", name]) == 0
        assert run(["coverage", "--json", name]) == 0
        assert Path(name).exists()


@pytest.mark.parametrize("command", ["replay", "coverage", "mutate"])
def test_no_folder_is_created_at_the_root_of_the_disk(project, capsys, command):
    """A variable that is not set, before a slash: `$REPORTS/out/replay.json`."""
    assert run([command, "--json", "/no-such-folder/out/replay.json"]) == 4
    said = capsys.readouterr().err
    assert "/no-such-folder/out/replay.json: no such folder: /no-such-folder" in said
    assert "PASS" not in said  # it was told before anything ran
    assert not Path("/no-such-folder").exists()


@pytest.mark.parametrize("command", ["replay", "coverage", "mutate"])
def test_a_report_never_overwrites_a_transcript(project, capsys, command):
    before = (project / "transcripts/golden.json").read_bytes()
    assert run([command, "--json", "transcripts/golden.json"]) == 4
    assert (project / "transcripts/golden.json").read_bytes() == before
    assert "it is a transcript" in capsys.readouterr().err


def test_a_report_cannot_replace_a_folder(project, capsys):
    assert run(["replay", "--junit", "transcripts"]) == 4
    assert "transcripts: it is a folder" in capsys.readouterr().err


@pytest.mark.parametrize("other", ["./out.json", "a/../out.json", "{here}/out.json", "link.json"])
def test_two_spellings_of_one_destination_are_refused(project, capsys, other):
    (project / "link.json").symlink_to("out.json")
    assert run(["replay", "--json", "out.json", "--junit", other.format(here=project)]) == 4
    assert "same destination" in capsys.readouterr().err


def test_a_file_name_that_is_not_utf8_is_refused(project, capsys):
    strange = project / "transcripts" / os.fsdecode(b"b\xff.json")
    hidden = strange.with_name(f".{strange.name}")
    hidden.write_bytes((project / "transcripts/golden.json").read_bytes())
    assert run(["replay", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["not_collected"] == {r"transcripts/.b\udcff.json": "hidden"}
    hidden.rename(strange)
    assert run(["replay"]) == 4
    assert r"transcripts/b\udcff.json: the file name is not valid UTF-8" in capsys.readouterr().err
