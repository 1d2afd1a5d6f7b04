"""Any engine may stand behind a replay: it gets plain work and paths, and gives cases."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import pytest

from workbench.replay.case import Case
from workbench.replay.verdict import Verdict
from workbench.runtime.pool import Pool, ServerPool, replay_files
from workbench.runtime.replay_job import ReplayJob

HERE = Path(__file__).parents[2]


class Executor:
    """Shares of so many paths, on processes that know nothing but what they are sent."""

    def __init__(self, share: int) -> None:
        self.share = share

    def cases(self, work: ReplayJob, paths: Sequence[str]) -> Iterator[tuple[int, Case]]:
        shares = [paths[n : n + self.share] for n in range(0, len(paths), self.share)]
        with ProcessPoolExecutor(2, get_context("spawn")) as engine:
            done = engine.map(partial(replay_files, work), shares)
            yield from enumerate(case for cases in done for case in cases)


@pytest.fixture
def selection(tmp_path: Path) -> tuple[ReplayJob, list[str]]:
    """The transcripts of the sample agent, one that is no transcript, one that is not there."""
    journeys = tmp_path / "journeys"
    shutil.copytree(HERE / "journeys", journeys, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "broken.json").write_text("{")
    paths = sorted(map(str, (HERE / "transcripts" / "support").glob("*.json")))
    return ReplayJob(str(journeys)), [*paths, str(tmp_path / "broken.json"), str(tmp_path / "gone.json")]


def test_another_engine_returns_the_same_cases_as_forked_processes(selection: tuple[ReplayJob, list[str]]) -> None:
    work, paths = selection
    forked, sent = (dict(pool.cases(work, paths)) for pool in pools())
    assert forked == sent
    assert sorted(forked) == list(range(len(paths)))
    assert {case.verdict for case in forked.values() if case} == {Verdict.PASS, Verdict.ERROR}


def pools() -> list[Pool]:
    return [ServerPool(), Executor(share=10)]
