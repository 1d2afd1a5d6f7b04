"""A recorded change that does not fit the world: no later call runs on a world without it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from datetime import UTC, datetime
from typing import Any

import pytest

from workbench.authoring.world import world
from workbench.engine.world import StartingWorld, World
from workbench.errors import JourneyError
from workbench.trace.events import WorldChange

NOW = datetime(2026, 1, 5, tzinfo=UTC)
STEP = (1, 1, 1)
FITS = WorldChange(["Depot", "boxes", "n"], after=1)


@world
class Depot:
    boxes: dict[str, int] = field(default_factory=dict)
    by_number: dict[int, str] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)


UNFIT = [
    WorldChange(["Depot", "log", 5], before="x", after="y"),
    WorldChange(["Depot", "log", "x"], before="x", after="y"),
    WorldChange(["Depot", "boxes", "n", "deep", "er"], after=1),
    WorldChange(["Depot", "boxes", "m"], after="text"),
    WorldChange(["Depot", "by_number", "word"], after="text"),
    WorldChange(["Depot", "log"], after=3),
]


def new_world() -> World:
    data: dict[str, Any] = {"Depot": {"boxes": {"n": 0}, "log": ["x"]}}
    return World(StartingWorld.of_plain(data), now=NOW, seed=1, kinds=[Depot])


@pytest.mark.parametrize("used_before", [False, True])
@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("unfit", UNFIT)
def test_every_later_use_of_the_part_fails_as_the_first(unfit: WorldChange, order: int, used_before: bool) -> None:
    world = new_world()
    if used_before:
        world.get(Depot, STEP)
        world.end_call()
    messages = []
    uses: list[Callable[[], object]] = [
        lambda: world.apply([FITS, unfit][::order]),
        *[lambda: world.get(Depot, STEP)] * 3,
        world.state,
        lambda: world.get(Depot, STEP),
    ]
    for use in uses:
        try:
            use()
        except JourneyError as error:
            messages.append(error.message)
        world.drop_call()
    assert len(messages) >= 5
    assert len(set(messages)) == 1


def test_the_state_of_a_class_without_a_tool_reports_it_too() -> None:
    world = World(StartingWorld.of_plain({"Unknown": {"log": []}}), now=NOW, seed=1)
    world.apply([WorldChange(["Unknown", "log", 5, 1], after=1)])
    with pytest.raises(JourneyError):
        world.state()
