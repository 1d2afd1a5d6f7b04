"""Google ADK's own replay: `adk web` with its plugin, `adk conformance record` and `adk conformance test`."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from .program import ENV

HERE = Path(__file__).parent
PORT = 8000  # where `adk conformance` looks for the server; it takes no other
PLUGINS = "google.adk.cli.plugins"
RECORD = f"{PLUGINS}.recordings_plugin.RecordingsPlugin"
REPLAY = f"{PLUGINS}.replay_plugin.ReplayPlugin"
STARTS_IN = 60.0  # seconds


class Adk:
    """ADK in the Python `python`, in a folder of ours. `sessions`: what its agent plays, as JSON."""

    def __init__(self, python: str, folder: Path, sessions: Path) -> None:
        self.program = str(Path(python).with_name("adk"))
        self.folder = folder
        self.env = ENV | {"SESSIONS": str(sessions)}
        agent = folder / "agents" / "airline"
        agent.mkdir(parents=True)
        shutil.copy(HERE / "adk_agent.py", agent / "agent.py")
        (agent / "__init__.py").write_text("from . import agent\n")

    def specify(self, sessions: list[list[dict[str, Any]]]) -> None:
        """A test case each: what the customer says."""
        for case, turns in enumerate(sessions):
            folder = self.folder / "cases" / "airline" / f"{case:02}"
            folder.mkdir(parents=True)
            spec = {
                "description": f"conversation {case}",
                "agent": "airline",
                "initial_state": {"case": f"{case:02}"},
                "user_messages": [{"text": turn["text"]} for turn in turns if turn["answers"]],
            }
            (folder / "spec.yaml").write_bytes(msgspec.json.encode(spec))  # JSON is YAML too

    def conformance(self, *args: str) -> tuple[float, str]:
        """Seconds that `adk conformance` took, and what it said. Raises CalledProcessError."""
        began = time.perf_counter()
        done = subprocess.run(
            [self.program, "conformance", *args],
            cwd=self.folder, env=self.env, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return time.perf_counter() - began, done.stdout

    @contextlib.contextmanager
    def server(self, plugin: str) -> Iterator[float]:
        """`adk web`, up; gives the seconds it took to come up. Raises OSError where it does not."""
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", PORT))
        command = [self.program, "web", "--port", str(PORT), "--session_service_uri", "memory://"]
        began = time.perf_counter()
        process = subprocess.Popen(
            [*command, "--extra_plugins", plugin, "agents"],
            cwd=self.folder, env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            while not _answers():
                if process.poll() is not None or time.perf_counter() - began > STARTS_IN:
                    raise OSError("adk web does not start")
                time.sleep(0.05)
            yield time.perf_counter() - began
        finally:
            process.terminate()
            process.wait()


def _answers() -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/version", timeout=1):
            return True
    except OSError:
        return False


def replayed(
    python: str, folder: Path, sessions_file: Path, sessions: list[list[dict[str, Any]]]
) -> tuple[float, float] | str:
    """Seconds in which the server came up, and those of the test, once ADK has recorded; or what went wrong."""
    adk = Adk(python, folder, sessions_file)
    adk.specify(sessions)
    try:
        with adk.server(RECORD):
            adk.conformance("record", "cases", "none")
        with adk.server(REPLAY) as started:
            took, said = adk.conformance("test", "--streaming-mode", "none", "cases")
    except (OSError, subprocess.CalledProcessError) as error:
        return f"failed: {error}"
    if f"Passed: {len(sessions)}" not in said:
        return f"failed: {said.strip().splitlines()[-1:]}"
    return started, took
