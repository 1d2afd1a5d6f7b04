"""Find, filter and fold."""

from __future__ import annotations

from tui.host import Script, say, think, use
from tui.test_develop import OLD
from workbench.trace.events import Answer, Reply, TurnEnded, UserMessage
from workbench.trace.step_id import StepId
from workbench.trace.trace import Trace
from workbench.tui.view.find import SearchPhrase, highlight
from workbench.tui.view.row_filter import KINDS, Filter
from workbench.tui.view.text import Span, plain

TWO = (
    *OLD,
    [use("find_order", order_number="OL-2")],
    [think("Two days only."), use("create_return", order_number="OL-2")],
    [say("Done: R-1.")],
)


async def two_turns(bench):
    await bench.say("return OL-1 please")
    await bench.say("then return OL-2")
    await bench.press("escape", "g")


def at(bench) -> str:
    return str(bench.screen.steps.row.step_id)


def foot(bench) -> str:
    return bench.text().splitlines()[-1]


def test_find_goes_to_the_first_match_with_every_key(play):
    async def flow(bench):
        await two_turns(bench)
        await bench.press("slash", *"crea")
        assert "1 of 2" in foot(bench)
        assert at(bench) == "1.2.1"
        await bench.press(*"te_return")
        await bench.press("enter", "n")
        assert at(bench) == "2.2.1"
        assert "2 of 2" in foot(bench)
        await bench.press("n")
        assert at(bench) == "1.2.1"
        assert "1 of 2 · continued at the first" in foot(bench)
        await bench.press("N")
        assert at(bench) == "2.2.1"
        assert "continued at the last" in foot(bench)

    play(flow, Script(*TWO))


def test_esc_closes_the_search_and_restores_the_cursor(play):
    async def flow(bench):
        await two_turns(bench)
        await bench.press("slash", *"create")
        assert at(bench) == "1.2.1"
        await bench.press("escape")
        assert at(bench) == "1.0.0"
        assert bench.screen.focused is bench.screen.steps
        await bench.press("n")
        assert "nothing was searched for yet" in foot(bench)

    play(flow, Script(*TWO))


def test_matches_are_highlighted_until_esc(play):
    async def flow(bench):
        await two_turns(bench)
        await bench.press("slash", *"two days", "enter")
        steps = bench.screen.steps
        strip = steps.render_line(steps.span(steps.cursor)[0] - steps.scroll_offset.y)
        lit = [s.text for s in strip if s.style.reverse]
        assert lit == ["Two days"]
        await bench.press("escape")
        strip = steps.render_line(steps.span(steps.cursor)[0] - steps.scroll_offset.y)
        assert not any(s.style.reverse for s in strip)

    play(flow, Script(*TWO))


def test_find_searches_text_that_does_not_fit_on_screen(play):
    async def flow(bench):
        await bench.say("go")
        await bench.press("escape", "g", "slash", *"needle")
        await bench.until(lambda: at(bench) == "1.1.0")

    play(flow, Script([say("hay" * 2000 + "needle")]))


def test_a_search_without_a_match_is_reported_and_keeps_the_cursor(play):
    async def flow(bench):
        await two_turns(bench)
        await bench.press("slash", *"zebra")
        assert "no match for “zebra”" in foot(bench)
        assert at(bench) == "1.0.0"
        await bench.press("enter", "n")
        assert "no match for “zebra”" in foot(bench)

    play(flow, Script(*TWO))


def test_find_searches_the_focused_pane(play):
    async def flow(bench):
        await two_turns(bench)
        await bench.press("3", "slash", *"lane", "escape")
        assert bench.screen.focused is bench.screen.detail
        await bench.press("1", "slash", *"done", "enter")
        assert "1 of 1" in foot(bench)
        assert bench.screen.focused is bench.screen.chat
        assert at(bench) == "1.0.0"

    play(flow, Script(*TWO))


def test_a_search_with_a_capital_is_case_sensitive():
    assert SearchPhrase("ol-1").spans("OL-1 and ol-1") == [(0, 4), (9, 13)]
    assert SearchPhrase("OL-1").spans("OL-1 and ol-1") == [(0, 4)]
    line = highlight((Span("look the ", "dim"), Span("order up", "bold")), SearchPhrase("the order"))
    assert [bit.text for bit in line if "hit" in bit.role] == ["the ", "order"]
    assert plain(line) == "look the order up"


def test_a_filter_shows_only_matching_steps_and_is_named_in_the_title(play):
    async def flow(bench):
        await two_turns(bench)
        await bench.press("ampersand", *":blocked")
        assert "1 of" in foot(bench)
        await bench.press("enter")
        assert "2 Steps & :blocked · 1 of 8" in bench.text()
        assert at(bench) == "1.2.1"
        assert "find_order" not in bench.pane("#steps")
        await bench.press("escape")
        assert "2 Steps ─ reasoning" in bench.text()
        assert "find_order" in bench.pane("#steps")
        assert at(bench) == "1.2.1"

    play(flow, Script(*TWO))


def test_a_filter_combines_kinds_and_words_and_an_empty_filter_ends_it(play):
    async def flow(bench):
        await two_turns(bench)
        await bench.press("ampersand", *":tool :reply ol-1", "enter")
        assert [str(row.step_id) for row in bench.screen.steps.rows] == ["1.1.1", "1.2.1", "1.3.0"]
        await bench.press("ampersand", "ctrl+u", "enter")
        assert not bench.screen.steps.shown.filter

    play(flow, Script(*TWO))


def test_an_unknown_kind_is_reported_with_the_known_kinds(play):
    async def flow(bench):
        await two_turns(bench)
        await bench.press("ampersand", *":refund", "enter")
        assert "unknown kind :refund" in foot(bench)
        assert bench.screen.search_bar.is_open
        bench.screen.search_bar.line.text = ":"
        await bench.settle()
        assert ":writes" in foot(bench)

    play(flow, Script(*TWO))


def test_new_steps_that_match_the_filter_are_shown_and_followed(play):
    async def flow(bench):
        await bench.say("return OL-1 please")
        await bench.press("escape", "ampersand", *":tool", "enter", "G")
        await bench.say("then return OL-2")
        assert [str(row.step_id) for row in bench.screen.steps.rows] == ["1.1.1", "1.2.1", "2.1.1", "2.2.1"]
        assert at(bench) == "2.2.1"

    play(flow, Script(*TWO))


def test_going_to_a_hidden_step_ends_the_filter_with_a_note(play):
    async def flow(bench):
        await two_turns(bench)
        await bench.press("ampersand", *":reply", "enter")
        bench.screen.steps.go_to(StepId(2, 2, 1))
        await bench.settle()
        assert at(bench) == "2.2.1"
        assert "the filter is off" in foot(bench)

    play(flow, Script(*TWO))


def test_jumps_move_only_between_steps_that_match_the_filter(play):
    async def flow(bench):
        await two_turns(bench)
        await bench.press("ampersand", *":tool", "enter", "g", "right_curly_bracket")
        assert at(bench) == "2.1.1"
        await bench.press("g", "exclamation_mark")
        assert at(bench) == "1.2.1"

    play(flow, Script(*TWO))


def test_a_turn_folds_to_one_line_with_a_summary(play):
    async def flow(bench):
        await two_turns(bench)
        await bench.press("j", "h")
        assert at(bench) == "1.0.0"
        line = bench.pane("#steps").splitlines()[0]
        assert "▸ turn 1 return OL-1 please" in line
        assert "3 steps ✗ 1" in line
        assert "find_order(OL-1)" not in bench.pane("#steps")
        await bench.press("l")
        assert "find_order(OL-1)" in bench.pane("#steps")
        await bench.press("H")
        assert bench.pane("#steps").count("▸ turn") == 2
        await bench.press("L")
        assert "▸" not in bench.pane("#steps")

    play(flow, Script(*TWO))


def test_jumping_into_a_folded_turn_unfolds_it(play):
    async def flow(bench):
        await two_turns(bench)
        await bench.press("H", "g", "exclamation_mark")
        assert at(bench) == "1.2.1"
        assert "find_order(OL-2)" not in bench.pane("#steps")
        await bench.press("H", "slash", *"two days", "enter")
        assert at(bench) == "2.2.1"

    play(flow, Script(*TWO))


def test_a_new_turn_is_unfolded(play):
    async def flow(bench):
        await bench.say("return OL-1 please")
        await bench.press("escape", "H")
        await bench.say("then return OL-2")
        assert "▸ turn 1" in bench.pane("#steps")
        assert "create_return(OL-2)" in bench.pane("#steps")
        assert at(bench).startswith("2.")

    play(flow, Script(*TWO))


def test_the_fold_keys_switch_tabs_in_the_detail(play):
    async def flow(bench):
        await two_turns(bench)
        await bench.press("3", "l")
        assert bench.screen.detail.tab == "prompt"
        await bench.press("h", "2", "right")
        assert bench.screen.detail.tab == "prompt"

    play(flow, Script(*TWO))


def test_find_filter_and_fold_work_in_the_narrow_layout(play):
    async def flow(bench):
        await two_turns(bench)
        await bench.press("slash", *"not long ago", "enter")
        assert bench.screen.steps.row.part == "think"
        await bench.press("escape", "ampersand", *":th", "enter")
        assert [row.part for row in bench.screen.steps.rows] == ["think"] * 3
        await bench.press("escape", "H")
        assert bench.pane("#steps").count("▸ turn") == 2

    play(flow, Script(*TWO), size=(80, 24))


def test_the_filter_help_lists_every_kind():
    from workbench.tui import actions

    assert " ".join(f":{kind}" for kind in KINDS) == actions.KINDS
    assert str(Filter.parse(":wr  gift   card :th")) == ":writes :think gift card"


def test_a_long_conversation_is_searched_before_the_next_key():
    from workbench.tui.view.find import Texts
    from workbench.tui.view.rows import RowModel

    steps = []
    for turn in range(1, 2001):
        steps += [
            UserMessage(turn=turn, text=f"hello {turn}"),
            Answer(turn=turn, answer=1, blocks=[{"type": "text", "text": "words " * 100}]),
            Reply(turn=turn, answer=1, text="words " * 100),
            TurnEnded(turn=turn, reason="replied"),
        ]
    book, texts = RowModel(), Texts()
    book.read(Trace(steps))
    assert [row.step_id.turn for row in book.rows if SearchPhrase("HELLO 1999").within(texts.of(row))] == []
    assert [row.step_id.turn for row in book.rows if SearchPhrase("hello 1999").within(texts.of(row))] == [1999]
