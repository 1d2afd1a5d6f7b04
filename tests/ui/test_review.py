"""Review: past conversations and transcripts in the same panes."""

from __future__ import annotations

from ui.host import Script, say
from ui.test_develop import NEW


async def save_a_guard(bench):
    await bench.say("return OL-2 please")
    await bench.press("escape", "t")
    bench.screen.query_one("#title").text = "a plain return"
    await bench.press("enter")
    await bench.until(lambda: bench.store.saved)
    await bench.press("enter")


def test_a_transcript_opens_in_the_same_panes(play):
    async def flow(bench):
        await save_a_guard(bench)
        await bench.press("R")
        await bench.until(lambda: "a plain return" in bench.text())
        await bench.press("enter")
        assert "create_return" in bench.pane("#steps")
        assert "return OL-2 please" in bench.pane("#chat")
        bench.picture("review")
        await bench.press("left_square_bracket")
        assert "✓ allowed by returns.return_window" in bench.pane("#detail")

    play(flow, Script(*NEW))


def test_at_80_columns_the_list_opens_and_esc_goes_back(play):
    async def flow(bench):
        await save_a_guard(bench)
        await bench.press("R")
        assert "◆ guard" in bench.text()
        await bench.press("enter")
        assert "2 Steps" in bench.text()
        await bench.press("escape")
        assert "◆ guard" in bench.text()
        assert "2 Steps" not in bench.text()

    play(flow, Script(*NEW), size=(80, 24))


def test_a_past_conversation_is_continued_as_itself(play):
    async def flow(bench):
        await bench.say("first")
        first = bench.session
        bench.shelf.sessions[first.id] = first
        await bench.press("escape", "ctrl+n")
        assert len(bench.app.session.trace) == 0
        await bench.press("escape", "R")
        await bench.press("enter")
        await bench.press("c")
        assert bench.app.session.id == first.id
        await bench.say("second")
        assert "first" in bench.pane("#chat")
        assert "second" in bench.pane("#chat")
        assert bench.store.records[first.id][-1]["step"].turn == 2

    play(flow, Script([say("one")], [say("two")]))


def test_a_mark_in_review_belongs_to_the_past_conversation(play):
    async def flow(bench):
        await bench.say("first")
        first = bench.session
        bench.shelf.sessions[first.id] = first
        await bench.press("escape", "ctrl+n")
        await bench.press("escape", "R")
        await bench.press("enter")
        await bench.press("G", "a")
        await bench.press("ctrl+s")
        assert "mark" in bench.store.records[first.id][-1]

    play(flow, Script([say("one")]))


def test_an_empty_library_says_how_to_fill_it(play):
    async def flow(bench):
        await bench.press("escape", "R")
        assert "Nothing to review yet" in bench.text()

    play(flow)
