"""Review: past conversations and transcripts in the same panes."""

from __future__ import annotations

import asyncio
import shutil

import msgspec
import pytest

from tui.host import Script, say, use
from tui.test_develop import NEW
from workbench.workspace.code_service import CodeService
from workbench.workspace.library import IndexProgress
from workbench.workspace.session import Session


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
        assert "◆ golden" in bench.text()
        await bench.press("enter")
        assert "2 Steps" in bench.text()
        await bench.press("escape")
        assert "◆ golden" in bench.text()
        assert "2 Steps" not in bench.text()

    play(flow, Script(*NEW), size=(80, 24))


def test_a_past_conversation_is_continued_in_place(play):
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
        assert bench.store.records[first.id][-1]["event"].turn == 2

    play(flow, Script([say("one")], [say("two")]))


def test_an_annotation_in_review_belongs_to_the_past_conversation(play):
    async def flow(bench):
        await bench.say("first")
        first = bench.session
        bench.shelf.sessions[first.id] = first
        await bench.press("escape", "ctrl+n")
        await bench.press("escape", "R")
        await bench.press("enter")
        await bench.press("G", "a")
        await bench.press("ctrl+s")
        assert "annotation" in bench.store.records[first.id][-1]

    play(flow, Script([say("one")]))


def test_an_empty_library_shows_how_to_fill_it(play):
    async def flow(bench):
        await bench.press("escape", "R")
        assert "Nothing to review yet" in bench.text()

    play(flow)


# queues

OTHER = [
    [say("Which order?")],
    [use("find_order", order_number="OL-1")],
    [use("create_return", order_number="OL-1")],
    [say("That is too late.")],
]


async def two_talks(bench):
    """Save a conversation about gloves without problems, and one about boots with a blocked call."""
    await bench.say("hello, gloves")
    bench.shelf.sessions[bench.session.id] = bench.session
    await bench.press("escape", "ctrl+n")
    await bench.say("my boots OL-1")
    bench.shelf.sessions[bench.app.session.id] = bench.app.session
    await bench.press("escape", "R")
    await bench.until(lambda: "1 of 2" in bench.text())


async def ask(bench, text):
    """Type a query and go to the list."""
    await bench.press("0", "slash")
    await bench.press("ctrl+u", *[{" ": "space", ":": "colon", "-": "minus"}.get(c, c) for c in text])
    await bench.press("enter")


def test_the_list_updates_with_every_key_of_a_query(play):
    async def flow(bench):
        await two_talks(bench)
        await bench.press("0", "slash", "b", "o", "o")
        await bench.until(lambda: "1 of 1" in bench.text())
        await bench.press("x")
        await bench.until(lambda: "None of 2 matches: “boox”." in bench.text())
        await bench.press("escape")
        await bench.until(lambda: "1 of 2" in bench.text())
        assert "boox" not in bench.text()

    play(flow, Script(*OTHER))


def test_a_query_stays_and_esc_in_the_list_shows_everything_again(play):
    async def flow(bench):
        await two_talks(bench)
        await ask(bench, "outcome:blocked")
        await bench.until(lambda: "1 of 1" in bench.text())
        assert "/ outcome:blocked" in bench.text()
        await bench.press("escape")
        await bench.until(lambda: "2 of 2" in bench.text())  # the cursor stays where it was
        assert "/ outcome:blocked" not in bench.text()

    play(flow, Script(*OTHER))


def test_an_unknown_filter_is_reported_while_it_is_typed(play):
    async def flow(bench):
        await two_talks(bench)
        await bench.press("0", "slash", *"color", "colon", "r")
        await bench.until(lambda: "unknown filter 'color'" in bench.text())

    play(flow, Script(*OTHER))


def test_tab_completes_filters_and_values(play):
    async def flow(bench):
        await two_talks(bench)
        await bench.press("0", "slash", "o", "u", "tab")
        assert bench.screen.box.line.text == "outcome:"
        await bench.press("b", "tab")
        await bench.until(lambda: bench.screen.box.line.text == "outcome:blocked ")

    play(flow, Script(*OTHER))


@pytest.mark.parametrize("size", [(160, 48), (80, 24)])
def test_selected_lines_are_tagged_together_and_u_undoes_it(play, size):
    async def flow(bench):
        await two_talks(bench)
        await bench.press("0", "space", "space")
        assert "2 selected" in bench.text()
        await bench.press("number_sign", *"odd", "enter")
        await bench.until(lambda: "#odd on 2 conversations" in bench.text())
        await ask(bench, "tag:odd")
        await bench.until(lambda: "1 of 2" in bench.text())
        await bench.press("u")
        await bench.until(lambda: "undone: #odd on 2 conversations" in bench.text())
        await ask(bench, "tag:od")
        await bench.until(lambda: "None of 2 matches" in bench.text())

    play(flow, Script(*OTHER), size=size)


def test_going_through_a_queue_sets_conversations_to_reviewed(play):
    async def flow(bench):
        await two_talks(bench)
        await bench.press("0", "enter", "full_stop")
        await bench.until(lambda: "2 of 2 · 1 reviewed" in bench.text())
        await bench.press("full_stop")
        await bench.until(lambda: "2 reviewed" in bench.text())
        assert "all are reviewed" in bench.text()
        await ask(bench, "-is:reviewed")
        await bench.until(lambda: "None of 2 matches" in bench.text())

    play(flow, Script(*OTHER))


def test_the_key_that_sets_reviewed_also_clears_it(play):
    async def flow(bench):
        await two_talks(bench)
        await bench.press("0", "x", "k")
        assert "1 reviewed" in bench.text()
        await bench.press("x")
        assert "1 reviewed" not in bench.text()

    play(flow, Script(*OTHER))


def test_a_queue_is_saved_by_its_name(play):
    async def flow(bench):
        await two_talks(bench)
        await ask(bench, "boots")
        await bench.press("Q", *"shoes", "enter")
        await bench.until(lambda: "queue:shoes saved" in bench.text())
        assert bench.shelf.queues == {"shoes": "boots"}
        await bench.press("escape")
        await bench.until(lambda: "2 of 2" in bench.text())
        await bench.press("Q", "enter")
        await bench.until(lambda: "1 of 1" in bench.text())
        assert "/ boots" in bench.text()

    play(flow, Script(*OTHER))


def test_an_annotation_on_a_transcript_in_review_does_not_change_its_file(play):
    async def flow(bench):
        await save_a_guard(bench)
        before = dict(bench.store.saved)
        await bench.press("R")
        await bench.until(lambda: "a plain return" in bench.text())
        await bench.press("enter", "G", "a", "ctrl+s")
        await bench.until(lambda: "annotated" in bench.text())
        assert bench.store.saved == before
        assert len(bench.store.records) == 1
        await ask(bench, "is:annotated")
        await bench.until(lambda: "1 of 1" in bench.text())
        await bench.press("u")
        await bench.until(lambda: "undone: annotation" in bench.text())
        await ask(bench, "is:annotate")
        await bench.until(lambda: "None of" in bench.text())

    play(flow, Script(*NEW))


def test_a_conversation_opens_at_its_blocked_step(play):
    async def flow(bench):
        await bench.say("hello, gloves")
        await bench.say("my boots OL-1")
        await bench.say("thank you")
        bench.shelf.sessions[bench.session.id] = bench.session
        await bench.press("escape", "ctrl+n", "escape", "R")
        await bench.until(lambda: "hello, gloves" in bench.text())
        await bench.press("enter")
        await bench.until(lambda: str(bench.screen.step_id) == "2.2.1")

    play(flow, Script(*OTHER, [say("Bye.")]))


@pytest.mark.parametrize("size", [(100, 30), (80, 24)])
def test_the_state_of_the_code_is_shown_before_any_conversation_is_opened(play, size):
    async def flow(bench):
        await two_talks(bench)
        await bench.save_file("shop/returns/journey.py", "1 / 0")
        await bench.until(lambda: "broken" in bench.text().splitlines()[0] or "✗" in bench.text().splitlines()[0])

    play(flow, Script(*OTHER), size=size)


async def talk_with_another_agent(bench):
    """Put a conversation with `desk`, an agent like the first, into the library; its code is not loaded."""
    shutil.copytree(bench.journeys / "shop", bench.journeys / "desk")
    agent = bench.journeys / "desk" / "agent.py"
    agent.write_text(agent.read_text().replace('"shop"', '"desk"'))
    await bench.say("hello, gloves")
    kept = bench.session
    setup = msgspec.structs.replace(kept.setup, agent="desk")
    other = Session(CodeService(bench.session.code_service.host, "desk", "rehearsal"), bench.store)
    other.load(setup, kept.trace, [], begun=False)
    other.persist(bench.store)
    bench.shelf.sessions[other.id] = other
    await bench.press("escape", "R")
    await bench.until(lambda: "1 of 1" in bench.text())
    await bench.press("0", "enter")
    assert bench.app.conversations.code_service("desk").agent_info is None
    return other


def test_a_conversation_of_another_agent_is_continued_on_that_agents_code(play):
    async def flow(bench):
        other = await talk_with_another_agent(bench)
        await bench.press("c")
        await bench.until(lambda: bench.app.session.id == other.id)
        await bench.say("my boots")
        assert bench.app.session.agent == "desk"
        assert "my boots" in bench.pane("#chat")

    play(flow, Script(*OTHER))


def test_a_conversation_of_another_agent_is_saved_and_compared_on_that_agents_code(play):
    async def flow(bench):
        await talk_with_another_agent(bench)
        await bench.press("t")
        await bench.until(lambda: bench.screen.query("#title"))
        bench.screen.query_one("#title").text = "a word about gloves"
        await bench.press("enter")
        await bench.until(lambda: bench.store.saved)
        assert next(iter(bench.store.saved.values())).code
        await bench.press("enter", "d")
        await bench.until(lambda: bench.app.current_mode == "compare")

    play(flow, Script(*OTHER))


def test_continuing_a_conversation_reports_an_agent_that_does_not_load(play):
    async def flow(bench):
        await talk_with_another_agent(bench)
        (bench.journeys / "desk" / "agent.py").write_text("1 / 0")
        await bench.press("c")
        await bench.until(lambda: "desk does not load" in bench.text())
        assert bench.app.current_mode == "review"

    play(flow, Script(*OTHER))


def test_until_everything_was_read_the_list_says_that_it_is_read(play):
    async def flow(bench):
        async def news():
            await first.wait()
            yield IndexProgress(0, 56)
            await second.wait()
            yield IndexProgress(changed=True, complete=True)

        first, second = asyncio.Event(), asyncio.Event()
        bench.shelf.news = news
        await bench.press("escape", "R")
        await bench.settle()
        assert "Nothing to review" not in bench.text()
        assert "reading transcripts" in bench.text()
        assert "none" not in bench.pane("#list")
        first.set()
        await bench.until(lambda: "reading 56 transcripts" in bench.text())
        second.set()
        await bench.until(lambda: "Nothing to review yet" in bench.text())

    play(flow)
