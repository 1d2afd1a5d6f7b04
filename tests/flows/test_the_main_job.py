"""The main job, as an engineer does it: see a mistake, mark it, keep it, fix it, and never see it again.

Real commands in real processes, in a project of its own.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.talking import JOURNEYS
from workbench.cli.commands.chat import choose_fixture
from workbench.runtime.worker import WorkerPool
from workbench.store.session_log import SessionLogs
from workbench.transcripts.codec import read
from workbench.transcripts.expectation import Expectation
from workbench.transcripts.transcript import Annotation
from workbench.workspace.code_service import CodeService
from workbench.workspace.saving import SaveResult
from workbench.workspace.session import Session

SAYS = ("the boots of OL-1002 don't fit", "just do it anyway")
WRITE = "2.1.1"  # where the return is opened


@dataclass
class Ended:
    """A command that has run: its exit code, its data, and what it told a person."""

    code: int
    out: str
    told: str


class Desk:
    """An engineer's project, and what the engineer can do in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journey = folder / "journeys" / "support" / "returns" / "journey.py"
        shutil.copytree(JOURNEYS / "support", folder / "journeys" / "support")
        self._whole = self.journey.read_text()

    def run(self, *command: str, typed: str = "", **environment: str) -> Ended:
        """`workbench ...` in this project."""
        kept = {k: v for k, v in os.environ.items() if k != "CI" and not k.startswith("ANTHROPIC_")}
        done = subprocess.run(
            [sys.executable, "-m", "workbench", *command],
            cwd=self.folder,
            env={**kept, **environment},
            input=typed,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def chat(self) -> Ended:
        return self.run("chat", "--model", "rehearsal", "--fixture", "loyal", typed="\n".join(SAYS) + "\n")

    def comment_out_the_policy(self) -> None:
        start = self._whole.index("@returns.policy(before=[create_return, create_exchange])\ndef return_window")
        end = self._whole.index("\n\n\n", start)
        out = "\n".join(f"# {line}" for line in self._whole[start:end].split("\n"))
        self.journey.write_text(self._whole[:start] + out + self._whole[end:])

    def put_it_back(self) -> None:
        self.journey.write_text(self._whole)

    def mark_and_save(self) -> SaveResult:
        """The same conversation on the screen's own session: mark the write, save it as a mistake."""
        return asyncio.run(self._mark_and_save())

    async def _mark_and_save(self) -> SaveResult:
        host = WorkerPool(self.folder / "journeys")
        history = SessionLogs(self.folder / ".workbench", self.folder / "transcripts")
        session = Session(CodeService(host, "support", "rehearsal"), history)
        try:
            await session.reload()
            choose_fixture(session, "loyal")
            for words in SAYS:
                await session.send(words)
            session.annotate(Annotation(WRITE, kind="guideline_violation", note="52 days, the limit is 45"))
            return await session.saving.save(
                "mistake", "Late return", [Expectation("not_executed", WRITE, tool="create_return")]
            )
        finally:
            host.close()
            history.close()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_mistake_is_found_saved_and_fixed_and_stays_fixed(desk: Desk) -> None:
    # with the policy the agent may not do it
    conversation = desk.chat()
    assert conversation.code == 0
    assert "create_return" in conversation.told
    assert "blocked by returns.return_window" in conversation.told
    assert "I am not allowed to" in conversation.out

    # somebody comments the policy out, and the same words make the mistake
    desk.comment_out_the_policy()
    conversation = desk.chat()
    assert conversation.code == 0
    assert f"{WRITE}  create_return(order_number=OL-1002" in conversation.told
    assert "blocked" not in conversation.told
    assert "Done: return R-" in conversation.out

    # the engineer marks the step and saves the conversation; it fails today, as it should
    saved = desk.mark_and_save()
    assert saved.path == "transcripts/support/late-return.json"
    assert saved.verdict == "FAIL"
    file = desk.folder / saved.path
    assert read(file).state == "open"

    # replay is red: it says which move, what was done there, and what to do next
    replay = desk.run("replay")
    assert replay.code == 1
    assert f"FAIL {saved.path}" in replay.told
    assert "still broken; expected: create_return is not executed" in replay.told
    assert f"! {WRITE}  now:" in replay.told
    assert f"next: fix the journey; to read the transcript: workbench show {saved.path}" in replay.told
    show = desk.run("show", saved.path)
    assert show.code == 0
    assert f"⚑ {WRITE}   create_return(order_number=OL-1002" in show.out
    assert "executed" in show.out

    # a mistake that is not fixed is not accepted
    refused = desk.run("accept", saved.path)
    assert refused.code == 4
    assert "it does not pass yet: FAIL" in refused.told
    assert read(file).state == "open"

    # the policy is put back: green, and the report names what made it so
    desk.put_it_back()
    replay = desk.run("replay", "--json", "-")
    assert replay.code == 0
    assert "1 transcript: 1 PASS" in replay.told
    report = json.loads(replay.out)
    assert report["verdicts"]["PASS"] == report["selected"] == 1
    difference = report["transcripts"][0]["first_difference"]
    assert difference["step"] == WRITE
    assert difference["recorded"].endswith("executed")
    assert "blocked by returns.return_window: the order came 52 days ago" in difference["now"]

    # a person accepts it: from now on it guards
    accepted = desk.run("accept", saved.path)
    assert accepted.code == 0
    assert "accepted; replay fails" in accepted.told
    assert read(file).state == "fixed"
    assert desk.run("replay").code == 0

    # whoever takes the policy out again is told so
    desk.comment_out_the_policy()
    replay = desk.run("replay", CI="1")
    assert replay.code == 1
    assert f"FAIL {saved.path}" in replay.told


def test_accept_is_refused_in_ci(desk: Desk) -> None:
    desk.comment_out_the_policy()
    saved = desk.mark_and_save()
    desk.put_it_back()
    refused = desk.run("accept", saved.path, CI="true")
    assert refused.code == 4
    assert "does not run in CI" in refused.told
    assert read(desk.folder / saved.path).state == "open"
