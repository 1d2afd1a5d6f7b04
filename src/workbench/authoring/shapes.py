"""Shapes: how the values of a declared type are written as plain data, exactly, and read back.

`dump` is strict: it raises Misfit for a value that would not come back as it is. A
`simple` shape is one that msgspec writes in one way only; sets, which have no order,
and unions of dataclasses are not.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, time, timezone
from typing import Any

import msgspec

from .lazy import LazyDict

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder().decode
MISSING = object()


class Misfit(Exception):
    """A value that its declared type cannot hold; `path` leads to it."""

    def __init__(self, why: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(why)
        self.why = why
        self.path = path

    def below(self, key: str | int) -> Misfit:
        """Return the same one level higher."""
        return Misfit(self.why, (key, *self.path))


class Shape:
    """The shape of one type. `forms` are the JSON types of its plain values, `name` is the type as declared."""

    forms: frozenset[str] = frozenset()
    simple = True
    deep = False
    """True if there is a dataclass inside."""
    name = ""

    def parts(self) -> Iterable[Shape]:
        """Return the shapes inside this one."""
        return ()

    def accepts(self, value: Any) -> bool:
        """Return whether a value has the class of this shape."""
        raise NotImplementedError

    def dump(self, value: Any) -> Any:
        """Return the plain form of a value. Raises Misfit."""
        raise NotImplementedError

    def load(self, plain: Any) -> Any:
        """Return the value of a plain form. Raises msgspec.ValidationError."""
        raise NotImplementedError

    def clean(self, values: Collection[Any]) -> bool:
        """Return whether the dataclasses in these values have their exact class and no undeclared attribute.

        The encoding of a value does not show that. Many values at once, because it must be fast.
        """
        return True

    def option(self, plain: Any) -> Shape:
        """Return the shape that a plain value has; of a union, one of its options."""
        return self

    def at(self, key: str | int) -> Shape:
        """Return the shape below a key or an index of the plain form."""
        return ANY

    def wrong(self, value: Any) -> Misfit:
        return Misfit(f"is {_described(value)}, and is declared as {self.name}")


def all_shapes(shape: Shape) -> Iterator[Shape]:
    """Yield a shape and all shapes inside it, each once."""
    seen, left = {id(shape)}, [shape]
    while left:
        current = left.pop()
        yield current
        for part in current.parts():
            if id(part) not in seen:
                seen.add(id(part))
                left.append(part)


def _described(value: Any) -> str:
    name = type(value).__name__
    return "None" if value is None else f"{'an' if name[:1] in 'aeiouAEIOU' else 'a'} {name}"


class Leaf(Shape):
    """A value without parts: its class must be exactly the declared one."""

    def __init__(self, kind: type[Any], form: str) -> None:
        self.kind = kind
        self.forms = frozenset((form,))
        self.name = "None" if kind is type(None) else kind.__name__

    def accepts(self, value: Any) -> bool:
        return value.__class__ is self.kind

    def dump(self, value: Any) -> Any:
        if value.__class__ is not self.kind:
            raise self.wrong(value)
        return value

    def load(self, plain: Any) -> Any:
        return msgspec.convert(plain, self.kind)


class Text(Leaf):
    def dump(self, value: Any) -> Any:
        text = super().dump(value)
        try:
            text.encode()
        except UnicodeEncodeError:
            raise Misfit("has half of a surrogate pair, which no file can hold") from None
        return text


class Float(Leaf):
    """A float; an int in its place becomes one."""

    def dump(self, value: Any) -> Any:
        if value.__class__ is int:
            try:
                return float(value)
            except OverflowError:
                raise Misfit("is too large for a float") from None
        if not math.isfinite(super().dump(value)):
            raise Misfit(f"is {value}, which JSON does not have")
        return value


class Written(Leaf):
    """A value that is written as text: Decimal, date, bytes and so on."""

    def dump(self, value: Any) -> Any:
        super().dump(value)
        if isinstance(value, datetime | time) and (not isinstance(value.tzinfo, timezone | None) or value.fold):
            raise Misfit("has a time zone by name; write it with an offset, as by astimezone(timezone.utc)")
        plain = msgspec.to_builtins(value)
        try:
            lost = self.load(plain) != value and value == value  # not a number does not equal itself
        except ArithmeticError:  # a signaling NaN
            lost = True
        if lost:
            raise Misfit(f"is {value}, which does not come back equal")
        return plain


class Member(Leaf):
    """A member of an enum, written as its value."""

    def dump(self, value: Any) -> Any:
        return super().dump(value).value


class OneOf(Shape):
    """A Literal."""

    def __init__(self, values: tuple[Any, ...], name: str) -> None:
        self.values = values
        self.forms = frozenset(form_of(value) for value in values)
        self.name = name

    def accepts(self, value: Any) -> bool:
        return any(value.__class__ is one.__class__ and value == one for one in self.values)

    def dump(self, value: Any) -> Any:
        if not self.accepts(value):
            raise Misfit(f"is {value!r:.60}, and is declared as {self.name}")
        return value

    def load(self, plain: Any) -> Any:
        if not self.accepts(plain):
            raise msgspec.ValidationError(f"Expected `{self.name}`, got {plain!r:.60}")
        return plain


class Json(Shape):
    """Any: the values that JSON has, and no others."""

    forms = frozenset(("null", "bool", "int", "float", "str", "array", "object"))
    name = "Any, which holds JSON data only"

    def accepts(self, value: Any) -> bool:
        return True

    def dump(self, value: Any) -> Any:
        leaf = _JSON_LEAVES.get(value.__class__)
        if leaf is not None:
            return leaf.dump(value)
        if value.__class__ is list:
            return each(self, value)
        if value.__class__ in DICTS:
            return entries(_TEXT, self, value)
        raise self.wrong(value)

    def load(self, plain: Any) -> Any:
        return plain


DICTS = (dict, LazyDict)
_TEXT = Text(str, "str")
_JSON_LEAVES: dict[type[Any], Shape] = {
    str: _TEXT,
    int: Leaf(int, "int"),
    bool: Leaf(bool, "bool"),
    float: Float(float, "float"),
    type(None): Leaf(type(None), "null"),
}
ANY = Json()


def form_of(plain: Any) -> str:
    """Return the JSON type of a plain value."""
    leaf = _JSON_LEAVES.get(plain.__class__)
    if leaf is not None:
        return next(iter(leaf.forms))
    return "object" if isinstance(plain, dict) else "array"


def each(shape: Shape, values: Iterable[Any]) -> list[Any]:
    made: list[Any] = []
    try:
        for value in values:
            made.append(shape.dump(value))
    except Misfit as misfit:
        raise misfit.below(len(made)) from None
    return made


def entries(key: Shape, item: Shape, value: dict[Any, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    name = ""
    for one, inner in value.items():
        try:
            name = key_text(key, one)
        except Misfit as misfit:
            raise Misfit(f"the key {one!r:.60} {misfit.why}") from None
        try:
            made[name] = item.dump(inner)
        except Misfit as misfit:
            raise misfit.below(name) from None
    return made


def key_text(shape: Shape, key: Any) -> str:
    """Return the plain form of a key, which is always a text."""
    plain = shape.dump(key)
    return plain if isinstance(plain, str) else encode(plain).decode()


def read_key(shape: Shape, text: str) -> Any:
    """Return the key of a text. Raises msgspec.ValidationError or msgspec.DecodeError."""
    return shape.load(text if "str" in shape.forms else decode(text))
