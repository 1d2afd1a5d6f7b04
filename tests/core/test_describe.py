"""What a report says of two moves shows what is not the same in them."""

from __future__ import annotations

import pytest

from support.kit import ScriptedModel, converse, saved, shop, use
from workbench.replay.judge import replay
from workbench.replay.verdict import Verdict
from workbench.trace.describe import MAX_SHOWN, differing_excerpts

LONG = "the label goes to the address that the order was sent to, " * 4


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("same, " + LONG + "Vienna", "same, " + LONG + "Graz"),
        ([1] * 400 + [2], [1] * 400 + [3]),
        (LONG, LONG + "and back"),
        ("short", "other"),
        ("ab" + LONG, "b" + LONG),
    ],
)
def test_two_long_values_are_shortened_around_their_difference(one, other):
    a, b = differing_excerpts(one, other)
    assert a != b
    assert max(len(a), len(b)) <= MAX_SHOWN


CARD = """
    @returns.policy(after=find_order)
    def hide(result):
        '''Hides it.'''
        return Rewrite({{"number": "OL-1", "note": "{note}"}}, "{why}")
"""


def hiding(folder, note, why="hidden"):
    from support.kit import JOURNEY

    return shop(
        folder, CARD.format(note=note, why=why), journey=JOURNEY.replace("import Block", "import Rewrite, Block")
    )


def test_a_different_rewrite_shows_the_new_value(tmp_path):
    then = hiding(tmp_path / "then", LONG + "Vienna")
    guard = saved(
        converse(then, ScriptedModel([use("find_order", order_number="OL-1")], "Done."), "where is OL-1?")
    )
    outcome = replay(guard, hiding(tmp_path / "now", LONG + "Graz").agent)
    assert outcome.verdict is Verdict.FAIL
    assert "rewritten by returns.hide: hidden; rewritten to …" in outcome.first_difference.recorded
    other = replay(guard, hiding(tmp_path / "other", LONG + "Graz", "out of sight").agent)
    assert other.first_difference.now.endswith("Graz'}")
    assert ("Vienna" in outcome.first_difference.recorded, "Graz" in outcome.first_difference.now) == (True, True)
