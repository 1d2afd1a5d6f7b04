"""Text selected with the mouse is copied without the line breaks of the pane."""

from __future__ import annotations

from textual.geometry import Offset
from textual.selection import Selection

from tui.host import Script, say
from workbench.tui.view.text import Span, unwrapped, wrap

SENTENCE = (
    "Order OL-1002 came 52 days ago and our limit is 45 days. I can offer you a voucher of 20% on a new pair."
)
WORD = "https://shop.example/" + "a-very-long-path/" * 12


def whole(text: str, width: int, hang: int) -> str:
    return unwrapped([(line, 0, -1) for line in wrap([Span(text)], width, hang)])


def test_wrapped_text_is_copied_without_line_breaks_at_every_width():
    for text in (SENTENCE, f"{SENTENCE}\n\n• one\n• two", WORD):
        for width in range(24, 120):
            for hang in (0, 7):
                assert whole(text, width, hang) == text


def test_a_selected_reply_is_copied_without_the_line_breaks_of_the_screen(play):
    async def flow(bench):
        await bench.say("hello")
        chat = bench.screen.chat
        lines = bench.pane("#chat").splitlines()
        first = next(n for n, line in enumerate(lines) if "Order OL" in line)
        selection = Selection(Offset(lines[first].index("Order") + chat.MARGIN, first), None)
        text, _ = chat.get_selection(selection)
        assert text == f"{SENTENCE}\nGood bye."

    play(flow, Script([say(f"{SENTENCE}\nGood bye.")]))


def test_a_selected_part_of_a_line_is_copied(play):
    async def flow(bench):
        await bench.say("hello")
        chat = bench.screen.chat
        lines = bench.pane("#chat").splitlines()
        first = next(n for n, line in enumerate(lines) if "Order OL" in line)
        at = lines[first].index("OL-1002") + chat.MARGIN
        assert chat.get_selection(Selection(Offset(at, first), Offset(at + 7, first))) == ("OL-1002", "\n")

    play(flow, Script([say(SENTENCE)]))
