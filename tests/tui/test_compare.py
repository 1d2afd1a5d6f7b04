"""Compare: two runs side by side, after a reload, of two conversations, of a transcript."""

from __future__ import annotations

import pytest

from tui.host import Script, say
from tui.test_develop import NEW, OLD
from tui.test_review import save_a_guard
from workbench.trace.events import Answer, UserMessage
from workbench.trace.setup import Setup
from workbench.trace.trace import Trace
from workbench.tui.view import compare as present
from workbench.tui.view.diff import diff
from workbench.tui.view.paragraphs import styled
from workbench.tui.view.text import plain
from workbench.tui.view.text import width as cells
from workbench.workspace.causes import DifferenceCause
from workbench.workspace.comparison import Side, compare

WHOLE = [
    pytest.param((160, 48), id="wide"),
    pytest.param((80, 24), id="narrow"),
]


async def edited(bench, old="> 30", new="> 60", file="shop/returns/journey.py"):
    """Run a turn that is blocked, then save a change of the code."""
    await bench.say("return OL-1 please")
    text = (bench.journeys / file).read_text()
    assert old in text
    await bench.save_file(file, text.replace(old, new))
    await bench.press("escape")


async def compared(bench):
    await bench.press("d")
    await bench.until(lambda: type(bench.screen).__name__ == "Compare" and bench.screen.comparison is not None)


async def two_talks(bench):
    """Set a conversation about order 1 as the baseline, and open one about order 2."""
    await bench.say("return OL-1 please")
    await bench.press("escape", "w", "ctrl+n")
    await bench.say("return OL-2 please")
    await bench.press("escape")


@pytest.mark.parametrize("size", WHOLE)
def test_a_reload_is_compared_step_by_step_and_the_first_difference_is_selected(play, size):
    async def flow(bench):
        await edited(bench)
        await compared(bench)
        moves = bench.pane("#pairs").splitlines()
        assert "turn 1 return OL-1 please" in moves[0]
        assert " = " in moves[1]
        assert " ≠ " in moves[2]
        assert bench.screen.pairs.cursor == 2
        assert "not run" in moves[3]
        assert "the runs differ from step 1.2.1 on" in bench.text()
        bench.picture(f"compare-{size[0]}")

    play(flow, Script(*OLD), size=size)


def test_the_cause_is_named_with_its_line_and_its_text(play):
    async def flow(bench):
        await edited(bench, "close 30 days", "close 60 days")
        await compared(bench)
        causes = bench.pane("#causes")
        assert "~ policy   the policy returns.return_window was changed" in causes
        assert "shop/returns/journey.py:" in causes
        await bench.press("2")
        difference = bench.pane("#difference")
        assert "- Returns close 30 days after delivery." in difference
        assert "+ Returns close 60 days after delivery." in difference

    play(flow, Script(*OLD))


def test_the_difference_shows_the_decisions_of_both_sides(play):
    async def flow(bench):
        await edited(bench)
        await compared(bench)
        difference = bench.pane("#difference")
        assert "it is allowed now · first difference" in " ".join(difference.split())
        assert "- ✗ return_window blocked “delivered 52 days ago; the limit is 30”" in difference
        assert "+ ✓ return_window allowed" in difference
        assert "call, reasoning" in difference

    play(flow, Script(*OLD))


def test_an_edited_manual_is_drift_and_the_model_is_not_called(play):
    async def flow(bench):
        await edited(bench, "Look the order up first.", "Look nothing up.", "shop/returns/manual.md")
        await compared(bench)
        assert "no difference except drift; 1 drift" in bench.text()
        assert " ~ " in bench.pane("#pairs").splitlines()[bench.screen.pairs.cursor]
        assert "the model was not called" in bench.pane("#difference")
        assert "+ Look nothing up." in bench.pane("#difference")
        assert "shop/returns/manual.md:1" in bench.pane("#causes")

    play(flow, Script(*OLD))


def test_unchanged_code_shows_no_difference(play):
    async def flow(bench):
        await bench.say("return OL-1 please")
        await bench.press("escape")
        await compared(bench)
        assert "no difference" in bench.text()
        assert "No recorded cause" in bench.pane("#causes")
        await bench.press("exclamation_mark")
        assert "the runs do not differ" in bench.text()

    play(flow, Script(*OLD))


@pytest.mark.parametrize("size", WHOLE)
def test_two_conversations_are_compared_with_a_baseline(play, size):
    async def flow(bench):
        await two_talks(bench)
        assert "baseline: " in bench.text()
        await compared(bench)
        moves = bench.pane("#pairs").splitlines()
        assert "return OL-1 please" in moves[0]
        assert "return OL-2 please" in moves[0]
        assert "customer the customer's message of turn 1 differs" in bench.pane("#causes")
        assert "- return OL-1 please" in bench.pane("#difference")
        assert "the baseline: " in bench.text()

    play(flow, Script(*OLD, *NEW), size=size)


def test_consequences_of_the_first_difference_are_dim_and_labelled(play):
    async def flow(bench):
        await two_talks(bench)
        await compared(bench)
        assert {bit.role for bit in bench.screen.pairs.line(1, 120) if bit.text.strip()} == {"dim"}
        await bench.press("j")
        assert "taken as its consequence" in bench.pane("#difference")

    play(flow, Script(*OLD, *NEW))


def test_the_key_that_sets_the_baseline_also_clears_it(play):
    async def flow(bench):
        await bench.say("hello")
        await bench.press("escape", "w")
        assert bench.app.navigation.baseline is not None
        await bench.press("w")
        assert bench.app.navigation.baseline is None
        assert "baseline cleared" in bench.text()
        assert "baseline: " not in bench.text().splitlines()[0]

    play(flow, Script([say("hi")]))


def test_a_key_swaps_the_sides(play):
    async def flow(bench):
        await edited(bench)
        await compared(bench)
        await bench.press("x")
        await bench.until(lambda: bench.screen.comparison is not None)
        assert bench.screen.comparison.left.name == "today's code"
        assert "+ ✗ return_window blocked" in bench.pane("#difference")
        assert "returns.return_window decides differently: allow → block" in bench.pane("#causes")

    play(flow, Script(*OLD))


def test_keys_move_between_turns_steps_and_differences(play):
    async def flow(bench):
        await bench.say("return OL-1 please")
        await bench.press("escape", "w", "ctrl+n")
        await bench.say("return OL-1 please")
        await bench.say("thanks")
        await bench.press("escape")
        await compared(bench)
        at = []
        for key in ("g", "right_square_bracket", "right_curly_bracket", "left_curly_bracket", "exclamation_mark"):
            await bench.press(key)
            at.append(bench.screen.pairs.cursor)
        assert at == [0, 1, 4, 0, 3]
        await bench.press("exclamation_mark", "exclamation_mark", "exclamation_mark")
        assert bench.screen.pairs.cursor == 3
        assert "continued at the first" in bench.text()

    play(flow, Script(*OLD, *OLD[:2], [say("Sorry, no.")], [say("Bye.")]))


def test_enter_opens_the_step_on_the_previous_screen(play):
    async def flow(bench):
        await edited(bench)
        await bench.press("G")
        await compared(bench)
        await bench.press("enter")
        assert type(bench.screen).__name__ == "Develop"
        assert str(bench.screen.step_id) == "1.2.1"

    play(flow, Script(*OLD))


def test_escape_returns_to_the_previous_screen(play):
    async def flow(bench):
        await save_a_guard(bench)
        await bench.press("R", "enter")
        await compared(bench)
        assert "the recording: transcripts/a-plain-return.json" in bench.text()
        assert "no difference" in bench.text()
        await bench.press("2", "escape")
        assert bench.screen.focused is bench.screen.pairs
        await bench.press("escape")
        assert type(bench.screen).__name__ == "Review"

    play(flow, Script(*NEW))


def test_a_saved_transcript_is_compared_with_its_replay(play):
    async def flow(bench):
        await save_a_guard(bench)
        text = (bench.journeys / "shop/returns/journey.py").read_text()
        await bench.save_file("shop/returns/journey.py", text.replace("> 30", "> 1"))
        await bench.press("R", "enter")
        await compared(bench)
        assert "returns.return_window decides differently: allow → block; its code was changed" in bench.text()
        await bench.press("enter")
        assert type(bench.screen).__name__ == "Review"
        assert str(bench.screen.step_id) == "1.2.1"

    play(flow, Script(*NEW))


def test_a_conversation_in_review_is_compared_with_a_baseline_from_develop(play):
    async def flow(bench):
        await save_a_guard(bench)
        await bench.press("ctrl+n")
        await bench.say("return OL-1 please")
        await bench.press("escape", "w", "R", "enter")
        await compared(bench)
        assert "this one: transcripts/a-plain-return.json" in bench.text()
        assert "the customer's message of turn 1 differs" in bench.pane("#causes")

    play(flow, Script(*NEW, *OLD))


def test_a_click_on_the_name_of_a_screen_opens_it(play):
    async def flow(bench):
        await edited(bench)
        for name in ("Compare", "Review", "Develop"):
            at = bench.text().splitlines()[0].rindex(name)
            await bench.pilot.click(offset=(at + 2, 0))
            await bench.until(lambda name=name: type(bench.screen).__name__ == name)

    play(flow, Script(*OLD))


def test_conversations_that_cannot_be_compared_are_reported_with_the_reason(play):
    async def flow(bench):
        await bench.press("escape", "d")
        assert "there is nothing to compare yet" in bench.text()
        await bench.press("w")
        assert bench.app.navigation.baseline is None
        await bench.say("hello")
        bench.app.navigation.baseline = Side(
            "x", "the baseline", "x", Setup(agent="bank"), Trace([UserMessage(turn=1, text="hi")])
        )
        await bench.press("escape", "d")
        assert "the baseline is a conversation with bank, this one with shop" in bench.text()
        assert type(bench.screen).__name__ == "Develop"

    play(flow, Script([say("hi")]))


def test_the_line_of_the_cause_opens_in_the_editor(play, monkeypatch):
    async def flow(bench):
        await edited(bench, "close 30 days", "close 60 days")
        await compared(bench)
        opened = []
        monkeypatch.setattr(bench.app, "edit", lambda source: opened.append(source))
        await bench.press("e")
        assert opened[0].startswith("shop/returns/journey.py:")

    play(flow, Script(*OLD))


def test_the_difference_and_the_selected_line_are_copied(play, monkeypatch):
    async def flow(bench):
        await edited(bench)
        await compared(bench)
        copied = []
        monkeypatch.setattr(bench.app, "copy", lambda text: copied.append(text))
        await bench.press("y", "2", "y", "1", "3", "y")
        assert "create_return(OL-1)" in copied[0]
        assert "returns.return_window" in copied[1]
        assert "first difference" in copied[2]

    play(flow, Script(*OLD))


@pytest.mark.parametrize("size", WHOLE)
def test_a_key_zooms_a_pane_to_the_whole_screen_and_back(play, size):
    async def flow(bench):
        await edited(bench)
        await compared(bench)
        for key, pane in (("1", "#pairs"), ("2", "#causes"), ("3", "#difference")):
            await bench.press(key, "plus")
            await bench.until(lambda pane=pane: bench.screen.query_one(pane).size.height >= size[1] - 5)
            await bench.press("plus")
        await bench.press("question_mark")
        assert "swap sides" in bench.text()

    play(flow, Script(*OLD), size=size)


def test_a_resize_keeps_the_cursor_and_a_tiny_screen_shows_the_minimum_size(play):
    async def flow(bench):
        await edited(bench)
        await compared(bench)
        await bench.pilot.resize_terminal(50, 12)
        await bench.settle()
        assert "needs 60x16" in bench.text()
        await bench.pilot.resize_terminal(80, 24)
        await bench.settle(0.2)
        assert bench.screen.pairs.cursor == 2
        assert "the runs differ from step 1.2.1 on" in bench.text()

    play(flow, Script(*OLD))


# present


def hostile():
    words = "[/x] \x1b[31mred\x1b[0m \u202eevil\u202c [bold"
    call = [{"type": "tool_use", "id": "c", "name": words, "input": {words: words}}]
    steps = [UserMessage(turn=1, text=words), Answer(turn=1, answer=1, blocks=call)]
    return Side("a", words, words, Setup(agent="shop"), Trace(steps))


def test_hostile_text_is_shown_without_control_characters():
    left = hostile()
    right = left._replace(id="b", trace=Trace([UserMessage(turn=1, text="\x1b]0;title\x07[/x]")]))
    of = compare(left, right)
    lines = [present.row(of, i, 80) for i in range(len(of.pairs))]
    lines += [line for i in range(len(of.pairs)) for line in styled(present.pair_in_full(of, i), 80)]
    lines += [present.cause(DifferenceCause("code", left.name, left.name), 80)]
    text = "\n".join([*(plain(line) for line in lines), present.heading(of, 80)])
    assert "[/x]" in text
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_a_text_difference_highlights_the_words_that_differ():
    lines = styled(diff("one\nclose 30 days after", "one\nclose 60 days after"), 60)
    assert [plain(line).rstrip() for line in lines] == ["  one", "- close 30 days after", "+ close 60 days after"]
    assert [b.text for line in lines for b in line if b.role in ("gone", "come")] == ["30", "60"]
    assert diff("same", "same") == []


def test_a_huge_text_difference_is_cut_with_an_ellipsis():
    lines = styled(diff("\n".join(f"a{i}" for i in range(5000)), "\n".join(f"b{i}" for i in range(5000))), 60)
    assert len(lines) < 100
    assert "…" in plain(lines[-1])


def test_a_row_fits_at_every_width():
    left = hostile()
    wide = left._replace(id="b", trace=Trace([UserMessage(turn=1, text="広い言葉 " * 40)]))
    of = compare(left, wide)
    for width in range(40, 170, 7):
        for index in range(len(of.pairs)):
            line = present.row(of, index, width)
            assert cells(line) == width
