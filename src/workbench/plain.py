"""Plain data: convert typed values to and from dicts, lists and scalars; copy, compare and hash them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from .pydantic_types import from_builtins, to_builtins

T = TypeVar("T")


class cached(Generic[T]):
    """A property computed once, without the lock of functools, which is slow at every answer of a replay."""

    def __init__(self, work: Callable[[Any], T]) -> None:
        self.work, self.name, self.__doc__ = work, work.__name__, work.__doc__

    def __get__(self, owner: Any, kind: type[Any]) -> T:
        value: T = self.work(owner)
        owner.__dict__[self.name] = value
        return value


def _return(value: Any) -> Any:
    return value


class Pending:
    """The place of a value of the world that was not read yet; see authoring/lazy.py."""

    __slots__ = ("load",)

    def __init__(self, load: Callable[[], Any]) -> None:
        self.load = load

    def __reduce__(self) -> tuple[Any, ...]:
        return _return, (self.load(),)  # a copy of the object has the value


def to_plain(value: Any) -> Any:
    """Convert dataclasses, enums, dates and the like to plain data (dict, list, str, number, bool, None).

    Raises TypeError for a value without a plain form.
    """
    return msgspec.to_builtins(value, str_keys=True, enc_hook=_decoded)


def _decoded(value: Any) -> Any:
    """Decode a part of the world that was not read yet, or return a model of pydantic as plain data."""
    if isinstance(value, Pending):
        return value.load()
    if isinstance(value, msgspec.Raw):
        return msgspec.json.decode(value)
    return to_builtins(value)


def from_plain(value: Any, kind: Any) -> Any:
    """Convert plain data to `kind`, the opposite of `to_plain`. Raises msgspec.ValidationError."""
    return fill_defaults(msgspec.convert(value, kind, dec_hook=from_builtins))


def fill_defaults(value: T) -> T:
    """Set dataclass defaults on the objects of a value, because msgspec leaves them on the class."""
    _fill(value)
    return value


_SCALARS = frozenset({str, int, float, bool, type(None)})


def _fill(value: Any) -> None:
    kind = value.__class__
    parts: Any
    if kind is list or kind is tuple or kind is set:
        parts = value
    elif kind is dict:
        parts = value.values()
    elif hasattr(kind, "__dataclass_fields__"):
        own = getattr(value, "__dict__", None)
        if own is not None and len(own) < len(kind.__dataclass_fields__):
            for name in kind.__dataclass_fields__:
                if name not in own:
                    object.__setattr__(value, name, getattr(value, name))
        parts = own.values() if own is not None else [getattr(value, n) for n in kind.__dataclass_fields__]
    elif isinstance(value, msgspec.Struct):
        parts = [getattr(value, name) for name in value.__struct_fields__]
    else:
        return
    for part in parts:
        if part.__class__ not in _SCALARS:
            _fill(part)


def copy_plain(value: Any) -> Any:
    """Copy plain data, so that changes to the copy do not change the recording."""
    return msgspec.to_builtins(value)


def plain_equal(a: Any, b: Any) -> bool:
    """Compare plain values: 25 equals 25.0, but 1 does not equal true."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(plain_equal(v, b[k]) for k, v in a.items())
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(plain_equal, a, b))
    return bool(a == b) and isinstance(a, bool) == isinstance(b, bool)


def escape_surrogates(text: str) -> str:
    """Escape lone surrogates, which cannot be encoded as UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()


def indented_json(value: Any, indent: int = 2) -> bytes:
    """Encode plain data as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(value), indent=indent)


def content_hash(value: Any) -> str:
    """Hash plain data: 12 hex digits."""
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()[:12]
