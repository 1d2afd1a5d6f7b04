"""A server that cannot fork judges like one that can."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.kit import WINDOW, late_mistake, late_talk, put, saved, shop_files, write
from workbench.replay.verdict import Verdict
from workbench.runtime.replay_job import ReplayJob
from workbench.runtime.replay_server import ReplayServer

SERVER = """
import os
del os.fork
from workbench.runtime.server_main import main
main()
"""


def test_a_server_without_fork_gives_the_same_verdicts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    journeys = write(tmp_path / "journeys", shop_files(WINDOW))
    paths = [put(tmp_path, "good", saved(late_talk(tmp_path))), put(tmp_path, "late", late_mistake(tmp_path))]
    job = ReplayJob(str(journeys))
    with ReplayServer(job) as server:
        forked = [server.case(str(path)) for path in paths]
    monkeypatch.setattr("workbench.runtime.server_start.PROGRAM", ["-P", "-s", "-c", SERVER])
    with ReplayServer(job) as server:
        alone = [server.case(str(path)) for path in paths]
    assert [(case.head, case.verdict, case.outcome.why) for case in alone] == [
        (case.head, case.verdict, case.outcome.why) for case in forked
    ]
    assert [case.verdict for case in forked] == [Verdict.FAIL, Verdict.PASS]
