"""Any calls, in one turn, in many, after a reload, a crash or a restart, end in the same world."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from workbench.engine.world import StartingWorld, World
from workbench.trace.events import WorldChange
from world.kinds import Box, Branch, Card, Cash, Color, Extra, Item, Level, Point, Seat, Stock, Tag, Transfer

NOW = datetime(2026, 1, 5, tzinfo=UTC)
FIXTURE = {
    "Stock": {
        "items": {"a": {"name": "a"}, "b": {"name": "b", "words": ["x"]}, "c": {}},
        "by_number": {"1": {"name": "one"}},
        "by_kind": {"a": {"number": "1", "kind": "transfer"}},
        "queue": [{"name": "q", "paid": {"amount": "3"}}],
    }
}

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
floats = st.floats(allow_nan=False, allow_infinity=False)
offsets = st.sampled_from([None, UTC, timezone(timedelta(hours=1))])
json = st.recursive(
    st.none() | st.booleans() | st.integers() | floats | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
seats = st.builds(Seat, st.integers(), texts)
pays = (
    st.none()
    | st.builds(Card, texts)
    | st.builds(Transfer, texts)
    | st.builds(Cash, st.decimals(allow_nan=False, allow_infinity=False))
)
trees = st.recursive(
    st.builds(Branch, texts), lambda inner: st.builds(Branch, texts, st.lists(inner, max_size=2)), max_leaves=4
)
extras: Any = st.fixed_dictionaries({"note": texts}, optional={"count": st.integers()})
items = st.builds(
    Item,
    name=texts,
    price=st.decimals(allow_nan=False, allow_infinity=False),
    size=floats | st.integers(-9, 9),
    stock=st.integers(),
    sold=st.booleans(),
    color=st.sampled_from(Color),
    level=st.sampled_from([None, *Level]),
    day=st.dates(),
    at=st.datetimes(timezones=offsets, allow_imaginary=False).map(lambda it: it.replace(fold=0)),
    opens=st.times().map(lambda it: it.replace(fold=0)),
    lasts=st.timedeltas(timedelta(-999), timedelta(999)),
    key=st.uuids(),
    data=st.binary(max_size=4),
    words=st.lists(texts, max_size=3),
    colors=st.sets(st.sampled_from(Color)),
    tags=st.frozensets(st.builds(Tag, texts, st.integers()), max_size=3),
    pair=st.tuples(st.integers(), texts),
    row=st.lists(floats, max_size=3).map(tuple),
    seat=st.none() | seats,
    point=st.builds(Point, floats, st.integers()),
    extra=extras,
    paid=pays,
    tree=trees,
    box=st.builds(Box, st.integers()),
    by_level=st.dictionaries(st.integers(), st.lists(seats, max_size=2), max_size=2),
    anything=json,
    mode=st.sampled_from(["a", "b", 3]),
    mixed=st.none() | st.integers() | floats | texts,
    _private=texts,
)
keys = st.sampled_from("abcde")
numbers = st.integers(-2, 3)
Call = Callable[[Stock], object]


def _set(name: str, value: Any) -> Call:
    return lambda stock: setattr(stock, name, copy.deepcopy(value))


def _put(name: str, key: Any, value: Any) -> Call:
    return lambda stock: getattr(stock, name).__setitem__(key, copy.deepcopy(value))


def _pop(name: str, key: Any) -> Call:
    return lambda stock: getattr(stock, name).pop(key, None)


def _move(name: str, key: Any) -> Call:
    def move(stock: Stock) -> None:
        table = getattr(stock, name)
        if key in table:
            table[key] = table.pop(key)

    return move


def _edit(key: str, field: str, item: Item) -> Call:
    """Change one field of an item, where there is one."""

    def edit(stock: Stock) -> None:
        if key in stock.items:
            setattr(stock.items[key], field, copy.deepcopy(getattr(item, field)))

    return edit


def _alias(key: str, other: str) -> Call:
    """Put one object under two names, and change it under one."""

    def alias(stock: Stock) -> None:
        if key in stock.items:
            stock.items[other] = stock.items[key]
            stock.queue.append(stock.items[key])
            stock.first = stock.items[key]
            stock.items[other].stock += 1

    return alias


def _nested(key: str, word: str) -> Call:
    def nested(stock: Stock) -> None:
        for item in (*stock.items.values(), *stock.queue):
            item.words.append(word)
            item.tree.parts.append(Branch(word))
            item.by_level.setdefault(len(word), []).append(Seat(1))

    return nested


def _order(stock: Stock) -> None:
    stock.items = dict(sorted(stock.items.items(), reverse=True))
    stock.queue.sort(key=lambda item: item.stock)
    stock.queue.reverse()


def _read(stock: Stock) -> list[Any]:
    return [dict(stock.items), stock.first, stock.names, *stock.by_number.values(), {**stock.rest}]


def _clear(stock: Stock) -> None:
    stock.items.clear()
    stock.queue.clear()


fields = st.sampled_from(list(Item.__dataclass_fields__))
calls = st.one_of(
    st.builds(_put, st.just("items"), keys, items),
    st.builds(_put, st.just("by_number"), numbers, items),
    st.builds(_put, st.just("by_day"), st.dates(date(2026, 1, 1), date(2026, 1, 4)), st.sets(texts, max_size=3)),
    st.builds(_put, st.just("by_color"), st.sampled_from(Color), st.decimals(allow_nan=False)),
    st.builds(
        _put, st.just("by_kind"), st.sampled_from("ab"), st.builds(Card, texts) | st.builds(Transfer, texts)
    ),
    st.builds(_put, st.just("rest"), texts, json),
    st.builds(_put, st.just("by_size"), st.sampled_from([0, 1, 1.0, 2.5]), st.integers()),
    st.builds(_pop, st.sampled_from(["items", "rest"]), keys),
    st.builds(_pop, st.just("by_number"), numbers),
    st.builds(_move, st.sampled_from(["items", "rest"]), keys),
    st.builds(_set, st.just("items"), st.dictionaries(keys, items, max_size=2)),
    st.builds(_set, st.just("queue"), st.lists(items, max_size=2)),
    st.builds(_set, st.just("names"), st.sets(texts, max_size=3)),
    st.builds(_set, st.just("log"), st.lists(texts, max_size=3)),
    st.builds(_set, st.just("first"), items),
    st.builds(_set, st.just("count"), st.integers()),
    st.builds(_set, st.just("free"), json),
    st.builds(_edit, keys, fields, items),
    st.builds(_alias, keys, keys),
    st.builds(_nested, keys, texts),
    st.sampled_from([_order, _read, _clear]),
)


def new_world(start: StartingWorld) -> World:
    return World(start, now=NOW, seed=1, kinds=[Stock])


def run(world: World, call: Call) -> list[WorldChange]:
    call(world.get(Stock, (1, 1, 1)))
    return world.end_call()


def recorded(changes: list[WorldChange]) -> list[WorldChange]:
    """The changes as they are read from a file."""
    return msgspec.json.decode(msgspec.json.encode(changes), type=list[WorldChange])


def shown(world: World) -> tuple[str, str]:
    """The world as plain data and as objects, with the order of dicts; sets are sorted."""
    plain = repr(world.state())
    made = world.get(Stock, (1, 1, 1))
    objects = {name: getattr(made, name) for name in Stock.__dataclass_fields__}
    world.drop_call()
    return plain, repr(_sorted_sets(objects))


def _sorted_sets(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        return type(value).__name__, sorted(map(repr, value))
    if isinstance(value, dict):
        return [(repr(key), _sorted_sets(item)) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return type(value).__name__, [_sorted_sets(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return type(value).__name__, [(n, _sorted_sets(getattr(value, n))) for n in value.__dataclass_fields__]
    return value


@given(st.lists(calls, max_size=6), st.integers(0, 6))
@settings(max_examples=100, deadline=None, phases=[Phase.generate])
def test_calls_end_in_the_same_world_in_every_mode(made: list[Call], crash_at: int) -> None:
    start = StartingWorld.of_plain(FIXTURE)
    one = new_world(start)
    log: list[WorldChange] = []
    for number, call in enumerate(made):
        again = new_world(start)  # of a worker that continues after a reload
        again.apply(recorded(log))
        if number == crash_at:  # in the middle of this call
            call(again.get(Stock, (1, 1, 1)))
            again.drop_call()
            again = new_world(start)
            again.apply(recorded(log))
        changes = run(one, call)
        assert recorded(run(again, call)) == recorded(changes)
        assert shown(again) == shown(one)
        log += changes
    fresh = new_world(StartingWorld.of_plain(FIXTURE))  # of a replay without its tools
    fresh.apply(recorded(log))
    assert shown(fresh) == shown(one)


@given(items)
@settings(max_examples=100, deadline=None, phases=[Phase.generate])
def test_every_value_is_read_back_exactly(item: Item) -> None:
    world = new_world(StartingWorld())
    run(world, lambda stock: stock.items.__setitem__("a", item))
    back = world.get(Stock, (1, 1, 1)).items["a"]
    item.size = float(item.size)  # an int where a float is declared becomes one
    assert repr(_sorted_sets(back)) == repr(_sorted_sets(item))


def test_the_values_of_this_test_are_of_every_kind() -> None:
    _ = Extra, UUID, time, Decimal, Level
    assert len(Item.__dataclass_fields__) > 25
