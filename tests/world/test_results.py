"""The results of tools reach policies in their declared types, or `check` says that they do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import pytest

from support.kit import WINDOW, shop, shop_files, write
from workbench.authoring.tool import Tool
from workbench.check.lint import find_all
from workbench.plain import to_plain
from world.kinds import Box, Branch, Card, Cash, Color, Extra, Item, Level, Point, Seat, Tag, Transfer

T = TypeVar("T")
CARD, PAID = Card("1"), Transfer("2")

RESULTS: list[tuple[Any, Any]] = [
    (dict[int, Seat], {1: Seat(1), -2: Seat(2)}),
    (dict[date, list[Seat]], {date(2026, 1, 1): [Seat(1)]}),
    (dict[Color, Decimal], {Color.RED: Decimal("1.50")}),
    (dict[Level, str], {Level.HIGH: "a"}),
    (Mapping[int, int], {1: 2}),
    (Card | Transfer, PAID),
    (Card | Transfer | None, None),
    (Card | Cash, Cash(Decimal(3))),
    (list[Card | Transfer], [CARD, PAID]),
    (dict[int, Card | Transfer], {3: CARD}),
    (tuple[Card | Cash, int], (CARD, 1)),
    (Extra, {"note": "a"}),
    (dict[int, Extra], {1: {"note": "a", "count": 2}}),
    (Point, Point(1.5, 2)),
    (list[Point | None], [Point(1.0), None]),
    (set[Color], {Color.RED, Color.BLUE}),
    (frozenset[Tag], frozenset({Tag("a"), Tag("b", 2)})),
    (Sequence[Seat], [Seat(1)]),
    (tuple[Seat, ...], (Seat(1), Seat(2))),
    (Branch, Branch("a", [Branch("b")])),
    (Box[int], Box(3)),
    (Box[Seat], Box(Seat(1))),
    (Item, Item("a", paid=PAID, colors={Color.RED}, by_level={1: [Seat(1)]})),
    (list[Item], [Item("a", paid=CARD)]),
    (int | str | None, 3),
    (float, 2.0),
]


@pytest.mark.parametrize(("kind", "value"), RESULTS)
def test_a_result_is_decoded_to_what_was_declared(kind: Any, value: Any) -> None:
    def find() -> Any: ...

    find.__annotations__ = {"return": kind}
    tool = Tool("find", find)
    found = tool.decode_result(to_plain(value))
    assert (found, type(found)) == (value, type(value))
    assert tool.undecodable == ""


PLAIN = ["Decimal | str", "complex", "list[range]", "date | datetime", "A | B"]


@pytest.mark.parametrize("kind", PLAIN)
def test_check_reports_a_result_that_policies_receive_as_plain_data(tmp_path: Path, kind: str) -> None:
    tool = f"""
        from dataclasses import dataclass
        from datetime import date, datetime
        from decimal import Decimal

        @dataclass
        class A:
            x: int

        @dataclass
        class B:
            x: int

        @returns.tool
        def odd() -> {kind}:
            '''Return it.'''
    """
    found = find_all(write(tmp_path / "journeys", shop_files(WINDOW, tool)), "shop")
    assert [(f.rule, f.severity) for f in found] == [("result-type", "warning")]


def test_check_names_a_subclass_that_the_world_cannot_hold(tmp_path: Path) -> None:
    wider = """
        @dataclass
        class Gift(Order):
            wish: str = ""
    """
    found = find_all(write(tmp_path / "journeys", shop_files(WINDOW, wider)), "shop")
    assert [(f.rule, f.severity) for f in found] == [("world-type", "error")]
    line = (tmp_path / "journeys" / found[0].file).read_text().splitlines()[found[0].line - 1]
    assert line == "class Gift(Order):"


def test_a_subclass_that_the_world_declares_is_kept(tmp_path: Path) -> None:
    journey = shop_files()["shop/returns/journey.py"]
    wider = '@dataclass\nclass Gift(Order):\n    wish: str = ""\n\n@world'
    text = journey.replace("@world", wider, 1).replace("dict[str, Order]", "dict[str, Order | Gift]")
    assert find_all(write(tmp_path / "journeys", shop_files(WINDOW, journey=text)), "shop") == []
    assert shop(tmp_path / "again", journey=text).agent.name == "shop"
