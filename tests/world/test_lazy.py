"""To the code of a tool, the dicts of the world are dicts."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from collections import ChainMap, Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from workbench import world
from workbench.engine.world import StartingWorld, World
from workbench.errors import JourneyError
from workbench.plain import to_plain


@dataclass
class Thing:
    name: str
    words: list[str] = field(default_factory=list)


@world
class Shelf:
    numbers: dict[str, int] = field(default_factory=dict)
    things: dict[str, Thing] = field(default_factory=dict)
    label: str = "shelf"


@world
@dataclass(frozen=True, slots=True)
class Frozen:
    things: dict[str, Thing] = field(default_factory=dict)
    count: int = 3


NUMBERS = {"a": 1, "b": 2, "c": 3}
DATA = {"Shelf": {"numbers": NUMBERS, "things": {"x": {"name": "x"}, "y": {"name": "y"}}}}


@dataclasses.dataclass
class Holder:
    shelf: Shelf


NOW = datetime(2026, 1, 5, tzinfo=UTC)


def new_world() -> World:
    return World(StartingWorld.of_plain(DATA), now=NOW, seed=1)


def _extended(target: dict[str, int], source: dict[str, int]) -> dict[str, int]:
    target.update(source)
    return target


def _keywords(**given: int) -> dict[str, int]:
    return given


READS: list[Callable[[dict[str, int]], Any]] = [
    lambda d: d["b"],
    lambda d: d.get("b"),
    lambda d: d.get("z", 9),
    lambda d: dict(d),
    lambda d: {**d},
    lambda d: d | {"z": 1},
    lambda d: {"z": 1} | d,
    lambda d: d.copy(),
    lambda d: copy.copy(d),
    lambda d: copy.deepcopy(d),
    lambda d: pickle.loads(pickle.dumps(d)),
    lambda d: json.dumps(d),
    lambda d: repr(d),
    lambda d: f"{d}",
    lambda d: list(d),
    lambda d: list(d.keys()),
    lambda d: list(d.values()),
    lambda d: list(d.items()),
    lambda d: list(reversed(d)),
    lambda d: sorted(d.items(), key=lambda item: -item[1]),
    lambda d: max(d.values()),
    lambda d: max(d, key=d.get),
    lambda d: max(d, key=d.__getitem__),
    lambda d: sum(d.values()),
    lambda d: len(d),
    lambda d: "a" in d,
    lambda d: bool(d),
    lambda d: d == NUMBERS,
    lambda d: d == NUMBERS,
    lambda d: d != {"a": 1},
    lambda d: isinstance(d, dict),
    lambda d: _extended({}, d),
    lambda d: _keywords(**d),
    lambda d: Counter(d)["c"],
    lambda d: dict(OrderedDict(d)),
    lambda d: ChainMap({}, d)["c"],
    lambda d: [*d],
    lambda d: d.pop("b"),
    lambda d: d.pop("z", 7),
    lambda d: d.popitem(),
    lambda d: d.setdefault("b", 8),
    lambda d: d.setdefault("z", 8),
    lambda d: d.items() >= {("a", 1)},
    lambda d: d.keys() & {"a", "z"},
    lambda d: "{a}-{b}".format_map(d),
    lambda d: "{a}".format(**d),
]


@pytest.mark.parametrize("read", READS)
def test_a_dict_of_the_world_gives_what_a_dict_gives(read: Callable[[dict[str, int]], Any]) -> None:
    assert read(new_world().get(Shelf, (1, 1, 1)).numbers) == read(dict(NUMBERS))


def _matched(value: Any) -> Any:
    match value:
        case {"a": first, **rest}:
            return first, rest


def test_a_dict_of_the_world_matches_patterns() -> None:
    assert _matched(new_world().get(Shelf, (1, 1, 1)).numbers) == (1, {"b": 2, "c": 3})


def test_a_missing_key_raises_a_key_error() -> None:
    numbers = new_world().get(Shelf, (1, 1, 1)).numbers
    for read in (lambda: numbers["z"], lambda: numbers.pop("z"), lambda: {}.popitem()):
        with pytest.raises(KeyError):
            read()


@pytest.mark.parametrize(
    "whole",
    [
        dataclasses.asdict,
        lambda shelf: dataclasses.asdict(copy.copy(shelf)),
        lambda shelf: dataclasses.asdict(copy.deepcopy(shelf)),
        lambda shelf: dataclasses.asdict(dataclasses.replace(shelf)),
        lambda shelf: dataclasses.asdict(pickle.loads(pickle.dumps(shelf))),
    ],
)
def test_an_object_of_the_world_can_be_copied(whole: Callable[[Any], Any]) -> None:
    things = {"x": {"name": "x", "words": []}, "y": {"name": "y", "words": []}}
    made = new_world().get(Shelf, (1, 1, 1))
    assert whole(made) == {"numbers": NUMBERS, "things": things, "label": "shelf"}
    assert new_world().get(Shelf, (1, 1, 1)) == made


def test_a_world_class_is_still_a_dataclass() -> None:
    assert new_world() is not None
    made = Shelf({"a": 1})
    assert (made.numbers, made.label, Shelf.label) == ({"a": 1}, "shelf", "shelf")
    with pytest.raises(AttributeError):
        _ = Shelf.numbers
    del made.label
    assert made.label == "shelf"


def test_a_frozen_world_class_with_slots_changes_inside() -> None:
    world = World(StartingWorld(), now=NOW, seed=1)
    made = world.get(Frozen, (1, 1, 1))
    made.things["a"] = Thing("a")
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.count = 4
    assert [change.path for change in world.end_call()] == [["Frozen", "things", "a"]]
    assert world.get(Frozen, (1, 1, 2)).things == {"a": Thing("a")}


def test_an_item_that_was_read_by_any_way_is_compared() -> None:
    for read in (
        lambda d: d["x"],
        lambda d: next(iter(d.values())),
        lambda d: next(iter(d.items()))[1],
        lambda d: dict(d)["x"],
        lambda d: {**d}["x"],
        lambda d: next(iter(d.copy().values())),
        lambda d: ({} | d)["x"],
        lambda d: d.setdefault("x", None),
    ):
        world = new_world()
        read(world.get(Shelf, (1, 1, 1)).things).words.append("seen")
        assert [change.path for change in world.end_call()] == [["Shelf", "things", "x", "words", 0]]


def test_a_tool_may_return_a_dict_of_the_world() -> None:
    things = new_world().get(Shelf, (1, 1, 1)).things
    plain = {"x": {"name": "x", "words": []}, "y": {"name": "y", "words": []}}
    assert to_plain({"all": things}) == {"all": plain}
    assert things["x"].name == "x"
    assert to_plain([things, things["x"]]) == [plain, plain["x"]]


@pytest.mark.parametrize(
    "result",
    [
        lambda shelf: shelf,
        lambda shelf: {"all": [shelf]},
        lambda shelf: vars(shelf),
        lambda shelf: copy.copy(shelf),
        lambda shelf: (shelf, shelf.things),
        lambda shelf: Holder(shelf),
    ],
)
@pytest.mark.parametrize("read", [False, True])
def test_a_tool_may_return_an_object_of_the_world(result: Callable[[Any], Any], read: bool) -> None:
    shelf = new_world().get(Shelf, (1, 1, 1))
    whole = Shelf(dict(NUMBERS), {"x": Thing("x"), "y": Thing("y")})
    if read:
        _ = shelf.numbers["a"], shelf.label
    assert to_plain(result(shelf)) == to_plain(result(whole))
    assert shelf.things["x"].words == []


def test_a_tool_may_return_an_object_of_the_world_with_slots() -> None:
    made = World(StartingWorld(), now=NOW, seed=1).get(Frozen, (1, 1, 1))
    assert to_plain([made]) == [to_plain(Frozen())]


MOVES: list[Callable[[Any], object]] = [
    lambda shelf: shelf.things.__setitem__("new", dict.pop(shelf.things, "x")),
    lambda shelf: shelf.things.__setitem__("new", dict.__getitem__(shelf.things, "x")),
    lambda shelf: shelf.things.__setitem__("y", dict.pop(shelf.things, "x")),
    lambda shelf: shelf.more.__setitem__("x", dict.pop(shelf.things, "x")),
    lambda shelf: shelf.more.__setitem__("x", dict.get(shelf.things, "x")),
    lambda shelf: dict.update(shelf.more, dict.items(shelf.things)),
    lambda shelf: setattr(shelf, "more", shelf.things),
    lambda shelf: shelf.numbers.__setitem__("d", dict.pop(shelf.numbers, "a")),
]


@pytest.mark.parametrize("move", MOVES)
def test_an_item_that_c_code_moves_unread_is_moved(move: Callable[[Any], object]) -> None:
    @world
    class Shelves(Shelf):
        more: dict[str, Thing] = field(default_factory=dict)

    data = {"Shelves": DATA["Shelf"]}
    one, other = (World(StartingWorld.of_plain(data), now=NOW, seed=1, kinds=[Shelves]) for _ in range(2))
    move(one.get(Shelves, (1, 1, 1)))
    changes = one.end_call()
    assert changes
    read = other.get(Shelves, (1, 1, 1))
    for table in (read.things, read.more, read.numbers):
        dict(table.items())
    move(read)
    assert other.end_call() == changes
    assert one.state() == other.state()
    again = World(StartingWorld.of_plain(data), now=NOW, seed=1, kinds=[Shelves])
    again.apply(changes)
    assert again.state() == one.state()


def test_an_unread_item_moved_where_it_does_not_fit_is_refused() -> None:
    shelf_world = new_world()
    shelf = shelf_world.get(Shelf, (1, 1, 1))
    shelf.numbers["x"] = dict.pop(shelf.things, "x")
    with pytest.raises(JourneyError):
        shelf_world.end_call()
    assert shelf_world.state()["Shelf"]["numbers"] == NUMBERS
