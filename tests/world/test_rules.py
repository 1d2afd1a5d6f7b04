"""What a world may hold: types are refused when the agent is loaded, values in the call that stores them."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import msgspec
import pytest

from support.kit import ScriptedModel, converse, shop, shop_files, use, write
from workbench.check.lint import find_all
from workbench.errors import JourneyError
from workbench.runtime.loader import load
from workbench.trace.events import Fault, ToolResult
from workbench.trace.trace import Trace

IMPORTS = """
    from __future__ import annotations
    import collections, decimal, enum, fractions, functools, pathlib, re, types
    from collections import Counter, OrderedDict, defaultdict, deque
    from collections.abc import Callable
    from dataclasses import InitVar, dataclass, field
    from datetime import date, datetime, time, timedelta, timezone
    from decimal import Decimal
    from enum import Enum, Flag, StrEnum
    from typing import Any, ClassVar, Literal, NamedTuple, NewType, TypedDict, TypeVar
    from zoneinfo import ZoneInfo
    import msgspec

    from workbench import Journey, world
"""
CLASSES = """
    class Color(Enum):
        RED = "red"
    class Mode(StrEnum):
        ON = "on"
    class Odd(Enum):
        A = (1, 2)
    class Mixed(Enum):
        A = 1
        B = "b"
    class Right(Flag):
        READ = 1
    @dataclass
    class A:
        x: int = 0
    @dataclass
    class B:
        x: int = 0
    @dataclass(frozen=True)
    class Key:
        x: int = 0
    @dataclass
    class Base:
        id: str
    class Record(msgspec.Struct):
        x: int = 0
    class Plain:
        pass
    class D(TypedDict):
        x: int
    T = TypeVar("T")
    Name = NewType("Name", str)
"""


def journey(body: str, *more: str) -> str:
    parts = [IMPORTS, CLASSES, *more, "returns = Journey('returns', goal='all')", "@world\nclass Shop:", body]
    tool = """
        @returns.tool
        def look(shop: Shop) -> int:
            '''Look.'''
            return 1
    """
    made = [textwrap.dedent(part) for part in parts[:-1]]
    return "\n".join([*made, textwrap.indent(textwrap.dedent(body), "    "), textwrap.dedent(tool)])


def refusal(folder: Path, body: str, *more: str) -> tuple[JourneyError, str]:
    """The error of loading a world class with this body, and the line that it names."""
    text = journey(body, *more)
    with pytest.raises(JourneyError) as raised:
        shop(folder, journey=text)
    file, line = raised.value.where.rsplit(":", 1)
    assert file == "shop/returns/journey.py"
    return raised.value, (folder / "journeys" / file).read_text().splitlines()[int(line) - 1].strip()


REFUSED = [
    "defaultdict[str, int]",
    "Counter[str]",
    "OrderedDict[str, int]",
    "deque[int]",
    "pathlib.Path",
    "complex",
    "fractions.Fraction",
    "re.Pattern[str]",
    "Callable[[], int]",
    "types.SimpleNamespace",
    "Plain",
    "Record",
    "Right",
    "Odd",
    "Mixed",
    "dict[tuple[int, int], str]",
    "dict[Key, str]",
    "dict[int | str, str]",
    "dict[str | None, str]",
    "dict[None, str]",
    "set[A]",
    "set[list[int]]",
    "frozenset[dict[str, int]]",
    "A | B",
    "list[A | B]",
    "A | dict[str, int]",
    "A | D",
    "str | date",
    "str | Decimal",
    "str | Color",
    "date | datetime",
    "list[int] | set[int]",
    "list[int] | tuple[int, ...]",
    "dict[str, list[Plain]]",
    "tuple[int, Plain]",
    "range",
    "memoryview",
    "Exception",
    "type[A]",
    "T",
]


@pytest.mark.parametrize("kind", REFUSED)
def test_a_type_that_is_not_read_back_exactly_is_refused_with_its_line(tmp_path: Path, kind: str) -> None:
    error, line = refusal(tmp_path, f"first: int = 0\nthing: {kind} = None")
    assert error.code == "world-type"
    assert line == f"thing: {kind} = None"
    assert error.hint


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ("@dataclass\nclass Inner:\n    y: complex = 0j", "y: complex = 0j"),
        ("@dataclass\nclass Inner:\n    y: int = field(init=False)", "y: int = field(init=False)"),
        ("@dataclass\nclass Inner:\n    y: InitVar[int] = 0", "y: InitVar[int] = 0"),
        (
            "@dataclass\nclass Inner:\n    @functools.cached_property\n    def y(self): return 1",
            "def y(self): return 1",
        ),
        ("@dataclass\nclass Inner:\n    y: str = 1", "y: str = 1"),
        (
            "@dataclass\nclass Inner:\n    y: dict[str, int] = field(default_factory=lambda: defaultdict(int))",
            "y: dict[str, int] = field(default_factory=lambda: defaultdict(int))",
        ),
        (
            "@dataclass\nclass Inner:\n    y: list = field(default_factory=set)",
            "y: list = field(default_factory=set)",
        ),
    ],
)
def test_a_field_inside_the_world_is_refused_with_its_line(tmp_path: Path, more: str, line: str) -> None:
    error, named = refusal(tmp_path, "thing: Inner | None = None", more)
    assert (error.code, named) == ("world-type", line)


ALLOWED = [
    "Any",
    "object",
    "dict",
    "list",
    "dict[str, Any]",
    "dict[Color, int]",
    "dict[date, int]",
    "dict[Name, Name]",
    "dict[Literal['a', 'b'], int]",
    "dict[int, A]",
    "dict[bool, int]",
    "dict[Decimal, int]",
    "set[Key]",
    "set[Color]",
    "tuple[int, str] | None",
    "int | float",
    "int | str | None",
    "A | None",
    "A | Base",
    "A | str | list[int]",
    "list[D]",
    "Literal['a', 1] | None",
    "ClassVar[int]",
    "Mode",
    "bytes",
]


@pytest.mark.parametrize("kind", ALLOWED)
def test_a_type_that_is_read_back_exactly_is_allowed(tmp_path: Path, kind: str) -> None:
    default = "field(default_factory=dict)" if kind.startswith("dict") else None
    shop(tmp_path, journey=journey(f"thing: {kind}" + (f" = {default}" if default else "")))


def test_a_recursive_union_is_checked_when_it_is_complete(tmp_path: Path) -> None:
    same = """
        @dataclass
        class Left:
            inner: Left | Right2 | None = None
        @dataclass
        class Right2:
            inner: Left | Right2 | None = None
    """
    with pytest.raises(JourneyError) as raised:
        shop(tmp_path / "same", journey=journey("thing: Left | None = None", same))
    assert raised.value.code == "world-type"
    tagged = same.replace("class Left:", "class Left:\n            kind: Literal['left'] = 'left'")
    tagged = tagged.replace("class Right2:", "class Right2:\n            kind: Literal['right'] = 'right'")
    shop(tmp_path / "tagged", journey=journey("thing: Left | None = None", tagged))


# values

WORLD = """
    @dataclass
    class Pay:
        id: str
    @dataclass
    class Card(Pay):
        last4: str = ""
    @dataclass
    class Order:
        name: str = ""
        count: int = 0
        price: float = 0.0
        sold: bool = False
        day: date | None = None
        at: datetime | None = None
        color: Color | None = None
        mode: Literal["a", "b"] = "a"
        words: list[str] = field(default_factory=list)
        names: set[str] = field(default_factory=set)
        pair: tuple[int, int] = (0, 0)
        pay: Pay | None = None
        total: Decimal = Decimal(0)
        extra: D | None = None
        anything: Any = None
        by_number: dict[int, str] = field(default_factory=dict)
        opens: time = time(0)
"""
BODY = """
    orders: dict[str, Order] = field(default_factory=dict)
    pays: dict[str, Pay] = field(default_factory=dict)
    count: int = 0
    log: list[Any] = field(default_factory=list)
"""
TOOL = """
    @returns.tool(writes=True)
    def change(shop: Shop) -> int:
        '''Change.'''
        order = shop.orders["OL-1"]
        shop.count = 5
        {statement}
        return 1

    @returns.tool
    def count(shop: Shop) -> int:
        '''Count.'''
        return shop.count
"""


def called(folder: Path, statement: str) -> Trace:
    """The events of a call with this statement, and of one that reads the world after it."""
    text = journey(BODY, WORLD) + textwrap.dedent(TOOL).format(statement=statement)
    loaded = shop(folder, journey=text)
    return converse(loaded, ScriptedModel([use("change")], [use("count")], "Done."), "go").trace


MISFITS = {
    "order.name = 1": "Shop/orders/OL-1/name",
    "order.name = None": "Shop/orders/OL-1/name",
    "order.name = Mode.ON": "Shop/orders/OL-1/name",
    "order.name = 'x' + chr(0xD800)": "Shop/orders/OL-1/name",
    "order.count = 1.0": "Shop/orders/OL-1/count",
    "order.count = True": "Shop/orders/OL-1/count",
    "order.sold = 1": "Shop/orders/OL-1/sold",
    "order.price = float('nan')": "Shop/orders/OL-1/price",
    "order.price = float('inf')": "Shop/orders/OL-1/price",
    "order.price = Decimal('1')": "Shop/orders/OL-1/price",
    "order.price = True": "Shop/orders/OL-1/price",
    "order.price = 10 ** 400": "Shop/orders/OL-1/price",
    "order.day = datetime(2026, 1, 1)": "Shop/orders/OL-1/day",
    "order.day = '2026-01-01'": "Shop/orders/OL-1/day",
    "order.at = datetime(2026, 1, 1, tzinfo=ZoneInfo('Europe/Berlin'))": "Shop/orders/OL-1/at",
    "order.at = datetime(2026, 1, 1, fold=1)": "Shop/orders/OL-1/at",
    "order.at = datetime(2026, 1, 1, tzinfo=timezone(timedelta(seconds=7)))": "Shop/orders/OL-1/at",
    "order.color = 'red'": "Shop/orders/OL-1/color",
    "order.mode = 'c'": "Shop/orders/OL-1/mode",
    "order.words = ('a',)": "Shop/orders/OL-1/words",
    "order.words = deque()": "Shop/orders/OL-1/words",
    "order.words.append(1)": "Shop/orders/OL-1/words/0",
    "order.words.append(order.words)": "Shop/orders/OL-1/words/0",
    "order.names.add(1)": "Shop/orders/OL-1/names",
    "order.names = ['a']": "Shop/orders/OL-1/names",
    "order.names = frozenset('a')": "Shop/orders/OL-1/names",
    "order.pair = (1, 2, 3)": "Shop/orders/OL-1/pair",
    "order.pair = [1, 2]": "Shop/orders/OL-1/pair",
    "order.pay = Card('c')": "Shop/orders/OL-1/pay",
    "shop.pays['c'] = Card('c')": "Shop/pays/c",
    "shop.pays['c'] = A()": "Shop/pays/c",
    "shop.pays[1] = Pay('c')": "Shop/pays",
    "order.total = Decimal('sNaN')": "Shop/orders/OL-1/total",
    "order.total = 1": "Shop/orders/OL-1/total",
    "order.extra = {}": "Shop/orders/OL-1/extra",
    "order.extra = {'x': 1, 'y': 2}": "Shop/orders/OL-1/extra",
    "order.anything = Decimal(1)": "Shop/orders/OL-1/anything",
    "order.anything = {1: 2}": "Shop/orders/OL-1/anything",
    "order.anything = {'a': (1,)}": "Shop/orders/OL-1/anything/a",
    "order.anything = [Pay('c')]": "Shop/orders/OL-1/anything/0",
    "order.anything = {'a': {1}}": "Shop/orders/OL-1/anything/a",
    "order.anything = [float('nan')]": "Shop/orders/OL-1/anything/0",
    "order.anything = []; order.anything.append(order.anything)": "Shop/orders/OL-1",
    "order.by_number['1'] = 'a'": "Shop/orders/OL-1/by_number",
    "order.by_number = defaultdict(str)": "Shop/orders/OL-1/by_number",
    "order.by_number = OrderedDict()": "Shop/orders/OL-1/by_number",
    "order.note = 'new'": "Shop/orders/OL-1/note",
    "order._note = 'new'": "Shop/orders/OL-1/_note",
    "shop.note = 'new'": "Shop/note",
    "del order.words": "Shop/orders/OL-1/words",
    "shop.log = 'text'": "Shop/log",
    "shop.log.append(print)": "Shop/log/0",
    "shop.orders = [order]": "Shop/orders",
    "shop.orders = None": "Shop/orders",
    "shop.orders['OL-3'] = None": "Shop/orders/OL-3",
    "shop.orders['x' + chr(0xD800)] = order": "Shop/orders",
}


@pytest.mark.parametrize(("statement", "path"), MISFITS.items())
def test_a_value_that_does_not_fit_is_a_fault_of_its_call_and_changes_nothing(
    tmp_path: Path, statement: str, path: str
) -> None:
    trace = called(tmp_path, statement)
    fault = next(event for event in trace if isinstance(event, Fault))
    assert fault.message.split(" ")[0] == path
    first, second = [event for event in trace if isinstance(event, ToolResult)]
    assert (first.outcome, first.changed) == ("fault", [])
    assert (second.outcome, second.value) == ("ok", 0)


FITS = [
    "order.price = 3",
    "order.total = Decimal('NaN')",
    "order.anything = {'a': [1, 2.5, None, True, -0.0, 10 ** 30]}",
    "order.names |= {'b', 'a'}",
    "order.by_number[-1] = 'a'",
    "shop.pays['c'] = Pay('c')",
    "order.extra = {'x': 1}",
    "shop.log += [{'a': []}]",
]


@pytest.mark.parametrize("statement", FITS)
def test_a_value_that_fits_is_kept(tmp_path: Path, statement: str) -> None:
    first, second = [event for event in called(tmp_path, statement) if isinstance(event, ToolResult)]
    assert first.outcome == "ok"
    assert len(first.changed) == 2
    assert second.value == 5


def test_changes_before_an_exception_are_kept(tmp_path: Path) -> None:
    first, second = [event for event in called(tmp_path, "raise KeyError") if isinstance(event, ToolResult)]
    assert (first.outcome, second.value) == ("fault", 5)


def changes(folder: Path, statement: str) -> list[tuple[Any, Any, Any]]:

    result = next(event for event in called(folder, statement) if isinstance(event, ToolResult))
    found = msgspec.to_builtins(result.changed)
    return [(c["path"], c.get("before"), c.get("after")) for c in found if c["path"] != ["Shop", "count"]]


def test_a_change_of_a_set_names_no_position(tmp_path: Path) -> None:
    words = "order.names = {'e', 'b', 'd', 'a', 'c'}"
    assert changes(tmp_path, words) == [(["Shop", "orders", "OL-1", "names"], [], ["a", "b", "c", "d", "e"])]


def test_a_key_that_moves_is_deleted_and_added(tmp_path: Path) -> None:
    statement = "shop.log.append({'a': 1, 'b': 2}); shop.log.append(1)"
    assert [path for path, _, _ in changes(tmp_path / "a", statement)] == [["Shop", "log", 0], ["Shop", "log", 1]]
    moved = "shop.orders['OL-3'] = Order(); shop.orders['OL-1'] = shop.orders.pop('OL-1')"
    assert [(path, after is None) for path, _, after in changes(tmp_path / "b", moved)] == [
        (["Shop", "orders", "OL-1"], True),
        (["Shop", "orders", "OL-3"], False),
        (["Shop", "orders", "OL-1"], False),
    ]


def thing(computed: str) -> str:
    item = f"""
        @dataclass
        class Thing:
            number: str
            days: int
            def __post_init__(self):
                {computed}
    """
    return journey("orders: dict[str, Thing] = field(default_factory=dict)", item)


@pytest.mark.parametrize(
    "computed", ["self.days += 1", "self.note = 1", "self.number = Decimal(1)", "del self.number"]
)
def test_a_fixture_that_its_post_init_does_not_keep_is_refused(tmp_path: Path, computed: str) -> None:
    with pytest.raises(JourneyError) as raised:
        shop(tmp_path, journey=thing(computed))
    assert raised.value.code == "world-type"
    file, line = raised.value.where.rsplit(":", 1)
    named = (tmp_path / "journeys" / file).read_text().splitlines()[int(line) - 1].strip()
    assert named in ("def __post_init__(self):", "self.note = 1")


def test_a_fixture_that_its_post_init_refuses_is_a_fault(tmp_path: Path) -> None:
    loaded = shop(tmp_path, journey=thing("raise ValueError('odd')"))
    trace = converse(loaded, ScriptedModel([use("look")], "Done."), "go").trace
    fault = next(event for event in trace if isinstance(event, Fault))
    assert fault.message.startswith("invalid fixture for Shop")


def test_a_post_init_that_changes_nothing_twice_is_allowed(tmp_path: Path) -> None:
    item = """
        @dataclass
        class Thing:
            number: str
            days: int
            def __post_init__(self):
                self.number = self.number.strip().upper()
    """
    text = journey("orders: dict[str, Thing] = field(default_factory=dict)", item)
    text = text.replace("return 1", "return shop.orders['OL-1'].number")
    trace = converse(shop(tmp_path, journey=text), ScriptedModel([use("look")], "Done."), "go").trace
    assert next(event for event in trace if isinstance(event, ToolResult)).value == "OL-1"


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("D | None", {"x": 1, "zz": 2}),
        ("dict[str, D]", {"a": {"x": 1, "zz": 2}}),
        ("list[D]", [{"x": 1, "zz": 2}]),
        ("dict[int, list[D]]", {"1": [{"x": 1, "zz": 2}]}),
        ("Holder | None", {"d": {"x": 1, "zz": 2}}),
        ("dict[str, Holder]", {"a": {"d": {"x": 1, "zz": 2}}}),
        ("tuple[D, int]", [{"x": 1, "zz": 2}, 1]),
    ],
)
def test_an_unknown_key_of_a_typed_dict_is_reported_and_not_dropped(tmp_path: Path, kind: str, data: Any) -> None:
    holder = "@dataclass\nclass Holder:\n    d: D"
    files = shop_files(journey=journey(f"thing: {kind}", holder))
    files["shop/fixtures/base.json"] = json.dumps({"world": {"Shop": {"thing": data}}})
    root = write(tmp_path / "journeys", files)
    findings = [finding for finding in find_all(root, "shop") if finding.rule == "fixture"]
    assert [finding.severity for finding in findings] == ["error"]
    assert "zz" in findings[0].message
    trace = converse(load(root, "shop"), ScriptedModel([use("look")], "Done."), "go").trace
    fault = next(event for event in trace if isinstance(event, Fault))
    assert "zz" in fault.message


@pytest.mark.parametrize(
    ("kind", "data", "path"),
    [
        ("A", {"x": 1, "zz": 2}, "Shop.thing.zz"),
        ("A | None", {"x": 1, "zz": 2}, "Shop.thing.zz"),
        ("dict[int, list[A]]", {"1": [{"x": 1}, {"zz": 1}]}, "Shop.thing.1[1].zz"),
        ("tuple[A, int]", [{"zz": 1}, 1], "Shop.thing[0].zz"),
    ],
)
def test_check_names_a_key_of_a_fixture_that_no_class_has(tmp_path: Path, kind: str, data: Any, path: str) -> None:
    files = shop_files(journey=journey(f"thing: {kind}"))
    files["shop/fixtures/base.json"] = json.dumps({"world": {"Shop": {"thing": data}}})
    findings = find_all(write(tmp_path / "journeys", files), "shop")
    assert [f.message.split(" ")[0] for f in findings if f.rule == "fixture-field"] == [path]


@pytest.mark.parametrize("decorator", ["@world", "@world\n@dataclass(frozen=True)"])
def test_a_world_class_has_the_fields_of_its_base_and_its_own(tmp_path: Path, decorator: str) -> None:
    base = f"{decorator}\nclass Base2:\n    first: int = 1"
    text = journey("second: dict[str, int] = field(default_factory=lambda: {'a': 2})", base)
    text = text.replace("class Shop:", "class Shop(Base2):")
    loaded = shop(tmp_path, journey=text.replace("return 1", "return shop.first + shop.second['a']"))
    trace = converse(loaded, ScriptedModel([use("look")], "Done."), "go").trace
    assert next(event for event in trace if isinstance(event, ToolResult)).value == 3
