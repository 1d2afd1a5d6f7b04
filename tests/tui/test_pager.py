"""The pager gets the full text of a tab, and its file is deleted."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tui.host import Script, say, think, use
from workbench.tui import external
from workbench.tui.view.tabs import TABS, tab_text

LONG = "a long thought " * 2000


@pytest.fixture
def paged(monkeypatch):
    """Record the command and the file that a pager would get."""
    seen: dict[str, object] = {}

    def lend(app, words):
        path = Path(words[-1])
        seen.update(words=words[:-1], text=path.read_text(), mode=stat.S_IMODE(path.stat().st_mode), path=path)
        return 0

    monkeypatch.setattr("workbench.tui.app.run_in_terminal", lend)
    return seen


def test_the_pager_shows_the_whole_tab_without_escapes(play, paged, monkeypatch):
    monkeypatch.setenv("PAGER", "less -S")

    async def flow(bench):
        await bench.say("hello")
        await bench.press("escape", "left_square_bracket", "o")
        assert paged["words"] == ["less", "-S"]
        assert paged["text"].count("a long thought") == 2000
        assert "\x1b" not in paged["text"]
        assert paged["mode"] == 0o600
        assert not paged["path"].exists()
        await bench.press("right", "o")
        assert "You are kind." in paged["text"]
        for tab in TABS:
            assert tab_text(tab, bench.screen.view, bench.screen.steps.row).strip()

    play(flow, Script([think(LONG + "\x1b[31m"), use("find_order", order_number="OL-1")], [say("hi")]))


def test_a_missing_pager_is_reported_with_the_variable_to_set(play, monkeypatch):
    monkeypatch.delenv("PAGER", raising=False)
    monkeypatch.setattr("workbench.tui.external.shutil.which", lambda name: None)

    async def flow(bench):
        await bench.say("hello")
        await bench.press("escape", "o")
        assert "no pager found: set $PAGER" in bench.text()

    play(flow, Script([say("hi")]))


def test_a_pager_that_does_not_start_is_reported(play, monkeypatch):
    monkeypatch.setenv("PAGER", "no-such-pager")

    async def flow(bench):
        await bench.say("hello")
        await bench.press("escape", "o")
        assert "program not found: 'no-such-pager'" in bench.text()

    play(flow, Script([say("hi")]))


def test_the_temporary_file_is_deleted_even_after_an_error():
    paths = []

    def broken():
        with external.temporary_text_file("text") as path:
            paths.append(path)
            assert os.access(path, os.R_OK)
            raise KeyError

    with pytest.raises(KeyError):
        broken()
    assert not paths[0].exists()
