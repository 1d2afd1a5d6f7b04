"""Properties of every screen: sizes, keys, hostile text."""

from __future__ import annotations

import pytest

from tui.host import Script, say, think, use
from workbench.trace.events import Answer, Reply, TurnEnded, UserMessage
from workbench.trace.setup import Setup
from workbench.trace.step_id import StepId
from workbench.trace.trace import Trace
from workbench.tui import actions
from workbench.tui.action_words import WORDS
from workbench.tui.app import WorkbenchApp, first_theme
from workbench.tui.screens.compare import Compare
from workbench.tui.screens.develop import Develop
from workbench.tui.screens.review import Review
from workbench.tui.view.rows import RowModel
from workbench.tui.view.tabs import TABS, tab_lines
from workbench.tui.view.text import clean, fit, one_line, plain, value, width, wrap
from workbench.tui.view.view import View

HOSTILE = (
    "[/x] [bold]no[/bold] \x1b[31mred\x1b[0m \x1b]52;c;aGk=\x07 \x9b2J 漢字かな \u202egnp.exe 👩\u200d👩\u200d👧 "
    "\ud800 \x00\x07\r\nend"
)


def test_hostile_text_is_shown_as_text(play):
    async def flow(bench):
        await bench.say(HOSTILE.replace("\ud800", ""))
        await bench.press("escape")
        for selector in ("#chat", "#steps", "#detail"):
            text = bench.pane(selector)
            assert "[/x]" in text
            assert "\x1b" not in text
            assert "\x07" not in text
            assert "\u202e" not in text
        assert all(len(line) for line in bench.text().splitlines())
        for _ in TABS:
            await bench.press("right")
        bench.picture("hostile")

    text = HOSTILE.replace("\ud800", "")
    play(flow, Script([think(text), use("find_order", order_number=text)], [say(text)]))


def test_every_line_fills_its_cells_with_any_text():
    for text in (HOSTILE, "漢" * 300, "a" * 300, "e\u0301" * 200, "👩\u200d👩\u200d👧" * 40):
        for cells in (1, 2, 7, 30):
            assert width(fit([("x", ""), (one_line(text), "")], cells)) == cells
        for line in wrap([("label ", "dim"), (clean(text), "")], 24, 6):
            assert width(line) <= 24


def test_a_megabyte_is_cut_before_it_is_measured(play):
    async def flow(bench):
        await bench.say("x" * 1_000_000)
        await bench.press("escape")
        assert "yyyy" in bench.pane("#steps")

    play(flow, Script([say("y" * 900_000 + " y" * 5_000)]))
    assert len(one_line("z" * 5_000_000)) < 10_000
    assert len(value({"k": "v" * 1_000_000})) < 10_000


def test_a_long_conversation_is_laid_out_quickly():
    steps = []
    for turn in range(1, 20_001):
        steps += [
            UserMessage(turn=turn, text="hello"),
            Answer(turn=turn, answer=1, blocks=[{"type": "text", "text": "hi"}]),
            Reply(turn=turn, answer=1, text="hi"),
            TurnEnded(turn=turn, reason="replied"),
        ]
    trace = Trace(steps)
    book = RowModel()
    book.read(trace)
    assert len(book.rows) == 40_000
    trace.append(UserMessage(turn=20_001, text="more"))
    assert book.read(trace)
    assert book.rows[-1].step_id == StepId(20_001)


@pytest.mark.parametrize("size", [(160, 48), (120, 30), (80, 24), (60, 16)])
def test_all_three_panes_are_visible_at_every_size(play, size):
    async def flow(bench):
        await bench.say("return OL-1 please")
        text = bench.text()
        for title in ("1 Chat", "2 Steps", "3 Detail"):
            assert title in text
        bench.picture(f"size-{size[0]}")

    play(flow, Script([use("find_order", order_number="OL-1")], [say("Here.")]), size=size)


def test_at_80x24_the_panes_have_nine_six_and_three_rows(play):
    async def flow(bench):
        rows = [
            bench.screen.query_one(f"#{p}").scrollable_content_region.height for p in ("chat", "steps", "detail")
        ]
        assert rows == [9, 6, 3]

    play(flow, size=(80, 24))


def test_a_screen_below_60x16_shows_the_minimum_size_and_loses_nothing(play):
    async def flow(bench):
        await bench.say("hello")
        await bench.pilot.resize_terminal(50, 12)
        await bench.settle()
        assert "needs 60x16" in bench.text()
        await bench.pilot.resize_terminal(80, 24)
        await bench.settle(0.4)
        assert "hello" in bench.text()

    play(flow, Script([say("hi")]))


def test_plus_zooms_and_enter_opens_the_detail(play):
    async def flow(bench):
        await bench.say("hello")
        await bench.press("escape", "plus")
        assert "1 Chat" not in bench.text()
        await bench.press("plus")
        await bench.press("enter")
        assert "2 Steps" not in bench.text()
        assert "3 Detail" in bench.text()
        await bench.press("escape")
        assert "1 Chat" in bench.text()

    play(flow, Script([say("hi")]), size=(80, 24))


def test_help_lists_every_action_and_can_find_and_run_one(play):
    async def flow(bench):
        await bench.press("escape", "question_mark")
        listed = bench.pane("#results")
        for action in actions.actions_on(actions.DEVELOP):
            assert action.title in listed
        bench.screen.query_one("#search").text = "fixture"
        await bench.settle()
        assert "setup" in bench.pane("#results")
        await bench.press("enter")
        assert "Setup of the conversation" in bench.text()

    play(flow)


def test_the_table_the_bindings_and_the_groups_agree():
    for screen in (Develop(), Review(), Compare()):
        where = screen.where
        keys: dict[str, str] = {}
        for action in actions.actions_on(where):
            assert action.id in screen.groups, f"{action.id} on {where}"
            assert callable(screen.groups[action.id].handlers()[action.id])
            for key in filter(None, action.keys.split(",")):
                assert key not in keys, f"{key} does {keys.get(key)} and {action.id} on {where}"
                keys[key] = action.id
        assert set(screen.groups) <= {action.id for action in actions.ACTIONS}
    assert all(f"| {a.title} |" in actions.markdown() for a in actions.ACTIONS)


def test_an_unavailable_action_shows_the_reason(play):
    async def flow(bench):
        await bench.press("escape", "t")
        assert "there is no conversation to save yet" in bench.text()
        await bench.press("f")
        assert "nothing to fork" in bench.text()
        await bench.press("u")
        assert "nothing to undo" in bench.text()

    play(flow)


def test_a_mouse_click_anywhere_does_not_fail(play):
    async def flow(bench):
        await bench.say("hello")
        for x in range(0, 80, 20):
            for y in range(0, 24, 4):
                await bench.pilot.click(offset=(x, y))
        await bench.settle()

    play(flow, Script([say("hi")]), size=(80, 24))


def test_the_cursor_has_a_sign_in_addition_to_its_colour(play):
    def signs(bench):
        return [line[0] for line in bench.text().splitlines() if line[:1] in ("▶", "▷")]

    async def flow(bench):
        await bench.say("hello")
        assert signs(bench) == ["▷"]
        await bench.press("escape")
        assert signs(bench) == ["▶"]

    play(flow, size=(80, 24))


def test_a_terminal_with_sixteen_colours_uses_the_terminal_theme(monkeypatch):
    monkeypatch.delenv("COLORTERM", raising=False)
    monkeypatch.delenv("WORKBENCH_THEME", raising=False)
    for term in ("linux", "screen", "vt220"):
        monkeypatch.setenv("TERM", term)
        assert first_theme() == "workbench-terminal"
    for term in ("screen-256color", "xterm-256color", "tmux-256color"):
        monkeypatch.setenv("TERM", term)
        assert first_theme() == "workbench-dark"


def test_all_themes_show_the_screen(play):
    async def flow(bench):
        await bench.say("hello")
        for _ in range(3):
            await bench.screen.action_do("theme")
            await bench.settle()
            assert "hello" in bench.text()
            bench.picture(bench.app.theme)

    play(flow, Script([say("hi")]))


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
def test_an_internal_error_exits_with_a_failure_and_without_local_values(tmp_path):
    import asyncio
    import gc

    from tui.conftest import Bench

    async def flow() -> WorkbenchApp:
        bench = Bench(tmp_path, Script())
        secret = "hunter2"

        def broken() -> None:
            raise RuntimeError(f"a bug with {len(secret)} letters")

        async with bench.app.run_test() as pilot:
            bench.app.call_later(broken)
            await pilot.pause(0.2)
        return bench.app

    app = None
    with pytest.raises(RuntimeError):
        app = asyncio.run(flow())
    assert app is None
    gc.collect()  # collect coroutines that were never started here, and not in another test


def test_the_detail_can_show_any_prefix_of_a_trace(play):
    async def flow(bench):
        await bench.say("return OL-1 please")
        session = bench.session
        for size in range(1, len(session.trace) + 1):
            trace = Trace(session.trace.events[:size], session.trace.blobs)
            view = View(trace, Setup(agent="shop"), {})
            for wide in (True, False):
                book = RowModel(wide)
                book.read(trace)
                for row in book.rows:
                    for tab in TABS:
                        assert all(plain(line) is not None for line in tab_lines(tab, view, row, 70))

    play(
        flow,
        Script([use("find_order", order_number="OL-1"), use("create_return", order_number="OL-1")], [say("No.")]),
    )


def test_every_action_has_other_words_to_be_found_by():
    assert WORDS.keys() == {action.id for action in actions.ACTIONS}


@pytest.mark.parametrize(
    ("words", "id"),
    [
        ("retry", "rerun"),
        ("rerun", "rerun"),
        ("regenerate", "rerun"),
        ("delete", "conversations"),
        ("rename", "name"),
        ("export", "save"),
        ("cost", "next_tab"),
        ("tokens", "next_tab"),
        ("latency", "next_tab"),
        ("diff", "compare"),
        ("model", "model"),
        ("temperature", "model"),
        ("clipboard", "copy"),
        ("copy", "copy"),
        ("search", "find"),
        ("branch", "fork"),
        ("stop", "interrupt"),
        ("exit", "quit"),
        ("ablation", "disable"),
        ("take over", "takeover"),
    ],
)
def test_help_finds_an_action_by_other_words(words, id):
    assert id in [action.id for action in actions.find(actions.DEVELOP, words)]


def test_end_and_home_go_through_the_help(play):
    async def flow(bench):
        await bench.press("escape", "question_mark", "end")
        results = bench.screen.query_one("#results")
        assert results.cursor == len(results.found) - 1
        await bench.press("home")
        assert results.cursor == 0

    play(flow)


def test_a_long_title_in_the_help_is_followed_by_a_blank(play):
    async def flow(bench):
        await bench.press("escape", "question_mark", *"rerun")
        lines = bench.pane("#results").splitlines()
        assert any("continue with the rerun  " in line for line in lines)

    play(flow)
