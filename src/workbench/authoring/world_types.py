"""What a world may hold: the rule that decides by declared types, with the reason for each refusal.

A type is allowed if its values are written to JSON and read back exactly.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import re
import sys
import types
import typing
from collections.abc import Iterator, Mapping, MutableMapping, MutableSequence, Sequence, Set
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, Flag
from typing import Any
from uuid import UUID

from ..errors import JourneyError
from ..source import journey_path
from .class_state import lost_attributes, shared_attributes, unread_attributes
from .container_shapes import Items, Row, Table
from .record_shapes import Record, Typed, Union, unwritten_fields
from .shapes import ANY, Float, Leaf, Member, Misfit, OneOf, Shape, Text, Written, all_shapes, encode

_LEAVES: dict[Any, Shape] = {
    str: Text(str, "str"),
    int: Leaf(int, "int"),
    bool: Leaf(bool, "bool"),
    float: Float(float, "float"),
    type(None): Leaf(type(None), "null"),
    **{kind: Written(kind, "str") for kind in (Decimal, datetime, date, time, timedelta, UUID, bytes, bytearray)},
}
_LISTS = {
    list: list,
    Sequence: list,
    MutableSequence: list,
    set: set,
    Set: set,
    frozenset: frozenset,
}
_DICTS = (dict, Mapping, MutableMapping)
_INSTEAD = {  # what to use instead of a class, by its name or that of a base class
    "defaultdict": "use dict, with setdefault() or get(key, default)",
    "Counter": "use dict[str, int]",
    "OrderedDict": "use dict, which keeps its order",
    "deque": "use list",
    "Path": "use str",
    "PurePath": "use str",
    "complex": "use two floats",
    "Fraction": "use Decimal",
    "Struct": "use a dataclass",
    "BaseModel": "use a dataclass",
    "SimpleNamespace": "use a dataclass",
    "Flag": "use a set of enum members",
    "Callable": "use a function of the module, and store its name",
    "Pattern": "store the pattern as str",
}
_PLAIN = "use a dataclass, or a type of the table in docs/journeys.md"


class Refused(Exception):
    """A type that a world may not hold: why, what to use instead, and the class and field that declare it."""

    def __init__(self, why: str, hint: str = _PLAIN, owner: type[Any] | None = None, field: str = "") -> None:
        super().__init__(why)
        self.why, self.hint, self.owner, self.field = why, hint, owner, field


def shape_of(kind: Any) -> Shape:
    """Return the shape of a type. Raises Refused."""
    found = _Compiler().shape(kind)
    for shape in all_shapes(found):
        shape.deep = any(isinstance(part, Record) for part in all_shapes(shape))
        if isinstance(shape, Union):
            _check_distinct(shape.records, shape.name)  # again, because recursive types are complete only now
    return found


def _check_distinct(records: list[Record], name: str) -> None:
    for n, one in enumerate(records):
        for other in records[n + 1 :]:
            if not one.differs(other):
                hint = f'add a field such as `kind: Literal["{one.name.lower()}"]` to each, with different values'
                raise Refused(f"{one.name} and {other.name} of {name} have the same fields", hint)


def world_shape(kind: type[Any]) -> Record:
    """Return the shape of a world class. Raises JourneyError with file and line for what it may not hold."""
    with _reported(kind):
        shape = shape_of(kind)
        assert isinstance(shape, Record)
        _check_defaults(shape)
        return shape


@contextmanager
def _reported(kind: type[Any]) -> Iterator[None]:
    try:
        yield
    except Refused as refused:
        owner = refused.owner or kind
        place = f"{owner.__name__}.{refused.field}" if refused.field else owner.__name__
        raise JourneyError(
            f"the world cannot hold {place}: {refused.why}",
            where=class_location(owner, refused.field),
            hint=refused.hint,
            code="world-type",
        ) from None


def _check_defaults(shape: Record) -> None:
    for record in _records(shape):
        for name, make in record.defaults.items():
            try:
                record.fields[name].dump(make())
            except Misfit as misfit:
                why = f"its default value {misfit.why}"
                raise Refused(why, "give it a value of the declared type", record.kind, name) from None
            except (Exception, SystemExit) as error:
                why = f"its default value cannot be created: {type(error).__name__}: {error}"
                raise Refused(why, "correct its default_factory", record.kind, name) from None


def check_computed(shape: Record) -> None:
    """Check that the __post_init__ of each dataclass in a shape changes nothing when it runs again.

    Raises JourneyError with file and line. It tries objects with the defaults, where all fields have one.
    """
    with _reported(shape.kind):
        for record in _records(shape):
            if record.computes and record.fields.keys() <= record.defaults.keys():
                _check_again(record)


def _check_again(record: Record) -> None:
    try:
        made = record.kind()
    except (Exception, SystemExit):
        return  # it may refuse its defaults
    try:
        plain = record.dump(made)
        again = record.dump(record.load(plain))
    except Misfit as misfit:
        name = str(misfit.path[0]) if misfit.path else ""
        raise Refused(f"after __post_init__ it {misfit.why}", _COMPUTE, record.kind, name) from None
    except (Exception, SystemExit):
        return  # it is a fault of the call that stores it
    if encode(plain) != encode(again):
        raise Refused("it changes an object each time it is read", _COMPUTE, record.kind, "__post_init__")


_COMPUTE = "compute it in a property or a method, or so that it is the same when __post_init__ runs again"


def class_location(kind: type[Any], field: str = "") -> str:
    """Return "file:line" of a class or of one of its fields, relative to journeys/."""
    try:
        lines, first = inspect.getsourcelines(kind)
        file = journey_path(kind.__module__, inspect.getsourcefile(kind) or "")
    except (OSError, TypeError):
        return journey_path(kind.__module__, "")
    before = r"(def |\w+\.|\S*setattr\w*\(\w+, ['\"])?"
    pattern = rf"\s+{before}{re.escape(field)}\b" if field else r"class\b"
    return f"{file}:{first + next((n for n, line in enumerate(lines) if re.match(pattern, line.rstrip())), 0)}"


def wider_classes(shape: Shape) -> Iterator[tuple[type[Any], type[Any]]]:
    """Yield dataclasses in a shape with a subclass that has other fields and that the shape does not have."""
    kinds = {record.kind: len(record.fields) for record in _records(shape)}
    for kind, size in sorted(kinds.items(), key=lambda one: one[0].__qualname__):
        for wider in () if hasattr(kind, "__workbench_world__") else _subclasses(kind):
            more = dataclasses.is_dataclass(wider) and len(dataclasses.fields(wider)) > size
            if more and wider not in kinds and _is_current(wider):
                yield kind, wider


def _records(shape: Shape) -> Iterator[Record]:
    return (one for one in all_shapes(shape) if isinstance(one, Record))


def _subclasses(kind: type[Any]) -> Iterator[type[Any]]:
    for one in type.__subclasses__(kind):
        yield one
        yield from _subclasses(one)


def _is_current(kind: type[Any]) -> bool:
    """Return whether a class is that of its module, and not one of an earlier load."""
    return getattr(sys.modules.get(kind.__module__), kind.__qualname__, None) is kind


class _Compiler:
    def __init__(self) -> None:
        self._seen: dict[Any, Shape] = {}

    def shape(self, kind: Any) -> Shape:
        if kind is Any or kind is object:
            return ANY
        kind = type(None) if kind is None else kind
        origin, inner = typing.get_origin(kind), typing.get_args(kind)
        if origin in (typing.Annotated, typing.Required, typing.NotRequired):
            return self.shape(inner[0])
        if origin in (typing.Union, types.UnionType):
            return self._union(inner, _name(kind))
        if origin is typing.Literal:
            return OneOf(inner, _name(kind))
        for alias in ("__supertype__", "__value__"):  # NewType, and the `type` statement
            if not isinstance(kind, type) and hasattr(kind, alias):
                return self.shape(getattr(kind, alias))
        made = origin or kind
        if made in _LEAVES:
            return _LEAVES[made]
        if made in _LISTS:
            return self._items(_LISTS[made], inner, kind)
        if made in _DICTS:
            return self._table(inner, kind)
        if made is tuple:
            return self._tuple(inner, kind)
        if isinstance(made, type):
            return self._class(made, inner, kind)
        raise self._refused(made, kind)

    def _refused(self, made: Any, kind: Any) -> Refused:
        names = [one.__name__ for one in getattr(made, "__mro__", [made]) if hasattr(one, "__name__")]
        hint = next((_INSTEAD[name] for name in names if name in _INSTEAD), _PLAIN)
        return Refused(f"{_name(kind)} is not read back exactly", hint)

    def _items(self, made: type[Any], inner: tuple[Any, ...], kind: Any) -> Shape:
        item = self.shape(inner[0]) if inner else ANY
        if made in (set, frozenset) and not _hashable(item):
            raise Refused(
                f"the items of {_name(kind)} cannot be hashed", "use str, int, enums or frozen dataclasses"
            )
        return Items(made, item, _name(kind))

    def _tuple(self, inner: tuple[Any, ...], kind: Any) -> Shape:
        if not inner and kind is not tuple[()]:
            return Items(tuple, ANY, "tuple")
        if len(inner) == 2 and inner[1] is Ellipsis:
            return Items(tuple, self.shape(inner[0]), _name(kind))
        return Row(tuple, tuple(map(self.shape, inner)), _name(kind), tuple)

    def _table(self, inner: tuple[Any, ...], kind: Any) -> Shape:
        key = self.shape(inner[0]) if inner else ANY
        if key is ANY:
            key = _LEAVES[str]
        one_form = len(key.forms) == 1 and key.forms != {"null"}
        if not one_form or not isinstance(key, Leaf | OneOf):
            hint = "use str, int, an enum, a date or another single value as the key"
            raise Refused(f"a key of {_name(kind)} cannot be written as one text", hint)
        item_kind = inner[1] if inner else Any
        return Table(key, self.shape(item_kind), item_kind, _name(kind))

    def _union(self, inner: tuple[Any, ...], name: str) -> Shape:
        literals = [v for one in inner if typing.get_origin(one) is typing.Literal for v in typing.get_args(one)]
        rest = [one for one in inner if typing.get_origin(one) is not typing.Literal]
        options = [self.shape(one) for one in rest] + ([OneOf(tuple(literals), name)] if literals else [])
        if ANY in options:
            return ANY
        for n, option in enumerate(options):
            for other in options[n + 1 :]:
                both_records = isinstance(option, Record) and isinstance(other, Record)
                if option.forms & other.forms and not both_records:
                    why = f"{option.name} and {other.name} of {name} look alike in JSON"
                    raise Refused(why, "use one of them, or a dataclass for each")
        found = Union(options, name)
        _check_distinct(found.records, name)
        return found

    def _class(self, made: type[Any], inner: tuple[Any, ...], kind: Any) -> Shape:
        if kind in self._seen:
            return self._seen[kind]
        if issubclass(made, Enum):
            return self._enum(made)
        if typing.is_typeddict(made):
            return self._typed(made, inner, kind)
        if dataclasses.is_dataclass(made) and not issubclass(made, (list, dict, tuple, set, frozenset, str)):
            return self._record(made, inner, kind)
        if issubclass(made, tuple) and hasattr(made, "_fields"):
            hints = _hints(made)
            items = tuple(self.shape(hints.get(name, Any)) for name in made._fields)
            return Row(made, items, made.__name__, made._make)  # type: ignore[attr-defined]
        raise self._refused(made, kind)

    def _enum(self, kind: type[Enum]) -> Shape:
        classes = {type(member.value) for member in kind}
        if issubclass(kind, Flag) or len(classes) != 1 or not classes <= {str, int}:
            hint = (
                _INSTEAD["Flag"] if issubclass(kind, Flag) else "give every member a str, or every member an int"
            )
            raise Refused(f"the values of the enum {kind.__name__} do not identify its members in JSON", hint)
        return Member(kind, "str" if classes == {str} else "int")

    def _record(self, made: type[Any], inner: tuple[Any, ...], kind: Any) -> Shape:
        shape = self._seen[kind] = Record(made)
        for name, why in unwritten_fields(made).items():
            raise Refused(why, "use a property, or an ordinary field", made, name)
        for name in unread_attributes(made):
            raise Refused("is a cached_property: its value would be lost", "use a property", made, name)
        for owner, name in lost_attributes(made):
            why = f"is not a field of {made.__name__}, so its value would be lost"
            raise Refused(
                why, "use a property or a method that computes it, or declare it as a field", owner, name
            )
        for owner, name in shared_attributes(made):
            why = "belongs to the class and can change, so all conversations would share it"
            hint = "make it a field with default_factory; for constants use a tuple, frozenset or MappingProxyType"
            raise Refused(why, hint, owner, name)
        hints = self._bound(_hints(made), made, inner)
        for field in dataclasses.fields(made):
            try:
                shape.fields[field.name] = self.shape(hints[field.name])
            except Refused as refused:
                raise refused if refused.owner else Refused(refused.why, refused.hint, made, field.name) from None
            if field.default is not dataclasses.MISSING:
                shape.defaults[field.name] = functools.partial(_value, field.default)
            elif field.default_factory is not dataclasses.MISSING:
                shape.defaults[field.name] = field.default_factory
        return shape

    def _typed(self, made: Any, inner: tuple[Any, ...], kind: Any) -> Shape:
        hints = _hints(made)
        marks = {name: typing.get_origin(hint) for name, hint in hints.items()}  # those of the class may be texts
        required = {n for n in made.__required_keys__ if marks[n] is not typing.NotRequired}
        required |= {n for n, mark in marks.items() if mark is typing.Required}
        shape = self._seen[kind] = Typed(made, frozenset(required))
        shape.fields |= {name: self.shape(hint) for name, hint in self._bound(hints, made, inner).items()}
        return shape

    def _bound(self, hints: dict[str, Any], made: Any, inner: tuple[Any, ...]) -> dict[str, Any]:
        """Replace the type variables of a generic class."""
        bound = dict(zip(getattr(made, "__parameters__", ()), inner, strict=False))

        def fill(hint: Any) -> Any:
            wanted = getattr(hint, "__parameters__", ())
            if not bound or not wanted or isinstance(hint, type):
                return bound.get(hint, hint) if isinstance(hint, typing.TypeVar) else hint
            return hint[tuple(bound.get(one, one) for one in wanted)]

        return {name: fill(hint) for name, hint in hints.items()}


def _hints(kind: Any) -> dict[str, Any]:
    try:
        return typing.get_type_hints(kind, include_extras=True)
    except Exception as error:
        raise Refused(f"cannot read its types: {error}", "import every type that it names", kind) from None


def _hashable(shape: Shape) -> bool:
    if isinstance(shape, Record):
        return shape.kind.__hash__ is not None
    if isinstance(shape, Table | Typed) or (isinstance(shape, Items) and shape.kind in (list, set)):
        return False
    return all(map(_hashable, shape.parts()))


def _value(value: Any) -> Any:
    return value


def _name(kind: Any) -> str:
    if isinstance(kind, type) and not typing.get_args(kind):
        return kind.__name__
    return re.sub(r"\b(?:typing\.|[a-z_]\w*\.)+(?=\w)", "", str(kind))
