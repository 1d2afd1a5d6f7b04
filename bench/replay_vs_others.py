"""Replay beside what one would do instead, in one run: `python bench/replay_vs_others.py`.

The same fifty real conversations, a test each:

- pytest over the Anthropic SDK with recorded HTTP (a mock transport: the SDK's client
  is not seen by the usual recorders), the same policies called as plain functions.
  It checks that every answer parses and that no policy objects; not results, not
  what became of a call, not the prompt.
- Google ADK's own replay, `adk conformance test`: recorded by its plugin, replayed by its
  plugin behind `adk web`, no policies. It checks each request to the model to the letter, calls,
  arguments and events; tools run, and the recorded results are taken instead. It reads its file of
  recordings anew at each message, so only the first CASES conversations are put to it, once.
- Google ADK with nothing recorded by it, an agent that plays the same conversations: as quick as
  ADK can be. It checks that calls and words come out the same. ADK is looked for in the Python
  that ADK_PYTHON names, and never installed.
- `workbench replay`: policies, prompts, argument checks, results and ends of turns.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec

from parts.adk import replayed
from parts.program import COMMAND, ENV
from parts.projects import sample
from replay_50 import files
from workbench.trace.events import Answer, ToolResult, UserMessage
from workbench.transcripts.codec import decode
from workbench.transcripts.transcript import Transcript

HERE = Path(__file__).parent
ROUNDS = 3
CASES = 10


def session(transcript: Transcript) -> list[dict[str, Any]]:
    """A conversation for those who know no transcripts: by turn the words, the answers, the results by call."""
    turns: list[dict[str, Any]] = []
    for event in transcript.events:
        if isinstance(event, UserMessage):
            turns.append({"text": event.text, "answers": []})
        elif isinstance(event, Answer) and turns:
            turns[-1]["answers"].append({"blocks": event.blocks, "stop": event.stop, "results": {}})
        elif isinstance(event, ToolResult) and turns:
            turns[-1]["answers"][-1]["results"][event.call] = event.value
    return turns


def best(command: list[str], folder: Path, good: tuple[int, ...] = (0,), **env: str) -> float | str:
    """Seconds of wall clock, the best of ROUNDS; what went wrong, where it did."""
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        done = subprocess.run(command, cwd=folder, env=ENV | env, capture_output=True, text=True)
        took.append(time.perf_counter() - began)
        if done.returncode not in good:
            return f"failed: {(done.stdout + done.stderr).strip().splitlines()[-1:]}"
    return min(took)


def tell(name: str, took: float | str, count: int, ours: float) -> None:
    if isinstance(took, str):
        print(f"{name:34} {took}")
    else:
        print(f"{name:34} {took:6.2f} s, {took / count * 1000:6.1f} ms each, {took / ours:5.1f} x ours")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        project = sample(Path(name), "airline").root
        (project / "transcripts").mkdir()
        blobs = files()
        for number, blob in enumerate(blobs):
            (project / "transcripts" / f"{number:02}.json").write_bytes(blob)
        sessions = project / "sessions.json"
        sessions.write_bytes(msgspec.json.encode([session(decode(blob)) for blob in blobs]))
        env = {"SESSIONS": str(sessions), "TRANSCRIPTS": str(project / "transcripts"), "PROJECT": str(project)}
        ours = best([COMMAND, "replay", "-j", "1", "--quiet"], project, good=(0, 1))
        if isinstance(ours, str):
            sys.exit(ours)
        tell("workbench replay, one process", ours, len(blobs), ours)
        by_sdk = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(HERE / "parts/by_sdk.py")]
        tell("pytest, SDK, recorded HTTP", best(by_sdk, project, good=(0, 1), **env), len(blobs), ours)
        adk = os.environ.get("ADK_PYTHON", "")
        if not adk:
            print("Google ADK: not installed (ADK_PYTHON)")
            return
        first = msgspec.json.decode(sessions.read_bytes())[:CASES]
        took = replayed(adk, project / "adk", sessions, first)
        started, took = took if isinstance(took, tuple) else (0.0, took)
        tell(f"adk conformance test, first {CASES}", took, CASES, ours / len(blobs) * CASES)
        if started:
            print(f"{'':34} its server, adk web, came up in {started:.1f} s, not counted")
        tell(
            "Google ADK, played by its agent",
            best([adk, str(HERE / "parts/by_adk.py")], project, **env),
            len(blobs),
            ours,
        )


if __name__ == "__main__":
    main()
