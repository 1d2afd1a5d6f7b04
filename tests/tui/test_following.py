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
def test_each_reply_is_visible_even_when_the_chat_first_overflows(play, size):
    async def flow(bench):
        for number in range(1, 15):
            await bench.say(f"word {number}")
            assert f"reply {number}." in last_lines(bench)

    play(flow, Script(*([say(f"reply {n}.")] for n in range(1, 15))), size=size)


def test_the_chat_scrolls_to_the_end_of_a_reply_longer_than_the_pane(play):
    async def flow(bench):
        await bench.say("tell me all")
        assert "line 30" in last_lines(bench)
        assert "line 1\n" not in last_lines(bench)

    play(flow, Script([say("\n".join(f"line {n}" for n in range(1, 31)))]), size=(80, 24))


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
def test_a_conversation_in_review_opens_at_its_end(play, size):
    async def flow(bench):
        await bench.say("tell me all")
        bench.shelf.sessions[bench.session.id] = bench.session
        await bench.press("escape", "ctrl+n", "escape", "R")
        await bench.press("enter")
        await bench.until(lambda: "line 60" in bench.pane("#chat"))
        assert "line 60" in last_lines(bench)

    play(flow, Script([say("\n".join(f"line {n}" for n in range(1, 61)))]), size=size)


def test_a_message_is_shown_as_sending_while_the_worker_does_not_respond(play, monkeypatch):
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


def test_the_introduction_is_shown_from_its_start(play):
    async def flow(bench):
        assert "A new conversation with shop" in last_lines(bench)
        bench.screen.entry.text = "hello"
        await bench.press("enter")
        await bench.until(lambda: "reply" in bench.pane("#chat"))
        assert "reply" in last_lines(bench)

    play(flow, Script([say("reply")]), size=(80, 20))
