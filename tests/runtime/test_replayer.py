"""A kept process is asked for one transcript after another: none gets the case of another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.kit import late_talk, put, saved, shop_files, write
from workbench.replay.verdict import Verdict
from workbench.runtime.replay_job import ReplayJob
from workbench.runtime.replay_server import ReplayServer


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[ReplayServer]:
    """A shop with a guard that passes; the process is ended after the test."""
    journeys = write(tmp_path / "journeys", shop_files())
    put(tmp_path, "golden", saved(late_talk(tmp_path)))
    made = ReplayServer(ReplayJob(str(journeys)))
    yield made
    made.close()


def test_a_result_of_a_cancelled_request_is_not_returned_for_the_next_one(
    asked: ReplayServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, broken = str(tmp_path / "transcripts" / "golden.json"), tmp_path / "transcripts" / "broken.json"
    broken.write_text("{")

    def cut_off(*_: object) -> bytes:
        raise KeyboardInterrupt

    with monkeypatch.context() as while_it_works:
        while_it_works.setattr(asked, "receive", cut_off)
        with pytest.raises(KeyboardInterrupt):
            asked.case(good)
    case = asked.case(str(broken))
    assert (case.path, case.verdict) == (str(broken), Verdict.ERROR)
