"""The shapes of lists, tuples, sets and dicts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from itertools import chain
from typing import Any

import msgspec

from .shapes import ANY, DICTS, Misfit, Shape, each, encode, entries, form_of, read_key


class Items(Shape):
    """A list, a tuple of any length or a set; a set is written in the order of its encoded items."""

    forms = frozenset(("array",))

    def __init__(self, kind: type[Any], item: Shape, name: str) -> None:
        self.kind, self.item, self.name = kind, item, name
        self.is_set = kind in (set, frozenset)
        self.simple = not self.is_set

    def parts(self) -> Iterable[Shape]:
        return (self.item,)

    def accepts(self, value: Any) -> bool:
        return value.__class__ is self.kind

    def dump(self, value: Any) -> Any:
        if value.__class__ is not self.kind:
            raise self.wrong(value)
        if not self.is_set:
            return each(self.item, value)
        try:
            return sorted(each(self.item, value), key=encode)
        except Misfit as misfit:  # the items of a set have no position
            raise Misfit(f"has an item that {misfit.why}", misfit.path[1:]) from None

    def load(self, plain: Any) -> Any:
        if not isinstance(plain, list | tuple):
            raise msgspec.ValidationError(f"Expected `array`, got `{form_of(plain)}`")
        return self.kind(map(self.item.load, plain))

    def clean(self, values: Collection[Any]) -> bool:
        return not self.deep or self.item.clean(list(chain.from_iterable(values)))

    def at(self, key: str | int) -> Shape:
        return self.item


class Row(Shape):
    """A tuple of fixed length; `make` creates it from a list."""

    forms = frozenset(("array",))

    def __init__(self, kind: type[Any], items: tuple[Shape, ...], name: str, make: Callable[..., Any]) -> None:
        self.kind, self.items, self.name, self.make = kind, items, name, make

    def parts(self) -> Iterable[Shape]:
        return self.items

    def accepts(self, value: Any) -> bool:
        return value.__class__ is self.kind

    def dump(self, value: Any) -> Any:
        if value.__class__ is not self.kind or len(value) != len(self.items):
            raise self.wrong(value)
        made: list[Any] = []
        try:
            for shape, item in zip(self.items, value, strict=True):
                made.append(shape.dump(item))
        except Misfit as misfit:
            raise misfit.below(len(made)) from None
        return made

    def load(self, plain: Any) -> Any:
        if not isinstance(plain, list | tuple) or len(plain) != len(self.items):
            raise msgspec.ValidationError(f"Expected `array` of length {len(self.items)}")
        return self.make([shape.load(item) for shape, item in zip(self.items, plain, strict=True)])

    def clean(self, values: Collection[Any]) -> bool:
        columns = zip(*values, strict=True) if values else ()
        return not self.deep or all(map(_is_clean, self.items, columns))

    def at(self, key: str | int) -> Shape:
        return self.items[key] if isinstance(key, int) and key < len(self.items) else ANY


def _is_clean(shape: Shape, values: Collection[Any]) -> bool:
    return shape.clean(values)


class Table(Shape):
    """A dict."""

    forms = frozenset(("object",))

    def __init__(self, key: Shape, item: Shape, item_kind: Any, name: str) -> None:
        self.key, self.item, self.item_kind, self.name = key, item, item_kind, name

    def parts(self) -> Iterable[Shape]:
        return (self.key, self.item)

    def accepts(self, value: Any) -> bool:
        return value.__class__ in DICTS

    def dump(self, value: Any) -> Any:
        if value.__class__ not in DICTS:
            raise self.wrong(value)
        return entries(self.key, self.item, value)

    def load(self, plain: Any) -> Any:
        if not isinstance(plain, dict):
            raise msgspec.ValidationError(f"Expected `object`, got `{form_of(plain)}`")
        return {read_key(self.key, key): self.item.load(value) for key, value in plain.items()}

    def clean(self, values: Collection[Any]) -> bool:
        return not self.deep or self.item.clean(list(chain.from_iterable(value.values() for value in values)))

    def at(self, key: str | int) -> Shape:
        return self.item
