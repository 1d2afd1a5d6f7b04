"""The shapes of values with named fields, and of unions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

import msgspec

from .shapes import ANY, DICTS, Misfit, OneOf, Shape, form_of


class Record(Shape):
    """A dataclass. `defaults` create the values of fields that a fixture leaves out."""

    forms = frozenset(("object",))

    def __init__(self, kind: type[Any]) -> None:
        self.kind, self.name = kind, kind.__name__
        self.fields: dict[str, Shape] = {}
        self.defaults: dict[str, Callable[[], Any]] = {}
        self.has_dict = kind.__dictoffset__ != 0
        self.computes = hasattr(kind, "__post_init__")
        """True if it has a __post_init__, which may change what is read."""

    def parts(self) -> Iterable[Shape]:
        return self.fields.values()

    def accepts(self, value: Any) -> bool:
        return value.__class__ is self.kind

    def dump(self, value: Any) -> Any:
        self._check(value)
        made: dict[str, Any] = {}
        name = ""
        try:
            for name, shape in self.fields.items():
                made[name] = shape.dump(getattr(value, name))
        except Misfit as misfit:
            raise misfit.below(name) from None
        except AttributeError:
            raise Misfit("was deleted", (name,)) from None
        return made

    def _check(self, value: Any) -> None:
        if value.__class__ is not self.kind:
            wrong = self.wrong(value)
            if isinstance(value, self.kind):
                wrong.why += f"; declare {self.name} | {type(value).__name__}"
            raise wrong
        if self.has_dict and len(value.__dict__) > len(self.fields):
            name = next(name for name in value.__dict__ if name not in self.fields)
            raise Misfit(f"is not a field of {self.name}, so it would be lost", (name,))

    def load(self, plain: Any) -> Any:
        if not isinstance(plain, dict):
            raise msgspec.ValidationError(f"Expected `object`, got `{form_of(plain)}`")
        made = object.__new__(self.kind)
        for name, shape in self.fields.items():
            if name in plain:
                object.__setattr__(made, name, shape.load(plain[name]))
            elif name in self.defaults:
                object.__setattr__(made, name, self.defaults[name]())
            else:
                raise msgspec.ValidationError(f"Object missing required field `{name}` of {self.name}")
        if self.computes:
            made.__post_init__()
        return made

    def clean(self, values: Collection[Any]) -> bool:
        if set(map(type, values)) - {self.kind}:
            return False
        if self.has_dict and max(map(len, map(vars, values)), default=0) > len(self.fields):
            return False
        inside = ((shape, name) for name, shape in self.fields.items() if shape.deep)
        return all(shape.clean([getattr(value, name) for value in values]) for shape, name in inside)

    def at(self, key: str | int) -> Shape:
        return self.fields.get(str(key), ANY)

    def fits(self, plain: dict[str, Any]) -> bool:
        """Return whether a plain value may be this dataclass, by its fields and its Literal fields."""
        if not (plain.keys() <= self.fields.keys() and self.fields.keys() - self.defaults.keys() <= plain.keys()):
            return False
        tags = ((name, shape) for name, shape in self.fields.items() if isinstance(shape, OneOf))
        return all(shape.accepts(plain[name]) for name, shape in tags if name in plain)

    def differs(self, other: Record) -> bool:
        """Return whether complete plain values show which of two dataclasses they are."""
        if self.fields.keys() != other.fields.keys():
            return True
        pairs = ((shape, other.fields[name]) for name, shape in self.fields.items())
        return any(
            isinstance(a, OneOf) and isinstance(b, OneOf) and not any(map(b.accepts, a.values)) for a, b in pairs
        )


class Typed(Shape):
    """A TypedDict."""

    forms = frozenset(("object",))

    def __init__(self, kind: Any, required: frozenset[str]) -> None:
        self.name = kind.__name__
        self.fields: dict[str, Shape] = {}
        self.required = required

    def parts(self) -> Iterable[Shape]:
        return self.fields.values()

    def accepts(self, value: Any) -> bool:
        return value.__class__ in DICTS

    def dump(self, value: Any) -> Any:
        if value.__class__ not in DICTS:
            raise self.wrong(value)
        for name in self.required:
            if name not in value:
                raise Misfit(f"has no {name!r}, which {self.name} requires")
        made: dict[str, Any] = {}
        for name, item in value.items():
            if name not in self.fields:
                raise Misfit(f"has the key {name!r:.60}, which {self.name} does not have")
            try:
                made[name] = self.fields[name].dump(item)
            except Misfit as misfit:
                raise misfit.below(name) from None
        return made

    def load(self, plain: Any) -> Any:
        if not isinstance(plain, dict) or not self.required <= plain.keys():
            raise msgspec.ValidationError(f"Expected the keys {', '.join(sorted(self.required))} of {self.name}")
        for name in plain:
            if name not in self.fields:
                raise msgspec.ValidationError(f"Object contains the unknown key `{name:.60}` of {self.name}")
        return {name: self.fields[name].load(item) for name, item in plain.items()}

    def clean(self, values: Collection[Any]) -> bool:
        inside = ((shape, name) for name, shape in self.fields.items() if shape.deep)
        return all(shape.clean([value[name] for value in values if name in value]) for shape, name in inside)

    def at(self, key: str | int) -> Shape:
        return self.fields.get(str(key), ANY)


class Union(Shape):
    """A union whose options differ in plain data, by their JSON type or as dataclasses."""

    def __init__(self, options: list[Shape], name: str) -> None:
        self.options, self.name = options, name
        self.forms = frozenset().union(*(option.forms for option in options))
        self.records = [option for option in options if isinstance(option, Record)]
        self.simple = len(self.records) < 2

    def parts(self) -> Iterable[Shape]:
        return self.options

    def accepts(self, value: Any) -> bool:
        return any(option.accepts(value) for option in self.options)

    def dump(self, value: Any) -> Any:
        return self._of(value).dump(value)

    def _of(self, value: Any) -> Shape:
        for option in self.options:
            if option.accepts(value):
                return option
        number = next((o for o in self.options if "float" in o.forms), None)
        if number is not None and value.__class__ is int:
            return number
        raise self.wrong(value)

    def load(self, plain: Any) -> Any:
        shape = self.option(plain)
        if shape is ANY:
            raise msgspec.ValidationError(f"Expected one of `{self.name}`, got {plain!r:.60}")
        return shape.load(plain)

    def clean(self, values: Collection[Any]) -> bool:
        known = [[value for value in values if option.accepts(value)] for option in self.options]
        whole = sum(map(len, known)) == len(values)
        return whole and all(option.clean(some) for option, some in zip(self.options, known, strict=True))

    def option(self, plain: Any) -> Shape:
        """Return the option that a plain value has; ANY if none fits.

        Of several dataclasses it is the one with exactly these fields, or the first that may leave out others.
        """
        form = form_of(plain)
        fitting: list[Shape] = [option for option in self.options if form in option.forms]
        if form == "object" and len(fitting) > 1:
            known = [record for record in self.records if record.fits(plain)]
            exact = [record for record in known if record.fields.keys() == plain.keys()]
            fitting = list[Shape](exact or known)[:1]
        if form == "int" and not fitting:
            fitting = [option for option in self.options if "float" in option.forms]
        return fitting[0] if len(fitting) == 1 else ANY


def unknown_keys(shape: Shape, plain: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the paths of the keys of plain data that are no fields of their dataclass or TypedDict."""
    shape = shape.option(plain)
    if isinstance(plain, dict):
        for key, value in plain.items():
            if isinstance(shape, Record | Typed) and key not in shape.fields:
                yield (*path, key)
            else:
                yield from unknown_keys(shape.at(key), value, (*path, key))
    elif isinstance(plain, list):
        for index, value in enumerate(plain):
            yield from unknown_keys(shape.at(index), value, (*path, index))


def unwritten_fields(kind: type[Any]) -> dict[str, str]:
    """Return the fields of a dataclass that are not read back, with the reason."""
    found: dict[str, str] = {}
    for name, field in kind.__dataclass_fields__.items():
        if field._field_type is dataclasses._FIELD_INITVAR:  # type: ignore[attr-defined]
            found[name] = "is an InitVar, which is not stored"
        elif not field.init and field._field_type is dataclasses._FIELD:  # type: ignore[attr-defined]
            found[name] = "has init=False, so its value cannot be read back"
    return found
