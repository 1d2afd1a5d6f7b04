"""The same transcripts get the same verdicts and reasons from every command, pytest and the screen."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.kit import LATE, WINDOW, ScriptedModel, converse, late_mistake, put, saved, shop, shop_files, write
from workbench.cli import run
from workbench.runtime.replay_job import ReplayJob
from workbench.runtime.replay_server import ReplayServer
from workbench.runtime.worker import WorkerPool
from workbench.transcripts.codec import encode, read

POLICIES = """
    import time
    seen = set()

    @returns.policy(before=find_order)
    def only_once(call):
        '''Remembers what it saw: alone or together, a replay must not.'''
        seen.add(call["order_number"])
        return Block("seen before") if len(seen) > 1 else None

    @returns.policy(before=create_return)
    def after_the_sale(call):
        '''Reads the clock, which a replay pins.'''
        return Block("too late") if time.gmtime().tm_year != 2026 else None

    @returns.policy(before_reply=True)
    def no_files(reply):
        '''Reads a file of the machine.'''
        return Block("no") if "files" in reply and open("/etc/hosts").read() else None
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A golden transcript that passes, one that fails, a mistake that is fixed, and an ERROR."""
    monkeypatch.chdir(tmp_path)
    recorded = shop(tmp_path / "r")
    put(tmp_path, "a-greeting", saved(converse(recorded, ScriptedModel("Hello."), "hi")))
    put(tmp_path, "b-late", saved(converse(recorded, ScriptedModel(*LATE), "return OL-1")))
    put(tmp_path, "c-fixed", late_mistake(tmp_path))
    put(tmp_path, "d-files", saved(converse(recorded, ScriptedModel("I read files."), "hi")))
    write(tmp_path / "journeys", shop_files(WINDOW, POLICIES))
    return tmp_path


Results = dict[str, tuple[str, str]]


def of_command(capsys: Any, *arguments: str) -> Results:
    run(["replay", "--json", "-", *arguments])
    told = json.loads(capsys.readouterr().out)
    return {one["id"]: (one["verdict"], one["why"].partition("\n")[0]) for one in told["transcripts"]}


def each(project: Path) -> list[Path]:
    return sorted((project / "transcripts").glob("*.json"))


def of_screen(project: Path) -> Results:
    async def judge() -> Results:
        host = WorkerPool(project / "journeys")
        try:
            found = {path.stem: await host.replay(encode(read(path))) for path in each(project)}
        finally:
            host.close()
        return {name: (one.verdict.value, one.why.partition("\n")[0]) for name, one in found.items()}

    return asyncio.run(judge())


def of_pytest(project: Path) -> Results:
    code = "import json, sys, pytest_workbench as p; from workbench.replay.verdict import Options\n"
    code += "replays = p.Replays(10.0, Options())\n"
    code += "found = {path: replays._alone(path) for path in sys.argv[1:]}; replays.close()\n"
    code += (
        "print(json.dumps({k: (c.verdict.value, c.outcome.why.partition(chr(10))[0]) for k, c in found.items()}))"
    )
    paths = [str(path.relative_to(project)) for path in each(project)]
    done = subprocess.run(
        [sys.executable, "-c", code, *paths], capture_output=True, text=True, check=True, env={**os.environ}
    )
    return {Path(path).stem: (one[0], one[1]) for path, one in json.loads(done.stdout).items()}


def of_server(project: Path) -> Results:
    """As `accept`, `mutate` and `coverage` ask: with details, and with the content instead of a file."""
    with ReplayServer(ReplayJob(str(project / "journeys"), details=True)) as server:
        found = {path.stem: server.case("", encode(read(path))).outcome for path in each(project)}
    return {name: (one.verdict.value, one.why.partition("\n")[0]) for name, one in found.items()}


def test_every_entry_point_gives_the_same_verdicts_and_reasons(project: Path, capsys: pytest.CaptureFixture[str]):
    together = of_command(capsys)
    assert {name: verdict for name, (verdict, _) in together.items()} == {
        "a-greeting": "PASS",
        "b-late": "FAIL",
        "c-fixed": "PASS",
        "d-files": "ERROR",
    }
    alone: Results = {}
    for path in each(project):
        alone |= of_command(capsys, str(path))
    shards: Results = {}
    for part in ("1/2", "2/2"):
        shards |= of_command(capsys, "--shard", part)
    flaky = of_command(capsys, "--check-flaky")
    assert alone == together
    assert shards == together
    assert {name: flaky[name] for name in ("a-greeting", "d-files")} == {
        name: together[name] for name in ("a-greeting", "d-files")
    }
    assert of_screen(project) == together
    assert of_pytest(project) == together
    assert of_server(project) == together


def test_accept_judges_as_replay_does(project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any):
    monkeypatch.delenv("CI", raising=False)
    assert run(["accept", "transcripts/c-fixed.json"]) == 0
    assert "accepted" in capsys.readouterr().err
    assert run(["accept", "transcripts/d-files.json", "--reason", "x"]) != 0
    assert "ERROR" in capsys.readouterr().err
