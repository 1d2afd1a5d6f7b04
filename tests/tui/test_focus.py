"""Focus: hidden panes receive no keys, and the focus never moves unexpectedly; the duration of status notes."""

from __future__ import annotations

import asyncio

import pytest
from textual import events

from tui.host import Script, say
from tui.test_develop import OLD
from workbench.tui.terminal import Parser
from workbench.tui.widgets.input import MAX_PASTE


def seen(bench) -> bool:
    """Return whether the focused widget is visible."""
    focused = bench.screen.focused
    return focused is not None and focused in bench.screen._compositor.visible_widgets


@pytest.mark.parametrize("size", [(160, 48), (80, 24)])
def test_tab_moves_the_zoom_and_never_focuses_a_hidden_pane(play, size):
    async def flow(bench):
        await bench.say("hello")
        await bench.press("escape", "enter")
        assert "1 Chat" not in bench.text()
        for _ in range(5):
            await bench.press("tab")
            assert seen(bench)
            titles = [title for title in ("1 Chat", "2 Steps", "3 Detail") if title in bench.text()]
            assert len(titles) == 1
        await bench.press("shift+tab")
        assert seen(bench)
        await bench.press("escape")
        assert seen(bench)
        assert "1 Chat" in bench.text()
        assert "2 Steps" in bench.text()

    play(flow, Script([say("hi")]), size=size)


def test_zoom_from_the_palette_keeps_the_focus_visible(play):
    async def flow(bench):
        await bench.press("ctrl+p", *"zoom", "enter")
        assert seen(bench)
        assert bench.screen.focused is bench.screen.entry

    play(flow)


def test_the_cursor_is_visible_after_a_zoom_ends(play):
    async def flow(bench):
        await bench.say("return OL-1 please")
        await bench.say("return OL-2 please")
        await bench.press("escape", "2", "G", "plus", "3", "plus", "2")
        steps = bench.screen.steps
        first, last = steps.span(steps.cursor)
        top = steps.scroll_offset.y
        assert steps.row.step_id.turn == 2
        assert top <= first <= last < top + steps.scrollable_content_region.height
        assert "▶" in bench.text()

    play(flow, Script(*OLD, *OLD), size=(100, 30))


def test_typed_text_is_ignored_below_60x16(play):
    async def flow(bench):
        bench.screen.entry.text = "half a sent"
        await bench.pilot.resize_terminal(50, 12)
        await bench.settle()
        await bench.press(*"ence", "enter", "tab", "x", "enter")
        assert len(bench.session.trace) == 0
        await bench.pilot.resize_terminal(80, 24)
        await bench.settle()
        assert bench.screen.focused is bench.screen.entry
        assert bench.screen.entry.text == "half a sent"
        await bench.press("escape")
        await bench.pilot.resize_terminal(50, 12)
        await bench.settle()
        await bench.press("ctrl+n", "s", "question_mark")
        await bench.pilot.resize_terminal(80, 24)
        await bench.settle()
        assert bench.app.session is bench.session
        assert bench.screen.focused is bench.screen.steps

    play(flow, Script([say("hi")]), size=(80, 24))


def test_a_re_run_that_differs_does_not_move_the_focus(play):
    async def flow(bench):
        await bench.say("return OL-1 please")
        text = (bench.journeys / "shop/returns/journey.py").read_text()
        await bench.save_file("shop/returns/journey.py", text.replace("> 30", "> 60"))
        assert str(bench.screen.step_id) == "1.2.1"
        await bench.press(*"fatal")
        assert bench.screen.entry.text == "fatal"
        assert bench.session.annotations == {}

    play(flow, Script(*OLD))


def test_the_note_of_a_re_run_shrinks_after_a_key_and_stays_in_its_conversation(play, monkeypatch):
    monkeypatch.setattr("workbench.tui.screens.reload_note.MIN_SECONDS", 0.0)

    async def flow(bench):
        await bench.say("return OL-1 please")
        text = (bench.journeys / "shop/returns/journey.py").read_text()
        await bench.save_file("shop/returns/journey.py", text.replace("> 30", "> 60"))
        assert "actions differ at step 1.2.1" in bench.text()
        assert bench.screen.status.count == 2
        await bench.press("escape")
        bench.screen.update_status()
        assert bench.screen.status.count == 1
        await bench.pilot.resize_terminal(160, 48)
        await bench.until(lambda: "actions differ at step 1.2.1" in bench.text())
        await bench.press("R")
        assert "actions differ" not in bench.pane("#status")
        await bench.press("R", "ctrl+n")
        assert "actions differ" not in bench.pane("#status")

    play(flow, Script(*OLD), size=(80, 24))


def test_the_note_of_a_reload_disappears_with_the_next_message(play):
    async def flow(bench):
        await bench.say("return OL-1 please")
        text = (bench.journeys / "shop/returns/journey.py").read_text()
        await bench.save_file("shop/returns/journey.py", text.replace("> 30", "> 60"))
        assert "actions differ" in bench.pane("#status")
        await bench.say("and now?")
        assert "actions differ" not in bench.pane("#status")

    play(flow, Script(*OLD))


def test_the_status_shows_stopping_until_the_turn_ends(play):
    class Slow(Script):
        """A model that does not stop immediately."""

        async def answer(self, request, show):
            try:
                await asyncio.sleep(30)
            except asyncio.CancelledError:
                await asyncio.sleep(0.5)
                raise

    async def flow(bench):
        bench.screen.entry.text = "hello"
        await bench.press("enter")
        await bench.until(lambda: bench.session.busy and bench.session.trace)
        await bench.press("ctrl+c")
        assert bench.session.busy
        assert "stopping …" in bench.text()
        assert "stopping…" in bench.pane("#status")
        assert "interrupted" not in bench.text()
        await bench.until(lambda: not bench.session.busy)
        assert "stopping" not in bench.text()
        assert "· interrupted" in bench.text()

    play(flow, Slow())


def test_a_paste_is_plain_text_of_limited_length(play):
    async def flow(bench):
        entry = bench.screen.entry
        entry.post_message(events.Paste("\x1b[31mred\x1b[0m\x07 \x1b]52;c;aGk=\x07two\rlines"))
        await bench.settle()
        assert entry.text == "red two\nlines"
        entry.text = ""
        entry.post_message(events.Paste("x" * (MAX_PASTE + 5)))
        await bench.settle(0.5)
        assert len(entry.text) == MAX_PASTE
        assert "pasted the first 100,000 of 100,005 characters" in bench.text()

    play(flow)


def test_alt_with_a_letter_inserts_nothing(play):
    async def flow(bench):
        await bench.press("a", "alt+g", "alt+x", "b")
        assert bench.screen.entry.text == "ab"

    play(flow)


@pytest.mark.parametrize(
    ("sent", "heard"),
    [
        (["\x1b[200~abc\x1b[31mred\x1b\rx\x1b[0m\x1b[201~q"], ["paste abcred\nx", "q"]),
        (["\x1b[200~abc\x1b[20", "1~", "q"], ["paste abc", "q"]),
        (["\x1bg\x1bhe\x1b[A"], ["e", "up"]),
        (["\x1bOA", "\x1bf", "é"], ["up", "ctrl+right", "é"]),
    ],
)
def test_terminal_input_is_parsed_into_keys_and_pastes(sent, heard):
    parser = Parser()
    got = [event for data in sent for event in parser.feed(data)]
    assert [f"paste {e.text}" if isinstance(e, events.Paste) else e.key for e in got] == heard
