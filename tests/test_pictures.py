"""The pictures in the docs show what the program draws today."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools import screenshots
from workbench.runtime.worker import start_fork_server

DOCS = [screenshots.HERE / "README.md", *(screenshots.HERE / "docs").glob("*.md")]
DRAWN = sorted(name for play in screenshots.PLAYS for name in play.pictures)


@pytest.mark.parametrize("play", screenshots.PLAYS, ids=lambda play: play.flow.__name__)
def test_what_stands_in_a_picture_is_what_the_program_draws_now(play: screenshots.Play, tmp_path: Path) -> None:
    start_fork_server("rehearsal")
    screenshots.draw(play, tmp_path)
    for name in play.pictures:
        now, kept = (
            screenshots.words((folder / f"{name}.svg").read_text()) for folder in (tmp_path, screenshots.PICTURES)
        )
        assert now == kept, f"{name}.svg is out of date; `python -m tools.screenshots` draws it again"


def test_every_picture_is_drawn_by_a_play_and_shown_on_a_page() -> None:
    assert sorted(path.stem for path in screenshots.PICTURES.glob("*.svg")) == DRAWN
    shown = {name for page in DOCS for name in re.findall(r"pictures/([\w-]+)\.svg", page.read_text())}
    assert sorted(shown) == DRAWN
