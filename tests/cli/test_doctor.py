"""`workbench doctor`: what a newcomer is told about their machine, and what a bug report should hold."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.kit import WINDOW, shop_files, write
from support.loopback import Loopback, Scripted, refuses, says
from workbench import __version__
from workbench.cli import run
from workbench.cli.commands import doctor as doctor_command
from workbench.models import probe

KEY = "not-a-real-key-4711"
Doctor = Callable[..., "Told"]


class Told:
    """What the doctor said: its lines by name, and how it ended."""

    def __init__(self, code: int, lines: list[dict[str, str]], seconds: float) -> None:
        self.code = code
        self.lines = lines
        self.seconds = seconds

    def __getitem__(self, name: str) -> dict[str, str]:
        """The first line of a name."""
        return next(line for line in self.lines if line["name"] == name)

    @property
    def names(self) -> list[str]:
        return [line["name"] for line in self.lines]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path / "journeys", shop_files(WINDOW))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(probe, "START_TIMEOUT", 60.0)  # a machine that runs tests is a busy one
    return tmp_path


@pytest.fixture
def doctor(project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Doctor:
    def ask() -> Told:
        if not any(name.startswith("ANTHROPIC_") for name in os.environ):
            no_sdk(monkeypatch)
        began = time.monotonic()
        code = run(["doctor", "--json"])
        said = capsys.readouterr()
        assert KEY not in said.out + said.err
        return Told(code, json.loads(said.out), time.monotonic() - began)

    return ask


def no_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare a test that is about something else the seconds in which the SDK finds no credentials."""
    monkeypatch.setattr(doctor_command, "probe", lambda model: probe.ProbeResult())


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Loopback]]:
    running: list[Loopback] = []

    def start(*script: Scripted) -> Loopback:
        running.append(Loopback(*script).__enter__())
        for name, value in {**running[-1].env, "ANTHROPIC_API_KEY": KEY}.items():
            monkeypatch.setenv(name, value)
        return running[-1]

    yield start
    for server in running:
        server.__exit__(None, None, None)


def test_without_a_key_doctor_passes_and_names_the_rehearsal(doctor: Doctor) -> None:
    told = doctor()
    assert told.code == 0
    assert told["Python"]["says"].startswith(sys.version.split()[0])
    assert told["workbench"]["says"].startswith(f"{__version__} (textual ")
    assert told["credentials"]["says"] == "none: the workbench starts with the rehearsal"
    assert "server" not in told.names
    assert told["journeys"]["state"] == "ok"
    assert "not run" in told["journeys"]["says"]
    assert "workbench check" in told["journeys"]["hint"]
    assert told["watcher"]["says"].startswith("a save is detected after ")
    assert told["transcripts"]["says"] == "0 in transcripts/"
    assert told["sessions"]["state"] == "ok"


def test_each_check_is_one_line_with_its_next_step(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("✓ Python       3.")
    assert "! credentials  none: the workbench starts with the rehearsal" in lines
    assert "               next: to chat with a model of https://api.anthropic.com, set ANTHROPIC_API_KEY" in lines


def test_doctor_leaves_no_files(doctor: Doctor, project: Path) -> None:
    before = sorted(p for p in project.rglob("*") if "__pycache__" not in p.parts)
    doctor()
    assert sorted(p for p in project.rglob("*") if "__pycache__" not in p.parts) == before


# the server


def test_the_probe_requests_one_token(doctor: Doctor, serve: Callable[..., Loopback]) -> None:
    server = serve(says("Hi"))
    told = doctor()
    assert told.code == 0
    assert told["credentials"] == {
        "name": "credentials",
        "state": "ok",
        "says": f"ANTHROPIC_API_KEY, for {server.url}",
        "hint": "",
    }
    assert told["server"]["says"].startswith(f"{server.url} answers as claude-")
    (asked,) = server.requests
    assert asked.body["max_tokens"] == 1
    assert KEY in asked.headers["authorization"]


def test_a_rejected_key_is_reported_and_never_printed(doctor: Doctor, serve: Callable[..., Loopback]) -> None:
    serve(refuses(401, "authentication_error", f"invalid x-api-key: {KEY}"))
    told = doctor()
    assert told.code == 4
    assert told["server"]["says"] == "the API key was not accepted (401): invalid x-api-key: [key]"
    assert told["server"]["hint"].startswith("Check the key")


def test_an_unreachable_server_is_reported(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:  # bound and never listening: nobody answers at this port
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("ANTHROPIC_BASE_URL", f"http://user:{KEY}@127.0.0.1:{taken.getsockname()[1]}")
        monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", KEY)
        told = doctor()
    assert told.code == 4
    assert told["credentials"]["says"].startswith("ANTHROPIC_AUTH_TOKEN, for http://127.0.0.1:")
    assert told["server"]["says"] == "cannot reach 127.0.0.1"
    assert told["server"]["hint"] == "Check the network and, if it is set, ANTHROPIC_BASE_URL"


def test_a_server_without_an_answer_times_out_within_seconds(
    doctor: Doctor, serve: Callable[..., Loopback]
) -> None:
    silent = 60.0
    server = serve(Scripted(("",), pause=silent))
    told = doctor()
    assert told.code == 4
    assert told["server"]["says"].startswith(f"{server.url} did not answer")
    assert "--model rehearsal" in told["server"]["hint"]
    assert told.seconds < silent  # 4 on a machine that is not busy


def test_credentials_and_server_are_named_when_the_sdk_is_slow(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "START_TIMEOUT", 0.01)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", f"https://user:{KEY}@models.example:8443/x?key={KEY}")
    told = doctor()
    assert told.code == 0
    assert told["credentials"]["says"] == "ANTHROPIC_API_KEY, for https://models.example:8443"
    assert told["server"]["state"] == "note"
    assert "https://models.example:8443 was not asked" in told["server"]["says"]


@pytest.fixture
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the profile `work` of the SDK, and no server to ask."""
    folder = tmp_path / "anthropic"
    write(folder, {"configs/work.json": '{"base_url": "https://work.example"}', "credentials/work.json": KEY})
    monkeypatch.setenv("ANTHROPIC_CONFIG_DIR", str(folder))
    monkeypatch.setattr(doctor_command, "probe", lambda model: probe.ProbeResult(failure="not asked"))
    return folder


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ({"ANTHROPIC_PROFILE": "work"}, "profile work (ANTHROPIC_PROFILE), for https://work.example"),
        ({"ANTHROPIC_PROFILE": "work", "ANTHROPIC_BASE_URL": "http://localhost:9"}, "for http://localhost:9"),
        ({"ANTHROPIC_PROFILE": "work", "ANTHROPIC_API_KEY": KEY}, "ANTHROPIC_API_KEY, for https://api.anthropic"),
        ({"ANTHROPIC_FEDERATION_RULE_ID": "r", "ANTHROPIC_ORGANIZATION_ID": "o", "ANTHROPIC_IDENTITY_TOKEN": KEY},
         "workload identity, for https://api.anthropic.com"),
        ({"ANTHROPIC_CUSTOM_HEADERS": f"X-Api-Key: {KEY}"}, "ANTHROPIC_CUSTOM_HEADERS, for https://api"),
        ({"ANTHROPIC_CUSTOM_HEADERS": "X-Team: shop"}, "none"),
        ({}, "none"),
    ],
)  # fmt: skip
def test_credentials_are_found_where_the_sdk_looks(
    doctor: Doctor, profiles: Path, monkeypatch: pytest.MonkeyPatch, env: dict[str, str], says: str
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert says in doctor()["credentials"]["says"]


def test_the_active_profile_is_used(doctor: Doctor, profiles: Path) -> None:
    (profiles / "active_config").write_text("work\n")
    assert doctor()["credentials"]["says"] == "profile work, for https://work.example"


@pytest.mark.parametrize(
    ("env", "names"),
    [({"ANTHROPIC_PROFILE": "gone"}, "gone.json"), ({"ANTHROPIC_PROFILE": "../x"}, "not a valid name"),
     ({"ANTHROPIC_BASE_URL": "models.example"}, "ANTHROPIC_BASE_URL")],
)  # fmt: skip
def test_credentials_that_cannot_be_used_are_bad(
    doctor: Doctor, profiles: Path, monkeypatch: pytest.MonkeyPatch, env: dict[str, str], names: str
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    told = doctor()
    assert (told.code, told["credentials"]["state"]) == (4, "bad")
    assert names in told["credentials"]["says"]


# the project


@pytest.mark.parametrize(
    ("text", "where", "names"),
    [
        ('[keys]\nannotate = "t"', "workbench.toml:2", "already bound to save"),
        ('[keys]\n\nanotate = "m"', "workbench.toml:3", "did you mean annotate"),
        ('[keys]\nannotate = "hyper+m"', "workbench.toml:2", "hyper+m"),
        ('[keys]\nrun_code = "m"', "workbench.toml:2", "run_code"),
        ('model = "gpt"', "workbench.toml:1", "gpt"),
        ('[model]\nname = "gpt"', "workbench.toml:2", "gpt"),
        ("[model]\ntemperature = 3", "workbench.toml:2", "temperature"),
        ("[replay]\ndata = 3", "workbench.toml:2", "data"),
        ('theme = "pink"', "workbench.toml:1", "theme"),
    ],
)
def test_doctor_and_check_refuse_the_settings_that_stop_the_workbench(
    doctor: Doctor, project: Path, capsys: pytest.CaptureFixture[str], text: str, where: str, names: str
) -> None:
    (project / "workbench.toml").write_text(text)
    told = doctor()
    assert told.code == 4
    bad = [line["says"] for line in told.lines if line["state"] == "bad"]
    assert any(where in says and names in says for says in bad), bad
    assert run(["check"]) != 0
    said = capsys.readouterr()
    assert where in said.out + said.err
    assert names in said.out + said.err


@pytest.mark.parametrize(
    ("source", "where"),
    [(b"x = (\n", ":1"), (b"\xff\xfe", "agent.py"), (b"x = 1\n  y = 2\n", ":2"), (b"a\0b", "agent.py")],
)
def test_an_agent_that_cannot_be_parsed_is_named_with_file_and_line(
    doctor: Doctor, project: Path, source: bytes, where: str
) -> None:
    write(project / "journeys", {"desk/agent.py": ""})
    (project / "journeys/desk/agent.py").write_bytes(source)
    told = doctor()
    assert told.code == 4
    desk, shop = [line for line in told.lines if line["name"] == "journeys"]
    assert desk["says"].startswith("desk: journeys/desk/agent.py")
    assert where in desk["says"]
    assert (desk["state"], shop["state"]) == ("bad", "ok")


@pytest.mark.parametrize("source", ["1 / 0\n", "while True:\n    pass\n", "raise SystemExit(7)\n"])
def test_an_agent_that_does_not_load_is_not_run_by_doctor(doctor: Doctor, project: Path, source: str) -> None:
    write(project / "journeys", {"shop/agent.py": source})
    told = doctor()
    assert told.code == 0
    assert "not run" in told["journeys"]["says"]


def test_a_folder_without_a_project_suggests_init(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    no_sdk(monkeypatch)
    assert run(["doctor"]) == 4
    said = capsys.readouterr().out
    assert "✗ project      there is no journeys/ folder" in said
    assert "workbench init NAME" in said
    (tmp_path / "journeys").mkdir()
    assert run(["doctor"]) == 4
    assert "✗ journeys     " in capsys.readouterr().out


def test_a_broken_workbench_toml_is_named(doctor: Doctor, project: Path) -> None:
    (project / "workbench.toml").write_text("agent = [")
    told = doctor()
    assert told.code == 4
    assert told["project"]["says"].startswith("workbench.toml: not TOML")


def test_saved_transcripts_are_counted(doctor: Doctor, project: Path) -> None:
    write(project / "transcripts", {"shop/one.json": "{}", "shop/two.json": "{}", "shop/no.pending.json": "{}"})
    assert doctor()["transcripts"]["says"] == "2 in transcripts/"


def test_sessions_that_cannot_be_stored_are_reported(doctor: Doctor, project: Path) -> None:
    (project / ".workbench").write_text("a file, not a folder")
    told = doctor()
    assert told.code == 4
    assert told["sessions"]["says"].endswith("File exists")


# the terminal


@pytest.mark.parametrize(
    ("env", "size", "state", "says"),
    [
        ({"TERM": "xterm-256color"}, (120, 40), "ok", "xterm-256color, 120x40, no colors (NO_COLOR is set)"),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, (120, 40), "ok", "xterm-256color, 120x40, 256 colors"),
        (
            {"TERM": "xterm", "COLORTERM": "truecolor", "NO_COLOR": ""},
            (120, 40),
            "ok",
            "xterm, 120x40, 16 million colors",
        ),
        ({"TERM": "dumb"}, (120, 40), "note", "dumb, 120x40, no colors (NO_COLOR is set)"),
        ({"TERM": "xterm", "NO_COLOR": ""}, (60, 20), "note", "xterm, 60x20, 16 colors"),
        ({"TERM": "xterm", "NO_COLOR": "", "TMUX": "1"}, (90, 30), "note", "xterm, 90x30, 16 colors, in tmux"),
        ({"TERM": "tmux-256color", "NO_COLOR": "", "TMUX": "1"}, (90, 30), "ok",
         "tmux-256color, 90x30, 256 colors, in tmux"),
    ],
)  # fmt: skip
def test_the_terminal_is_described_with_its_limits(
    monkeypatch: pytest.MonkeyPatch, env: dict[str, str], size: tuple[int, int], state: str, says: str
) -> None:
    class Screen:
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("COLORTERM", raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    with monkeypatch.context() as patch:  # pytest itself asks for the size when it reports the test
        patch.setattr(sys, "stdin", Screen())
        patch.setattr(sys, "stdout", Screen())
        patch.setattr(doctor_command.shutil, "get_terminal_size", lambda: os.terminal_size(size))
        (found,) = doctor_command.terminal()
    assert (found.state, found.says) == (state, says)
    assert bool(found.hint) == (state == "note")


def test_a_watcher_without_events_is_reported(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    async def blind(*_: Any) -> Any:
        import asyncio

        await asyncio.sleep(60)
        yield ""

    monkeypatch.setattr(doctor_command, "watch_code", blind)
    monkeypatch.setattr(doctor_command, "EVENT_WAIT", 0.02)
    told = doctor()
    assert told.code == 4
    assert told["watcher"]["says"] == "a save was not detected"
