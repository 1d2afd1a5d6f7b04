"""A world with a value of every allowed kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any, Generic, Literal, NamedTuple, NotRequired, TypedDict, TypeVar
from uuid import UUID

from workbench import world

T = TypeVar("T")


class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


@dataclass(frozen=True)
class Tag:
    name: str
    weight: int = 0


@dataclass(slots=True)
class Seat:
    row: int
    letter: str = "A"


class Point(NamedTuple):
    x: float
    y: int = 0


class Extra(TypedDict):
    note: str
    count: NotRequired[int]


@dataclass
class Card:
    number: str
    kind: Literal["card"] = "card"


@dataclass
class Transfer:
    number: str
    kind: Literal["transfer"] = "transfer"


@dataclass
class Cash:
    amount: Decimal


@dataclass
class Branch:
    name: str
    parts: list[Branch] = field(default_factory=list)


@dataclass
class Box(Generic[T]):
    content: T


@dataclass
class Item:
    name: str = ""
    price: Decimal = Decimal("1.50")
    size: float = 0.0
    stock: int = 0
    sold: bool = False
    color: Color = Color.RED
    level: Level | None = None
    day: date | None = None
    at: datetime | None = None
    opens: time = time(9)
    lasts: timedelta = timedelta(0)
    key: UUID = field(default_factory=lambda: UUID(int=0))
    data: bytes = b""
    words: list[str] = field(default_factory=list)
    colors: set[Color] = field(default_factory=set)
    tags: frozenset[Tag] = frozenset()
    pair: tuple[int, str] = (0, "")
    row: tuple[float, ...] = ()
    seat: Seat | None = None
    point: Point = field(default_factory=lambda: Point(0.0))
    extra: Extra = field(default_factory=lambda: {"note": ""})
    paid: Card | Transfer | Cash | None = None
    tree: Branch = field(default_factory=lambda: Branch("root"))
    box: Box[int] = field(default_factory=lambda: Box(0))
    by_level: dict[int, list[Seat]] = field(default_factory=dict)
    anything: Any = None
    mode: Literal["a", "b", 3] = "a"
    mixed: int | float | str | None = None
    _private: str = ""


@world
class Stock:
    """Every kind of field, and dicts with every kind of key."""

    items: dict[str, Item] = field(default_factory=dict)
    by_number: dict[int, Item] = field(default_factory=dict)
    by_day: Mapping[date, set[str]] = field(default_factory=dict)
    by_color: dict[Color, Decimal] = field(default_factory=dict)
    by_size: dict[float, int] = field(default_factory=dict)
    by_kind: dict[Literal["a", "b"], Card | Transfer] = field(default_factory=dict)
    queue: list[Item] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    log: Sequence[str] = field(default_factory=list)
    rest: dict[str, Any] = field(default_factory=dict)
    first: Item = field(default_factory=Item)
    count: int = 0
    free: Any = None
