"""The chat shows every character of a message, except the signs of a Markdown pair."""

from __future__ import annotations

import pytest

from workbench.tui.view.chat import markdown


@pytest.mark.parametrize(
    "text",
    [
        "Your card **** **** **** 1111 is frozen.",
        "**Refund refused",
        "`abc",
        "2**3**2 is 512",
        "** not bold **",
        "****",
        "a `` b ` c",
        "***",
    ],
)
def test_asterisks_and_backticks_that_are_no_pair_are_shown(text):
    assert "".join(span.text for span in markdown(text, "agent")) == text


def test_a_pair_around_words_is_styled():
    spans = markdown("Say **it is late** and `OL-1`, please.", "agent")
    assert [(span.text, span.role) for span in spans] == [
        ("Say ", "agent"), ("it is late", "bold"), (" and ", "agent"), ("OL-1", "tool"), (", please.", "agent"),
    ]  # fmt: skip
