"""Panes share the screen by what they show and by the focus, and keep the sizes that the user gave them."""

from __future__ import annotations

import pytest

from tui.host import Script, say
from workbench.store.pane_sizes import StoredPaneSizes
from workbench.tui.view import layout
from workbench.tui.view.layout import resized, stacked_heights, with_heights
from workbench.workspace.settings import PaneSizes

FULL = 100  # lines of a chat that fills any screen
NARROW = [(100, 30), (80, 24)]
SIZES = [*NARROW, (160, 48)]


@pytest.mark.parametrize("total", [14, 18, 22, 28, 60])
@pytest.mark.parametrize("focused", ["chat", "steps", "detail"])
@pytest.mark.parametrize("lines", [1, 6, FULL])
def test_stacked_panes_fill_the_screen_and_none_vanishes(total, focused, lines):
    heights = stacked_heights(total, focused, lines, PaneSizes())
    assert sum(heights.values()) == total
    assert all(heights[name] >= layout.LEAST[name] for name in layout.PANES)


@pytest.mark.parametrize("total", [22, 28])
def test_the_focused_pane_grows(total):
    for name in layout.PANES:
        others = [other for other in layout.PANES if other != name]
        mine = stacked_heights(total, name, FULL, PaneSizes())[name]
        assert all(mine > stacked_heights(total, other, FULL, PaneSizes())[name] for other in others)


def test_an_almost_empty_chat_leaves_its_room_to_the_others():
    full, empty = (stacked_heights(22, "steps", lines, PaneSizes()) for lines in (FULL, 4))
    assert empty["chat"] == 4
    assert empty["steps"] > full["steps"]
    assert empty["detail"] >= full["detail"]


def test_a_chat_that_was_made_larger_keeps_its_size_even_if_it_is_empty():
    sizes = resized(PaneSizes(), "chat", grow=True, wide=False)
    assert stacked_heights(22, "chat", 4, sizes)["chat"] > 8


@pytest.mark.parametrize("focused", ["chat", "steps", "detail"])
def test_heights_that_were_dragged_are_kept(focused):
    wanted = {"chat": 5, "steps": 12, "detail": 11}
    assert stacked_heights(28, focused, FULL, with_heights(PaneSizes(), wanted, focused)) == wanted


def test_sizes_are_remembered_for_the_user(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    sizes = PaneSizes({"chat": 1.5}, 0.4, 0.6)
    StoredPaneSizes().set("develop", sizes)
    assert StoredPaneSizes().get("develop") == sizes
    assert StoredPaneSizes().get("review") == PaneSizes()


def test_sizes_that_cannot_be_read_are_the_default_ones(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    StoredPaneSizes().set("develop", PaneSizes({"chat": 2.0}))
    next(tmp_path.rglob("panes.json")).write_text("{")
    assert StoredPaneSizes().get("develop") == PaneSizes()


def heights(bench):
    ids = ("conversation", "steps", "detail")
    return {id: bench.screen.query_one(f"#{id}").region.height for id in ids}


LONG = [say("One line after another. " * 80)]


@pytest.mark.parametrize("size", NARROW)
def test_on_a_small_screen_the_pane_with_the_keys_is_the_largest(play, size):
    async def flow(bench):
        await bench.say("hi")
        for key, id in (("2", "steps"), ("3", "detail"), ("1", "conversation")):
            await bench.press("escape", key)
            found = heights(bench)
            assert found[id] == max(found.values())
            assert sum(found.values()) == size[1] - 2

    play(flow, Script(LONG), size=size)


@pytest.mark.parametrize("size", NARROW)
def test_on_a_small_screen_a_short_chat_takes_only_what_it_fills(play, size):
    async def flow(bench):
        await bench.say("hi")
        await bench.press("escape", "2")
        assert heights(bench)["conversation"] <= 5
        assert "Hello." in bench.text()

    play(flow, Script([say("Hello.")]), size=size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("key", ["2", "3"])
def test_a_key_makes_the_focused_pane_larger_and_smaller(play, size, key):
    async def flow(bench):
        await bench.say("hi")
        await bench.press("escape", key)
        id = {"2": "steps", "3": "detail"}[key]
        before = heights(bench)[id]
        await bench.press("=")
        larger = heights(bench)[id]
        assert larger > before
        await bench.press("-", "-")
        assert heights(bench)[id] < larger

    play(flow, Script(LONG), size=size)


def test_the_chat_next_to_the_steps_can_be_made_wider(play):
    async def flow(bench):
        await bench.press("escape", "1")
        before = bench.screen.query_one("#conversation").region.width
        await bench.press("=")
        assert bench.screen.query_one("#conversation").region.width > before

    play(flow)


def test_a_zoom_ignores_the_sizes_and_they_come_back(play):
    async def flow(bench):
        await bench.press("escape", "2", "=")
        before = heights(bench)
        await bench.press("+")
        assert bench.screen.steps.region.height == 46
        await bench.press("+")
        assert heights(bench) == before

    play(flow)


async def drag(bench, start, to):
    await bench.pilot.mouse_down(offset=start)
    await bench.pilot.hover(offset=to)
    await bench.pilot.mouse_up(offset=to)
    await bench.settle()


@pytest.mark.parametrize("size", NARROW)
def test_a_border_of_stacked_panes_is_dragged(play, size):
    async def flow(bench):
        await bench.say("hi")
        await bench.press("escape", "2")
        detail = bench.screen.detail.region
        await drag(bench, (20, detail.y), (20, detail.y - 3))
        assert bench.screen.detail.region.y == detail.y - 3
        steps = bench.screen.steps.region
        await drag(bench, (20, steps.y), (20, steps.y + 2))
        assert bench.screen.steps.region.y == steps.y + 2

    play(flow, Script(LONG), size=size)


def test_borders_are_dragged_where_the_chat_is_next_to_the_steps(play):
    async def flow(bench):
        conversation, detail = bench.screen.query_one("#conversation").region, bench.screen.detail.region
        await drag(bench, (conversation.right - 1, 10), (conversation.right + 9, 10))
        assert abs(bench.screen.query_one("#conversation").region.right - conversation.right - 10) <= 1
        await drag(bench, (detail.x + 60, detail.y), (detail.x + 60, detail.y - 5))
        assert abs(bench.screen.detail.region.y - detail.y + 5) <= 1

    play(flow)
