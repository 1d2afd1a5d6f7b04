"""Regressions: the mouse on keys and sources, drafts, dialogs, conversations that are not on disk."""

from __future__ import annotations

import pytest

from tui.host import Script, say, use
from tui.test_develop import OLD

PROBLEM = "talk.jsonl: No space left on device"


def at(bench, words: str) -> tuple[int, int]:
    """Return the position of a text on the screen."""
    for y, line in enumerate(bench.text().splitlines()):
        if words in line:
            return line.index(words), y
    raise AssertionError(f"{words!r} is not on the screen:\n{bench.text()}")


async def click(bench, words: str) -> None:
    await bench.pilot.click(offset=at(bench, words))
    await bench.settle()


@pytest.mark.parametrize("size", [(160, 48), (80, 24)])
def test_a_click_on_a_key_in_the_footer_runs_its_action(play, size):
    async def flow(bench):
        await bench.say("hello")
        await bench.press("escape")
        await click(bench, "a annotate")
        assert "Annotate this step" in bench.text()

    play(flow, Script([say("hi")]), size=size)


def test_a_click_on_the_name_of_a_screen_in_review_opens_it(play):
    async def flow(bench):
        await bench.say("hello")
        bench.shelf.sessions[bench.session.id] = bench.session
        await bench.press("escape", "R", "enter")
        assert bench.screen.where == "review"
        await click(bench, "Develop")
        assert bench.screen.where == "develop"

    play(flow, Script([say("hi")]))


def test_a_click_on_a_source_opens_it(play, monkeypatch):
    opened = []
    monkeypatch.setattr("workbench.tui.app.WorkbenchApp.edit", lambda app, source: opened.append(source))

    async def flow(bench):
        await bench.say("return OL-1 please")
        await bench.press("escape", "exclamation_mark")
        await click(bench, "shop/returns/journey.py:")
        assert [source.rpartition(":")[0] for source in opened] == ["shop/returns/journey.py"]

    play(flow, Script(*OLD))


def test_unsent_text_stays_with_its_conversation(play):
    async def flow(bench):
        await bench.say("hello")
        first = bench.app.session
        bench.screen.entry.text = "half a sen"
        await bench.press("ctrl+n")
        assert bench.screen.entry.text == ""
        bench.app.navigation.switch(first)
        await bench.settle()
        assert bench.screen.entry.text == "half a sen"

    play(flow, Script([say("hi")]))


def test_unsent_text_of_an_empty_conversation_moves_to_the_new_one(play):
    async def flow(bench):
        bench.screen.entry.text = "half a sen"
        await bench.press("ctrl+n")
        assert bench.screen.entry.text == "half a sen"

    play(flow)


def test_the_footer_of_a_form_shows_no_keys_of_another_screen(play):
    async def flow(bench):
        await bench.say("hello")
        await bench.press("escape", "a")
        assert "Annotate this step" in bench.text()
        await bench.until(lambda: "t save" not in bench.text().splitlines()[-1])
        await bench.press("escape")
        await bench.until(lambda: "t save" in bench.text().splitlines()[-1])

    play(flow, Script([say("hi")]))


def test_the_input_shows_how_to_fork_after_a_hand_off(play):
    async def flow(bench):
        await bench.say("hello")
        assert "esc, then f forks before that" in bench.screen.entry.placeholder
        keys = bench.pane("#keys")
        assert "send" not in keys
        assert "esc f fork before that" in keys

    play(flow, Script([use("hand_off", reason="angry")]))


def test_unsaved_events_are_reported_until_they_are_written(play):
    async def flow(bench):
        await bench.say("hello")
        bench.store.retry_writes = lambda: None
        bench.store.write_error = PROBLEM
        bench.screen.update_status()
        assert f"✗ not on disk: {PROBLEM}" in bench.pane("#status")
        await bench.press("ctrl+n")
        assert f"the previous one is NOT on disk yet: {PROBLEM}" in " ".join(bench.pane("#keys").split())
        assert "is kept" not in bench.pane("#keys")
        bench.store.write_error = ""
        bench.screen.update_status()
        assert "not on disk" not in bench.pane("#status")

    play(flow, Script([say("hi")]))


def test_a_deleted_file_of_a_conversation_is_reported_at_once(play):
    async def flow(bench):
        await bench.say("hello")
        bench.store.take_warnings = lambda: ["its file was deleted"]
        bench.screen.save_workspace()
        await bench.pilot.pause()
        assert "its file was deleted" in " ".join(bench.pane("#keys").split())

    play(flow, Script([say("hi")]))


def test_quitting_with_unsaved_events_needs_a_second_key_press(play):
    async def flow(bench):
        bench.store.retry_writes = lambda: None
        bench.store.write_error = PROBLEM
        await bench.press("ctrl+q")
        assert bench.app.is_running
        assert "ctrl+q again quits anyway" in " ".join(bench.pane("#keys").split())
        await bench.pilot.press("ctrl+q")
        assert bench.app._exit

    play(flow)


def test_a_conversation_that_another_workbench_has_open_can_be_read_and_forked(play):
    async def flow(bench):
        await bench.say("hello")
        first = bench.app.session
        bench.store.lock = lambda id: "another workbench (pid 7) has this conversation open"
        first.load(first.setup, first.trace, [], begun=True)
        bench.app.navigation.switch(first)
        await bench.settle()
        assert "another workbench (pid 7) has this conversation open: it can be read here" in " ".join(
            bench.pane("#status").split()
        )
        bench.screen.entry.text = "more"
        await bench.press("enter")
        assert "close it there, or fork it" in " ".join(bench.pane("#keys").split())
        assert bench.screen.entry.text == "more"
        await bench.press("escape", "a", "ctrl+s")
        assert "close it there, or fork it" in " ".join(bench.text().split())
        assert "Annotate this step" in bench.text()

    play(flow, Script([say("hi")]))
