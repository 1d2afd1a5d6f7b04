"""The whole world at a step is shown, searched and saved as a fixture."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from tui.host import Script, say, use
from workbench.errors import UsageError
from workbench.runtime.loader import load
from workbench.store.fixtures import FixtureFiles
from workbench.tui.view.text import plain
from workbench.tui.view.world import world_lines

RETURNED = [[use("find_order", order_number="OL-2")], [use("create_return", order_number="OL-2")], [say("Done.")]]


def lines_of(world):
    return [plain(line) for line in world_lines(world)]


def test_a_small_object_takes_one_line_and_a_large_one_a_tree():
    world = {
        "Shop": {"orders": {"OL-1": {"days": 52, "returned": False}}, "long": {"text": "x" * 200, "one": "1"}}
    }
    assert lines_of(world) == [
        "Shop: ",
        "  orders: ",
        "    OL-1: days=52, returned=false",
        "  long: ",
        f"    text: {'x' * 200}",
        '    one: "1"',
    ]


def test_empty_and_nested_lists_are_shown():
    assert lines_of({"A": {"none": [], "no": {}, "many": [[1, 2], {"a": None}]}}) == [
        "A: ", "  none: []", "  no: {}", "  many: ", "    [0]: 1, 2", "    [1]: a=null",
    ]  # fmt: skip


def test_a_world_without_parts_says_so():
    assert "empty" in lines_of({})[0]


async def look(bench, step):
    await bench.press("escape", "2")
    bench.screen.steps.go_to(bench.screen.steps.row.step_id._replace(answer=step[1], call=step[2]))
    await bench.press("D")
    await bench.until(lambda: type(bench.screen).__name__ == "WorldDialog" and bench.screen.pane.lines)


def shown(bench):
    return "\n".join(plain(line) for line in bench.screen.pane.lines)


@pytest.mark.parametrize("size", [(160, 48), (100, 30), (80, 24)])
def test_the_world_is_shown_as_it_was_after_the_step(play, size):
    async def flow(bench):
        await bench.say("return OL-2")
        await look(bench, (1, 1, 1))
        assert "number=OL-2, days=2, returned=false" in shown(bench)
        assert "OL-1" in bench.text()
        await bench.press("escape")
        await look(bench, (1, 2, 1))
        assert "number=OL-2, days=2, returned=true" in shown(bench)

    play(flow, Script(*RETURNED), size=size)


def test_the_world_is_searched(play):
    async def flow(bench):
        await bench.say("return OL-2")
        await look(bench, (1, 3, 0))
        await bench.press("slash", *"returned=true")
        assert "1 of 1" in bench.text()
        await bench.press(*"x")
        assert "no match" in bench.text()

    play(flow, Script(*RETURNED))


def test_the_world_is_saved_as_a_fixture_that_a_conversation_can_start_from(play):
    async def flow(bench):
        await bench.say("return OL-2")
        await look(bench, (1, 3, 0))
        await bench.press("ctrl+s")
        assert "name the fixture" in bench.text()
        await bench.press(*"returned", "enter")
        assert "journeys/shop/fixtures/returned.json" in bench.text()
        assert "names are not looked for" in bench.text()
        fixture = load(bench.journeys, "shop").fixtures["returned"]
        saved = json.loads((bench.journeys / "shop/fixtures/returned.json").read_text())
        assert saved["world"]["Shop"]["orders"]["OL-2"]["returned"] is True
        assert fixture.setup.customer == {"name": "Ada"}

    play(flow, Script(*RETURNED))


def test_a_fixture_is_never_overwritten(play):
    async def flow(bench):
        before = (bench.journeys / "shop/fixtures/base.json").read_text()
        await bench.say("return OL-2")
        await look(bench, (1, 3, 0))
        await bench.press("ctrl+s", *"base", "enter")
        assert "already" in bench.text()
        assert type(bench.screen).__name__ == "WorldDialog"
        assert (bench.journeys / "shop/fixtures/base.json").read_text() == before

    play(flow, Script(*RETURNED))


@pytest.mark.parametrize("name", ["", "../x", "A b", "a/b", ".hidden", "x" * 80])
def test_a_name_that_is_no_fixture_name_is_refused(tmp_path, name):
    with pytest.raises(UsageError):
        FixtureFiles(SimpleNamespace(journeys=tmp_path, root=tmp_path)).save("shop", "fixtures", name, {})
    assert not list(tmp_path.rglob("*.json"))


def test_secrets_in_a_saved_world_are_replaced_and_counted(play):
    async def flow(bench):
        path = bench.journeys / "shop/fixtures/base.json"
        data = json.loads(path.read_text())
        data["customer"] = {"name": "Ada", "email": "ada@private-mail.com"}
        await bench.save_file("shop/fixtures/base.json", json.dumps(data))
        await bench.press("ctrl+n")
        bench.app.session.set_setup(bench.app.session.agent_info.fixtures[0].setup)
        await bench.say("return OL-2")
        await look(bench, (1, 3, 0))
        await bench.press("ctrl+s", *"clean", "enter")
        assert "1 secret replaced" in bench.text()
        assert "private-mail" not in (bench.journeys / "shop/fixtures/clean.json").read_text()

    play(flow, Script(*RETURNED))


def test_a_fixture_that_does_not_fit_is_reported_before_the_first_message(play):
    async def flow(bench):
        good = (bench.journeys / "shop/fixtures/base.json").read_text()
        await bench.save_file("shop/fixtures/base.json", good.replace("52", '"soon"'))
        await bench.until(lambda: "cannot be used" in bench.text())
        assert "base.json" in bench.text()
        await bench.save_file("shop/fixtures/base.json", good)
        await bench.until(lambda: "cannot be used" not in bench.text())

    play(flow)


# following step ids


def test_the_step_that_a_policy_looked_at_is_one_key_away_and_back(play):
    async def flow(bench):
        await bench.say("return OL-2")
        await bench.press("escape", "2")
        bench.screen.steps.go_to(bench.screen.steps.row.step_id._replace(answer=2, call=1))
        await bench.settle()
        assert "1.1.1" in bench.pane("#detail")
        await bench.press("v")
        assert str(bench.screen.step_id) == "1.1.1"
        await bench.press("V")
        assert str(bench.screen.step_id) == "1.2.1"
        await bench.press("V")
        assert "no step was followed" in bench.text()

    play(flow, Script(*RETURNED))
