"""The chat follows the conversation while its end is visible."""

from __future__ import annotations

import asyncio

import pytest

from tui.host import FakeWorker, Script, say


def last_lines(bench) -> str:
    """Return the visible lines of the chat."""
    chat = bench.screen.chat
    top, height = chat.scroll_offset.y, chat.scrollable_content_region.height
    return "\n".join(bench.pane("#chat").splitlines()[top : top + height])


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
def test_each_reply_is_in_sight_also_in_the_turn_in_which_the_chat_first_overflows(play, size):
    async def flow(bench):
        for number in range(1, 15):
            await bench.say(f"word {number}")
            assert f"reply {number}." in last_lines(bench)

    play(flow, Script(*([say(f"reply {n}.")] for n in range(1, 15))), size=size)


def test_a_reply_that_overflows_the_chat_by_itself_is_followed_to_its_end(play):
    async def flow(bench):
        await bench.say("tell me all")
        assert "line 30" in last_lines(bench)
        assert "line 1\n" not in last_lines(bench)

    play(flow, Script([say("\n".join(f"line {n}" for n in range(1, 31)))]), size=(80, 24))


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
def test_a_conversation_opens_in_review_at_its_end(play, size):
    async def flow(bench):
        await bench.say("tell me all")
        bench.shelf.sessions[bench.session.id] = bench.session
        await bench.press("escape", "ctrl+n", "escape", "R")
        await bench.press("enter")
        await bench.until(lambda: "line 60" in bench.pane("#chat"))
        assert "line 60" in last_lines(bench)

    play(flow, Script([say("\n".join(f"line {n}" for n in range(1, 61)))]), size=size)


def test_words_stand_in_the_chat_as_being_sent_while_the_worker_does_not_hear(play, monkeypatch):
    hears = asyncio.Event()
    turn = FakeWorker._turn

    async def deaf(worker, request):
        await hears.wait()
        async for event in turn(worker, request):
            yield event

    monkeypatch.setattr(FakeWorker, "_turn", deaf)

    async def flow(bench):
        bench.screen.entry.text = "are you there?"
        await bench.press("enter")
        assert bench.pane("#chat").split() == ["you", "are", "you", "there?", "…", "sending"]
        hears.set()
        await bench.until(lambda: "yes" in bench.pane("#chat") and not bench.session.busy)
        assert bench.pane("#chat").count("are you there?") == 1
        assert "sending" not in bench.pane("#chat")

    play(flow, Script([say("yes")]))


def test_what_a_newcomer_is_told_begins_at_its_beginning(play):
    async def flow(bench):
        assert "A new conversation with shop" in last_lines(bench)
        bench.screen.entry.text = "hello"
        await bench.press("enter")
        await bench.until(lambda: "reply" in bench.pane("#chat"))
        assert "reply" in last_lines(bench)

    play(flow, Script([say("reply")]), size=(80, 20))
