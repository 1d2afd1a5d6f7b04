"""Lines for a person are folded to their terminal, so that they can be read and commands can be copied."""

from __future__ import annotations

import pytest

from workbench.cli.output import printed_width, wrap

WHY = "    - 1.2.1  recorded: create_return(order_number=OL-2001, sku=CITY-44, reason=smells): executed"
NEXT = (
    "  next: fix the journey, or, if this is right now: "
    "workbench accept transcripts/support/a-return.json --reason x"
)


def test_a_long_line_is_wrapped_with_an_indent():
    assert wrap(WHY, 60).split("\n") == [
        "    - 1.2.1  recorded: create_return(order_number=OL-2001,",
        "      sku=CITY-44, reason=smells): executed",
    ]


def test_a_colored_line_is_indented_like_a_plain_one():
    painted = wrap(f"\x1b[2m{WHY}\x1b[0m", 60).split("\n")
    assert painted == ["\x1b[2m" + wrap(WHY, 60).split("\n")[0], wrap(WHY, 60).split("\n")[1] + "\x1b[0m"]


def test_a_command_is_never_split():
    assert wrap(NEXT, 60).split("\n") == [
        "  next: fix the journey, or, if this is right now:",
        "    workbench accept transcripts/support/a-return.json --reason x",
    ]


@pytest.mark.parametrize("width", [0, 20, 200])
def test_a_line_that_fits_is_not_wrapped(width):
    assert wrap(NEXT, width) == NEXT


@pytest.mark.parametrize("width", [40, 60, 80])
def test_no_line_is_wider_than_the_terminal_and_no_word_is_lost(width):
    text = "\x1b[31mFAIL\x1b[0m " + "鞋子 rückgabe größe " * 20
    folded = wrap(text, width)
    assert max(printed_width(line) for line in folded.split("\n")) <= width
    assert folded.split() == text.split()
