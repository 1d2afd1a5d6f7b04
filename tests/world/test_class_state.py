"""State of a world class that its fields do not have is refused when the agent is loaded, with file and line."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest

from support.kit import ScriptedModel, converse, shop, shop_files, use, write
from workbench.check.lint import find_all
from workbench.errors import JourneyError
from workbench.runtime.loader import load
from workbench.trace.events import Fault
from world.test_rules import journey, refusal

POST_INIT = "def __post_init__(self):\n    "
SHOP = "orders: dict[str, Any] = field(default_factory=dict)\ncount: int = 0\n"
THING = "@dataclass\nclass Thing:\n    number: str\n    count: int = 0\n    days: int = 0\n"

LOST = [
    "self.by_day = {}",
    "self.by_day: dict[str, int] = {}",
    "self.by_day, self.count = {}, 1",
    "object.__setattr__(self, 'by_day', {})",
    "setattr(self, 'by_day', {})",
]


@pytest.mark.parametrize("statement", LOST)
def test_an_attribute_set_at_creation_that_is_no_field_is_refused(tmp_path: Path, statement: str) -> None:
    for number, body in enumerate((POST_INIT, "def __init__(self):\n    ")):
        error, line = refusal(tmp_path / str(number), SHOP + body + statement)
        assert (error.code, line) == ("world-type", statement)
    inner = THING + textwrap.indent(POST_INIT + statement, "    ")
    error, line = refusal(tmp_path / "inner", "things: dict[str, Thing] = field(default_factory=dict)", inner)
    assert (error.code, line) == ("world-type", statement)


def test_an_attribute_set_by_a_method_or_a_base_class_is_refused(tmp_path: Path) -> None:
    method = POST_INIT + "self.build()\ndef build(self):\n    self.by_day = {}"
    error, _ = refusal(tmp_path / "method", SHOP + method)
    assert (error.code, "by_day" in error.message) == ("world-type", True)
    computed = POST_INIT + "setattr(self, 'by_' + 'day', {})"
    error, _ = refusal(tmp_path / "computed", SHOP + computed)
    assert (error.code, "by_day" in error.message) == ("world-type", True)
    text = journey(SHOP, "class Index:\n    def __post_init__(self):\n        self.by_day = {}")
    with pytest.raises(JourneyError) as raised:
        shop(tmp_path / "base", journey=text.replace("class Shop:", "class Shop(Index):"))
    assert raised.value.code == "world-type"


@pytest.mark.parametrize(
    "statement",
    [
        "self.count += 1",
        "self.count = -1 - self.count",
        "self.orders['n' * len(self.orders)] = 1",
        "self.orders = {**self.orders, 'OL-1': [self.orders.get('OL-1')]}",
        "import itertools; self.count = next(COUNTER)",
    ],
)
def test_a_post_init_that_changes_its_object_again_is_refused(tmp_path: Path, statement: str) -> None:
    error, line = refusal(tmp_path, SHOP + POST_INIT + statement, "import itertools\nCOUNTER = itertools.count()")
    assert (error.code, line) == ("world-type", "def __post_init__(self):")


def test_a_post_init_that_depends_on_the_fixture_is_tried_with_each(tmp_path: Path) -> None:
    files = shop_files(journey=journey("count: int\n" + POST_INIT + "self.count += self.count > 5"))
    for name, count in (("a", 1), ("b", 6)):
        files[f"shop/fixtures/{name}.json"] = json.dumps({"world": {"Shop": {"count": count}}})
    files.pop("shop/fixtures/base.json")
    with pytest.raises(JourneyError) as raised:
        load(write(tmp_path / "journeys", files), "shop")
    assert raised.value.code == "world-type"
    assert raised.value.where.startswith("shop/returns/journey.py:")


@pytest.mark.parametrize(
    "statement",
    [
        "self.count = len(self.orders)",
        "self.orders = {k: self.orders[k] for k in sorted(self.orders)}",
        "self.named = 3",
        "self.note = str(datetime.now())",
        "local = {}; local['x'] = 1",
        "if not isinstance(self.orders, dict): raise ValueError('odd')",
    ],
)
def test_a_post_init_that_is_the_same_when_it_runs_again_is_allowed(tmp_path: Path, statement: str) -> None:
    named = "note: str = ''\n@property\ndef named(self): return self.count\n"
    named += "@named.setter\ndef named(self, value): self.count = value\n"
    loaded = shop(tmp_path, journey=journey(SHOP + named + POST_INIT + statement))
    trace = converse(loaded, ScriptedModel([use("look")], [use("look")], "Done."), "go").trace
    assert not [event for event in trace if isinstance(event, Fault)]


SHARED = [
    "seen: ClassVar[dict[str, int]] = {}",
    "seen: ClassVar[list[int]] = []",
    "seen: ClassVar[set[int]] = set()",
    "seen: ClassVar = defaultdict(int)",
    "seen: ClassVar = deque()",
    "seen: ClassVar = bytearray()",
    "seen: ClassVar = ([],)",
    "seen: ClassVar = iter([1])",
    "seen: ClassVar = A()",
    "seen: ClassVar = Plain()",
    "seen = {}",
    "_seen = []",
    "__seen = []",
]


@pytest.mark.parametrize("line", SHARED)
def test_an_attribute_of_the_class_that_can_change_is_refused(tmp_path: Path, line: str) -> None:
    error, named = refusal(tmp_path / "world", SHOP + line)
    assert (error.code, named) == ("world-type", line)
    error, named = refusal(tmp_path / "inner", "thing: Thing | None = None", f"{THING}    {line}")
    assert (error.code, named) == ("world-type", line)


@pytest.mark.parametrize(
    "line",
    [
        "NAMES: ClassVar[tuple[str, ...]] = ('a', 'b')",
        "NAMES: ClassVar[frozenset[str]] = frozenset('a')",
        "NAMES: ClassVar = types.MappingProxyType({'a': 1})",
        "COLOR: ClassVar[Color] = Color.RED",
        "KEY: ClassVar[Key] = Key()",
        "PATTERN = re.compile('a')",
        "Inner = A",
        "ZERO: ClassVar[Decimal] = Decimal(0)",
        "help = staticmethod(len)",
        "@classmethod\ndef one(cls): return 1",
    ],
)
def test_a_constant_of_the_class_is_allowed(tmp_path: Path, line: str) -> None:
    shop(tmp_path, journey=journey(SHOP + line))


@pytest.mark.parametrize("error", ["1 / 0", "exit(3)", "{}['a']", "int('x')"])
def test_a_default_that_cannot_be_created_is_refused(tmp_path: Path, error: str) -> None:
    line = f"thing: int = field(default_factory=lambda: {error})"
    refused, named = refusal(tmp_path, SHOP + line)
    assert (refused.code, named) == ("world-type", line)


@pytest.mark.parametrize("error", ["raise ValueError('odd')", "exit(3)", "{}['a']"])
def test_a_post_init_that_refuses_the_defaults_is_reported_where_they_are_used(tmp_path: Path, error: str) -> None:
    files = shop_files(journey=journey(SHOP + POST_INIT + f"if not self.orders: {error}"))
    files["shop/fixtures/base.json"] = json.dumps({"world": {"Shop": {"orders": {"a": 1}}}})
    folder = write(tmp_path / "journeys", files)
    load(folder, "shop")
    (folder / "shop" / "fixtures" / "none.json").write_text("{}")
    with pytest.raises(JourneyError) as raised:
        load(folder, "shop")
    file, line = raised.value.where.split(":")
    assert "if not self.orders" in (folder / file).read_text().splitlines()[int(line) - 1]


@pytest.mark.parametrize(
    "body",
    [
        POST_INIT + "self.by_day = {}",
        POST_INIT + "self.count += 1",
        "seen: ClassVar[dict[str, int]] = {}",
        "thing: int = field(default_factory=lambda: 1 / 0)",
    ],
)
def test_check_reports_it_with_file_and_line(tmp_path: Path, body: str) -> None:
    root = write(tmp_path / "journeys", shop_files(journey=journey(SHOP + body)))
    (found,) = [finding for finding in find_all(root, "shop") if finding.rule == "world-type"]
    assert (found.severity, found.file, found.line > 1) == ("error", "shop/returns/journey.py", True)
