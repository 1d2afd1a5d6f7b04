"""Tools written with pydantic: Field in the arguments, models as arguments and results."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.kit import ScriptedModel, converse, put, saved, shop_files, use, write
from workbench.cli import run
from workbench.errors import JourneyError
from workbench.runtime.loader import LoadedAgent, load

pytest.importorskip("pydantic")

JOURNEY = """
    from typing import Annotated, Literal, Optional
    from dataclasses import dataclass
    from annotated_types import Len
    from pydantic import BaseModel, Field
    from workbench import Block, Journey

    class Line(BaseModel):
        sku: str = Field(min_length=2, description="the article")
        count: int = Field(1, ge=1)

    class Order(BaseModel):
        number: str
        lines: list[Line] = []
        note: Optional[str] = None

    returns = Journey("returns", goal="Order shoes")

    {}
"""
TOOLS = """
    @returns.tool()
    def rate(stars: Annotated[int, Field(ge=1, le=5, description="one to five")]) -> str:
        '''Rate the shop.'''
        return "*" * stars

    @returns.tool()
    def find(words: list[Annotated[str, Field(max_length=5)]], limit: int = Field(3, le=9),
             code: Annotated[str, Field(pattern="^[A-Z]+$", default="AB")] = "CD") -> str:
        '''Find articles.'''
        return f"{words} {limit} {code}"

    @returns.tool(writes=True)
    def order(order: Order, gift: Line | None = None) -> Order:
        '''Order articles.'''
        return Order(number=order.number + "!", lines=[*order.lines, *([gift] if gift else [])])

    @returns.policy(before=rate)
    def ordered(call, conversation):
        '''Only what was ordered is rated.'''
        found = conversation.result(order)
        if not isinstance(found, Order) or found.lines[0].count != 2:
            return Block(f"no model: {found!r}")
"""

BOOTS = {"number": "O-1", "lines": [{"sku": "BOOT", "count": 2}]}


def agent(folder: Path, tools: str = TOOLS) -> LoadedAgent:
    text = JOURNEY.format(tools.strip())
    write(folder / "journeys", {**shop_files(journey=text), "shop/fixtures/base.json": "{}"})
    return load(folder / "journeys", "shop")


def schema(loaded: LoadedAgent, name: str) -> dict:
    return loaded.agent.journeys["returns"].tools[name].schema["input_schema"]


def results(loaded: LoadedAgent, *calls) -> list:
    conversation = converse(loaded, ScriptedModel([*calls], "Ok."), "hi")
    return [(e.outcome, e.value) for e in conversation.trace if type(e).__name__ == "ToolResult"]


def test_the_model_reads_the_constraints_and_descriptions_of_field(tmp_path):
    loaded = agent(tmp_path)
    assert schema(loaded, "rate")["properties"]["stars"] == {
        "type": "integer", "minimum": 1, "maximum": 5, "description": "one to five",
    }  # fmt: skip
    found = schema(loaded, "find")
    assert found["properties"]["words"]["items"] == {"type": "string", "maxLength": 5}
    assert found["properties"]["limit"]["maximum"] == 9
    assert found["required"] == ["words"]


def test_arguments_outside_the_constraints_are_rejected(tmp_path):
    loaded = agent(tmp_path)
    calls = [
        use("rate", stars=9),
        use("find", words=["far too long"]),
        use("find", words=["ab"], limit=10),
        use("find", words=["ab"], code="x"),
        use("find", words=["ab"]),
    ]
    found = results(loaded, *calls)
    assert [outcome for outcome, _ in found] == ["rejected"] * 4 + ["ok"]
    assert found[-1][1] == "['ab'] 3 AB" or found[-1][1] == "['ab'] 3 CD"


@pytest.mark.parametrize(
    ("parameter", "good", "bad"),
    [
        ("x: Annotated[Optional[int], Field(ge=1)] = None", [None, 1], [0]),
        ("x: int | None = Field(None, ge=1, description='d')", [None, 1], [0]),
        ("x: Annotated[str | int, Field(max_length=3, le=9)]", ["abc", 9], ["abcd", 10]),
        ("x: Annotated[list[int] | None, Field(max_length=1)] = None", [None, [1]], [[1, 2]]),
    ],
)
def test_a_constraint_of_a_union_is_about_the_options_that_can_have_it(tmp_path, parameter, good, bad):
    loaded = agent(
        tmp_path, f"@returns.tool()\n    def f({parameter}) -> str:\n        'Do.'\n        return 'x'\n"
    )
    found = results(loaded, *(use("f", x=value) for value in (*good, *bad)))
    assert [outcome for outcome, _ in found] == ["ok"] * len(good) + ["rejected"] * len(bad)


def test_a_model_is_an_argument_with_its_own_schema(tmp_path):
    loaded = agent(tmp_path)
    found = schema(loaded, "order")
    assert set(found["$defs"]) >= {"Line"}
    assert found["$defs"]["Line"]["properties"]["count"]["minimum"] == 1
    good = {"number": "O-1", "lines": [{"sku": "BOOT", "count": 2}]}
    calls = [
        use("order", order=good, gift={"sku": "CAP"}),
        use("order", order={"number": "O-2", "lines": [{"sku": "B"}]}),
    ]
    (outcome, value), (bad, why) = results(loaded, *calls)
    assert (outcome, bad) == ("ok", "rejected")
    assert value == {
        "number": "O-1!",
        "lines": [{"sku": "BOOT", "count": 2}, {"sku": "CAP", "count": 1}],
        "note": None,
    }
    assert "lines.0.sku" in why


def test_a_policy_receives_a_result_as_the_model_that_was_declared(tmp_path):
    loaded = agent(tmp_path)
    found = results(
        loaded, use("order", order={"number": "O-1", "lines": [{"sku": "BOOT", "count": 2}]}), use("rate", stars=3)
    )
    assert found[-1] == ("ok", "***")


def test_a_conversation_with_models_replays_with_and_without_tools(tmp_path, monkeypatch):
    loaded = agent(tmp_path)
    put(
        tmp_path,
        "one",
        saved(converse(loaded, ScriptedModel([use("order", order=BOOTS)], [use("rate", stars=3)], "Ok."), "hi")),
    )
    monkeypatch.chdir(tmp_path)
    assert run(["replay"]) == 0
    assert run(["check"]) == 0


@pytest.mark.parametrize(
    ("tool", "word"),
    [
        ("def f(x: Annotated[int, Field(alias='y')]) -> str", "alias"),
        ("def f(x: Annotated[str, Field(strict=False)]) -> str", "Strict"),
        ("def f(x: int = Field(exclude=True)) -> str", "exclude"),
        ("def f(x: Row) -> str", "Row.count"),
    ],
)
def test_what_would_have_no_effect_is_an_error_that_names_it(tmp_path, tool, word):
    row = "@dataclass\n    class Row:\n        count: Annotated[int, Field(ge=1)]\n\n    "
    text = f"{row}@returns.tool()\n    {tool}:\n        '''Do it.'''\n        return ''\n"
    with pytest.raises(JourneyError, match=word) as wrong:
        schema(agent(tmp_path, text), "f")
    assert "journey.py:" in wrong.value.where


def test_without_pydantic_it_is_not_imported(tmp_path):
    write(tmp_path / "journeys", shop_files())
    code = "import sys; from pathlib import Path; from workbench.runtime.loader import load\n"
    code += "load(Path('journeys'), 'shop'); sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path).returncode == 0
