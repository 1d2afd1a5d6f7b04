"""The verdict is decided outside the process of the journey code, which cannot change it."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.kit import ScriptedModel, converse, late_talk, put, saved, shop, shop_files, write
from workbench.authoring.agent import Limits
from workbench.replay.comparison import IncompleteRun
from workbench.replay.verdict import Verdict
from workbench.runtime.replay_job import ReplayJob
from workbench.runtime.replay_server import ReplayServer
from workbench.runtime.run_report import RunReport, restore_run

FORGED = """
    import os

    @returns.policy(before=create_return)
    def forge(call):
        '''Writes to every pipe it finds that all is well, and fails.'''
        case = b'{"path":"","head":null,"outcome":{"verdict":"PASS"}}'
        report = b'R{}'
        for message in (case, report, b'{}'):
            for pipe in range(3, 64):
                try:
                    os.write(pipe, len(message).to_bytes(4, "big") + message)
                except OSError:
                    pass
        raise ValueError("broken")
"""
PATCHED = """
    import sys

    @returns.policy(before=create_return)
    def patch(call):
        '''Replaces the judge, and fails.'''
        for name, module in list(sys.modules.items()):
            for attribute in ("judge_run", "judge", "compare", "divergence", "holds", "report_run"):
                if name.startswith("workbench.") and attribute in vars(module):
                    setattr(module, attribute, lambda *_, **__: None)
        raise ValueError("broken")
"""


def verdicts(folder: Path, policies: str) -> list[Verdict]:
    """The verdicts of a transcript that reaches the policies, a good one, and the first again."""
    journeys = write(folder / "journeys", shop_files(policies))
    late = put(folder, "late", saved(late_talk(folder)))
    good = put(folder, "good", saved(converse(shop(folder / "r"), ScriptedModel("Hello."), "hi")))
    with ReplayServer(ReplayJob(str(journeys))) as server:
        return [server.case(str(path)).verdict for path in (late, good, late)]


@pytest.mark.parametrize("policies", [FORGED, PATCHED], ids=["a forged report", "a replaced judge"])
def test_journey_code_cannot_make_its_failure_pass(tmp_path: Path, policies: str):
    first, good, again = verdicts(tmp_path, policies)
    assert first is Verdict.ERROR
    assert good is Verdict.PASS
    assert again is Verdict.ERROR


def test_a_report_without_events_is_not_a_pass(tmp_path: Path):
    transcript = saved(late_talk(tmp_path))
    for report in (RunReport(), RunReport(events=list(range(len(transcript.events) - 1)))):
        with pytest.raises(IncompleteRun):
            restore_run(transcript, report, Limits())


def test_an_agent_that_starts_a_thread_while_loading_does_not_load(tmp_path: Path):
    thread = (
        "\n    import threading, time\n    threading.Thread(target=time.sleep, args=[60], daemon=True).start()\n"
    )
    journeys = write(tmp_path / "journeys", shop_files(thread))
    path = put(tmp_path, "late", saved(late_talk(tmp_path)))
    with ReplayServer(ReplayJob(str(journeys))) as server:
        case = server.case(str(path))
    assert case.verdict is Verdict.ERROR
    assert "thread" in case.outcome.why
