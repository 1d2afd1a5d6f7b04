"""Untrusted text is shown as plain text in every pane."""

from __future__ import annotations

import re

import pytest
from rich.cells import cell_len

from support.kit import WINDOW, shop_files
from tui.host import Script, say, think, use
from workbench.trace.events import Answer, CallRequest, ToolResult, UserMessage
from workbench.trace.setup import Setup
from workbench.trace.step_id import StepId
from workbench.trace.steps import Step
from workbench.trace.trace import Trace
from workbench.transcripts.transcript import Annotation
from workbench.tui.view.detail import action
from workbench.tui.view.extent import Excerpt
from workbench.tui.view.find import SearchPhrase, highlight
from workbench.tui.view.paragraphs import styled, value_block
from workbench.tui.view.rows import RowModel
from workbench.tui.view.tabs import TABS, tab_lines
from workbench.tui.view.text import Span, clean, fit, one_line, plain, typed, width, wrap
from workbench.tui.view.view import View

KINDS = {
    "markup": "[/x] [bold]no[/bold] [@click=app.quit]quit[/] $error &amp; **b** `c`",
    "escapes": "\x1b[31mred\x1b[0m \x1b]52;c;aGk=\x07 \x1b]8;;http://x\x1b\\link \x9b2J \x1b[?9l \x00\x07\x08\x0e",
    "right to left": "\u202egnp.exe\u202c \u2067שלום\u2069 \u061cسلام \u200f!",
    "wide": "漢字かな交じり文 한국어 ｆｕｌｌ",
    "zero width": "z\u200be\u200br\u2060o\ufeff a\u00ad e\u0301 Z\u0351\u036b\u0343\u0301\u0302 \u3164|\U000e0041",
    "emoji": "👩\u200d👩\u200d👧 👍🏽 🇩🇪 ❤\ufe0f 1\ufe0f\u20e3",
    "tabs and breaks": "a\tb\r\nc\rd\u2028e\x0bf\x0cg\x85h",
}  # fmt: skip
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
UNSEEN = re.compile("[\u00ad\u200b\u2060\u3164\ufe0f\ufeff\U000e0041]")  # in no pane; typed text may contain it


def kinds() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("text", KINDS.values(), ids=KINDS)


def inert(bench) -> None:
    """Check that every line is as wide as the screen and contains no control sequence."""
    for line in bench.app.screen._compositor.render_strips():
        text = "".join(segment.text for segment in line)
        assert not OBEYED.search(text), repr(text)
        assert cell_len(text) == bench.app.size.width, repr(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [*(((160, 48), text) for text in KINDS.values()), ((80, 24), " ".join(KINDS.values()))],
    ids=[*KINDS, "all of it at 80x24"],
)
def test_untrusted_text_is_inert_in_every_pane_and_form(play, text, size):
    async def flow(bench):
        await bench.say(text)
        await bench.press("escape", "left_square_bracket")
        inert(bench)
        for _ in TABS:
            await bench.press("right")
            inert(bench)
        await bench.press("slash")
        bench.screen.search_bar.line.text = text
        await bench.settle()
        inert(bench)
        await bench.press("enter")
        await bench.until(lambda: not bench.screen.search_bar.is_open)
        await bench.press("a")
        await bench.until(lambda: bench.screen.query("#note"))
        bench.screen.query_one("#note").text = text
        await bench.settle()
        inert(bench)
        await bench.press("ctrl+s")
        await bench.until(lambda: not bench.screen.query("#note"))
        await bench.press("g")
        inert(bench)
        await bench.press("f")
        await bench.until(lambda: bench.screen.focused is bench.screen.entry)
        inert(bench)
        await bench.press("escape")
        await bench.until(lambda: bench.screen.focused is not bench.screen.entry)
        await bench.press("question_mark")
        await bench.until(lambda: bench.screen.query("#search"))
        bench.screen.query_one("#search").text = text
        await bench.settle()
        inert(bench)

    play(flow, Script([think(text), use("find_order", order_number=text)], [say(text)]), size=size)


@kinds()
def test_untrusted_text_is_inert_in_every_field_of_a_step(text, tmp_path):
    steps = [
        UserMessage(turn=1, text=text),
        Answer(turn=1, answer=1, blocks=[use(text, **{text: [text, {text: text}]})]),
        ToolResult(turn=1, answer=1, call=1, tool=text, outcome="ok", value={text: text}, output=text),
    ]
    annotations = {"1.1.1": Annotation("1.1.1", "agent", note=text, expected=text)}
    view = View(Trace(steps, {"x": {"rule": text, "why": text, "source": text}}), Setup(agent=text), annotations)
    for wide in (True, False):
        book = RowModel(wide)
        book.read(view.trace)
        for row in book.rows:
            for tab in TABS:
                for line in tab_lines(tab, view, row, 70):
                    assert not OBEYED.search(plain(line))
                    assert not UNSEEN.search(plain(line))
                    assert width(line) <= 70


def test_hostile_text_in_a_policy_is_shown_inert(play):
    words = KINDS["escapes"] + KINDS["right to left"] + KINDS["markup"]

    async def flow(bench):
        text = shop_files(WINDOW)["shop/returns/journey.py"]
        text = text.replace("worn shoes", "worn shoes " + words.encode("unicode_escape").decode())
        text = text.replace('f"delivered', 'f"' + words.encode("unicode_escape").decode() + "delivered")
        await bench.save_file("shop/returns/journey.py", text)
        await bench.until(lambda: bench.session.code.state != "loading")
        await bench.say("return OL-1 please")
        await bench.press("escape", "exclamation_mark")
        assert "[bold]no[/bold]" in bench.pane("#steps")
        inert(bench)

    play(flow, Script([use("find_order", order_number="OL-1")], [use("create_return", order_number="OL-1")]))


@kinds()
def test_lines_keep_their_width_with_any_highlighted_match(text):
    line = fit([("x ", ""), (one_line(text), "dim")], 30)
    for looked in ("a", "字", " ", "[", text[:3]):
        if SearchPhrase(looked):
            lit = highlight(tuple(line), SearchPhrase(looked))
            assert plain(lit) == plain(line)
    for cells in (1, 2, 7, 30):
        assert width(fit([("x", ""), (one_line(text * 30), "")], cells)) == cells
        assert all(
            width(piece) <= max(cells, 10) for piece in wrap([("l ", ""), (clean(text * 30), "")], cells, 6)
        )


def test_characters_that_terminals_draw_differently_are_replaced():
    assert clean(KINDS["emoji"]) == "👩👩👧 👍 DE ❤ 1"
    assert clean("e\u0301") == "e\u0301"
    assert clean("नमस्ते سلام") == "नमस्ते سلام"
    assert typed("a\u202eb\x1b[31mc") == "abc"


def test_a_text_that_was_not_cleaned_is_drawn_without_controls(play):
    async def flow(bench):
        await bench.say("hello")
        bench.screen.chat.drawn = lambda index: (Span(KINDS["escapes"] + "\n", ""),)
        bench.screen.chat._strips.clear()
        bench.screen.chat.refresh()
        await bench.settle()
        inert(bench)

    play(flow, Script([say("hi")]))


def test_a_long_result_is_cut_and_the_remaining_lines_are_counted():
    lines = styled(value_block("result", "\n".join("x" for _ in range(10_000)), Excerpt()), 80)
    assert len(lines) == Excerpt.lines + 1
    assert plain(lines[-1]).strip() == f"… {10_000 - Excerpt.lines:,} lines more: the pager shows all"
    call = CallRequest(1, "c", "find", {})
    result = ToolResult(turn=1, answer=1, call=1, tool="find", outcome="ok", value="y" * 1_000_000)
    lines = styled(action(Step(StepId(1, 1, 1), call, result=result), Excerpt()), 80)
    assert len(lines) < 400
    assert "992,000 characters" in " ".join(plain(line) for line in lines)


def test_a_megabyte_of_text_is_searched_to_its_end(play):
    async def flow(bench):
        await bench.say("go")
        await bench.press("escape", "g", "slash", *"needle", "enter")
        await bench.until(lambda: str(bench.screen.steps.row.step_id) == "1.1.0")

    play(flow, Script([say("hay" * 330_000 + "needle")]))
