"""Values of the world that are read when journey code first touches them.

A world may be large, and a call touches little of it. The fields of a `@world` object
are read one by one, and so are the items of a field that is a dict.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator
from types import MemberDescriptorType
from typing import Any

from msgspec import Raw

from ..plain import Pending


class LazyDict(dict[Any, Any]):
    """A dict whose values are encoded (`Raw`) until they are read; to journey code it is a dict.

    Nothing is noted: each value that is not `Raw` may have changed.
    """

    __slots__ = ("_decode", "_decode_all", "source")

    source: dict[Any, Raw]
    _decode: Callable[[Raw], Any]
    _decode_all: Callable[[list[Raw]], list[Any]]

    def __new__(cls, *args: Any, **named: Any) -> Any:
        return dict(*args, **named)  # what is made with type(this) is a dict, as by dataclasses.asdict

    @classmethod
    def of(
        cls, data: dict[Any, Raw], decode: Callable[[Raw], Any], decode_all: Callable[[list[Raw]], list[Any]]
    ) -> LazyDict:
        made: LazyDict = dict.__new__(cls)
        dict.update(made, data)
        made.source, made._decode, made._decode_all = data, decode, decode_all
        return made

    def read_all(self) -> LazyDict:
        """Read all values."""
        left = {key: value for key, value in dict.items(self) if value.__class__ is Raw}
        if left:
            dict.update(self, zip(left, self._decode_all(list(left.values())), strict=True))
        return self

    def __getitem__(self, key: Any) -> Any:
        value = dict.__getitem__(self, key)
        if value.__class__ is Raw:
            value = self._decode(value)
            dict.__setitem__(self, key, value)
        return value

    def get(self, key: Any, default: Any = None) -> Any:
        return self[key] if key in self else default  # noqa: SIM401

    def pop(self, key: Any, *default: Any) -> Any:
        if key in self:
            _ = self[key]
        return dict.pop(self, key, *default)

    def popitem(self) -> tuple[Any, Any]:
        for key in reversed(self):
            return key, self.pop(key)
        return dict.popitem(self)  # raises KeyError

    def setdefault(self, key: Any, default: Any = None) -> Any:
        dict.setdefault(self, key, default)
        return self[key]

    def values(self) -> Any:
        return dict.values(self.read_all())

    def items(self) -> Any:
        return dict.items(self.read_all())

    def __iter__(self) -> Iterator[Any]:  # overridden, so that dict(this) reads items with __getitem__
        return dict.__iter__(self)

    def copy(self) -> dict[Any, Any]:
        return dict(self.items())

    def __eq__(self, other: object) -> bool:
        return dict.__eq__(self.read_all(), other.read_all() if isinstance(other, LazyDict) else other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None

    def __or__(self, other: Any) -> Any:
        return self.copy() | other

    def __ror__(self, other: Any) -> Any:
        return other | self.copy()

    def __repr__(self) -> str:
        return dict.__repr__(self.read_all())

    def __reduce_ex__(self, _: Any) -> tuple[Any, ...]:
        return dict, (self.copy(),)


class LazyField:
    """A field of a world class: reads a pending value when it is first needed."""

    def __init__(self, name: str, default: Any, slot: Any = None) -> None:
        self.name = name
        self._default = default
        self._slot = slot

    def peek(self, obj: Any) -> Any:
        """Return the value without reading it; MISSING if there is none."""
        if self._slot is None:
            return obj.__dict__.get(self.name, self._default)
        try:
            return self._slot.__get__(obj)
        except AttributeError:
            return dataclasses.MISSING

    def __get__(self, obj: Any, owner: type[Any] | None = None) -> Any:
        value = self._default if obj is None else self.peek(obj)
        if value is dataclasses.MISSING:
            raise AttributeError(f"{(owner or type(obj)).__name__!r} has no attribute {self.name!r}")
        if value.__class__ is Pending:
            value = value.load()
            self.__set__(obj, value)
        return value

    def __set__(self, obj: Any, value: Any) -> None:
        if self._slot is None:
            obj.__dict__[self.name] = value
        else:
            self._slot.__set__(obj, value)

    def __delete__(self, obj: Any) -> None:
        if self._slot is None:
            del obj.__dict__[self.name]
        else:
            self._slot.__delete__(obj)


def make_lazy(kind: type[Any]) -> dict[str, LazyField]:
    """Make the fields of a dataclass lazy, once, and return them by name."""
    found: dict[str, LazyField] = {}
    for field in dataclasses.fields(kind):
        present = inspect.getattr_static(kind, field.name, None)
        if not (isinstance(present, LazyField) and field.name in vars(kind)):
            slot = present if isinstance(present, MemberDescriptorType) else getattr(present, "_slot", None)
            present = LazyField(field.name, field.default, slot)
            setattr(kind, field.name, present)
        found[field.name] = present
    return found
