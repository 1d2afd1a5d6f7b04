"""Read plain values by their declared types, so that equal values compare as equal.

Plain data stores a Decimal and a datetime as text and a set as a list. In a place
that is declared as one of these types the value is compared as that type; every
other text is compared as text.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Mapping, Set
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

_TEXT_FORMS = (Decimal, datetime, date, time, timedelta, UUID)


def as_declared(value: Any, kind: Any) -> Any:
    """Return a plain value with every text in its declared type; a part that does not fit stays as it is."""
    kind = _option(value, kind)
    if isinstance(value, str):
        return _parsed(value, kind) if kind in _TEXT_FORMS else value
    inner = typing.get_args(kind)
    if isinstance(value, dict):
        fields = field_types(kind)
        key, item = inner if len(inner) == 2 and not fields else (Any, Any)
        made = {as_declared(k, key): as_declared(v, fields.get(k, item)) for k, v in value.items()}
        return made if len(made) == len(value) else value  # no key is lost because another equals it
    if isinstance(value, list):
        return _items(value, kind)
    return value


def _items(value: list[Any], kind: Any) -> list[Any]:
    origin = typing.get_origin(kind) or kind
    made = [as_declared(item, item_type(kind, n)) for n, item in enumerate(value)]
    if isinstance(origin, type) and issubclass(origin, Set):
        made.sort(key=repr)
    return made


def item_type(kind: Any, key: str | int) -> Any:
    """Return the declared type of a field, key or index of a value of type `kind`; Any if it is unknown."""
    kind = _plain_type(kind)
    fields, inner = field_types(kind), typing.get_args(kind)
    if fields:
        return list(fields.values())[key] if isinstance(key, int) and key < len(fields) else fields.get(key, Any)
    origin = typing.get_origin(kind)
    if origin is tuple and Ellipsis not in inner:
        return inner[key] if isinstance(key, int) and key < len(inner) else Any
    return inner[-1 if isinstance(origin, type) and issubclass(origin, Mapping) else 0] if inner else Any


@functools.lru_cache(256)
def field_types(kind: Any) -> dict[Any, Any]:
    """Return the types of the fields of a dataclass, struct, TypedDict or NamedTuple; {} for another type."""
    made = typing.get_origin(kind) or kind
    described = dataclasses.is_dataclass(made) or typing.is_typeddict(made) or hasattr(made, "_fields")
    if not (isinstance(made, type) and (described or issubclass(made, msgspec.Struct))):
        return {}
    try:
        return typing.get_type_hints(made)
    except (NameError, TypeError):
        return {}


def _plain_type(kind: Any) -> Any:
    """Return a type without Annotated and without the None of a union."""
    if typing.get_origin(kind) is typing.Annotated:
        return _plain_type(typing.get_args(kind)[0])
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        options = [option for option in typing.get_args(kind) if option is not type(None)]
        return _plain_type(options[0]) if len(options) == 1 else kind
    return kind


def _option(value: Any, kind: Any) -> Any:
    """Return the one type of a union that a value fits; Any if it fits several, as a text may."""
    kind = _plain_type(kind)
    if typing.get_origin(kind) not in (typing.Union, types.UnionType):
        return kind
    fitting = [_plain_type(option) for option in typing.get_args(kind) if _fits(value, option)]
    return fitting[0] if len(fitting) == 1 else Any


def _fits(value: Any, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except (msgspec.ValidationError, TypeError):
        return False
    return True


def _parsed(value: str, kind: Any) -> Any:
    try:
        made = msgspec.convert(value, kind)
    except (msgspec.ValidationError, TypeError):
        return value
    return value if isinstance(made, Decimal) and made.is_nan() else made  # NaN does not equal itself
