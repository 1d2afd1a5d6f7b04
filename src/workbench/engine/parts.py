"""The parts of a world: the data of one world class, encoded, and the edits that a call made in it.

A part is bytes: one text of JSON for each field or, for a field that is a dict, for
each of its items. Objects are created from them for one call, as far as the call reads
them; afterwards what was read is encoded and compared, and the objects are dropped. So
the cost of a call is that of what it touches, and no call sees an object of another.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from msgspec import UNSET, Raw

from ..authoring.container_shapes import Table
from ..authoring.lazy import make_lazy
from ..authoring.record_shapes import Record
from ..authoring.shapes import Misfit, Shape, all_shapes, decode, encode, read_key
from ..authoring.world_types import check_computed, class_location, world_shape
from ..errors import JourneyError
from ..plain import Pending
from ..source import fault_location
from ..trace.events import WorldChange
from .changes import patched
from .faults import JOURNEY_EXCEPTIONS, describe_exception
from .fields import Edit, Field, TableField


class Schema:
    """The fields of a world class."""

    def __init__(self, kind: type[Any]) -> None:
        shape = world_shape(kind)
        hints = typing.get_type_hints(kind, include_extras=True)
        self.kind, self.name, self.shape = kind, kind.__name__, shape
        self.lazy = make_lazy(kind)
        self.defaults = shape.defaults
        self.computes = any(isinstance(one, Record) and one.computes for one in all_shapes(shape))
        """True if a class in it has a __post_init__."""
        self.fields: dict[str, Field] = {
            name: TableField(name, hints[name], inner)
            if isinstance(inner, Table)
            else Field(name, hints[name], inner)
            for name, inner in shape.fields.items()
        }

    @classmethod
    def of(cls, kind: type[Any]) -> Schema:
        """Return the schema of a class, made once. Raises JourneyError for a class that a world cannot hold."""
        found: Schema | None = vars(kind).get("__workbench_schema__")
        if found is None:
            found = cls(kind)
            setattr(kind, "__workbench_schema__", found)
        return found

    def check(self, data: Raw | None) -> None:
        """Check what `__post_init__` makes of a fixture. Raises JourneyError for what is a fault of the class.

        Call it at the time of a conversation, which stands still.
        """
        check_computed(self.shape)
        try:
            part = Part(self, self.start(data))
            with self._reported():
                for edit in part.edits(part.create())[0]:
                    raise Misfit("is changed each time __post_init__ runs", (edit.field,))
        except JourneyError as error:
            by_defaults = data is None and self.shape.fields.keys() <= self.defaults.keys()
            if by_defaults or error.code == "world-type":
                raise

    def start(self, data: Raw | None) -> dict[str, Any]:
        """Return the encoded fields of a fixture; without data those of the defaults. Raises JourneyError."""
        with self._reported():
            found = self._given(data)
            if hasattr(self.kind, "__post_init__"):
                part = Part(self, found)
                part.commit(part.edits(part.create())[0])
                found = part.data
            return found

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except JOURNEY_EXCEPTIONS as error:  # of its __post_init__ and the defaults, too
            at = "/".join(map(str, error.path)) if isinstance(error, Misfit) else ""
            message = f"invalid fixture for {self.name}: {f'{at} ' if at else ''}{_described(error)}"
            if self.computes and isinstance(error, Misfit):
                raise JourneyError(
                    message,
                    where=self._location(error),
                    hint="declare it, and let __post_init__ change nothing when it runs again",
                    code="world-type",
                ) from None
            raise JourneyError(
                message,
                where=fault_location(error)[0],
                hint=f"compare the fixture's {self.name!r} with the fields of class {self.name}",
            ) from None

    def _location(self, misfit: Misfit) -> str:
        owner: Record = self.shape
        shape: Shape = owner
        for key in misfit.path:
            shape = shape.at(key)
            owner = next((one for one in all_shapes(shape) if isinstance(one, Record) and one.computes), owner)
        return class_location(owner.kind, "__post_init__")

    def _given(self, data: Raw | None) -> dict[str, Any]:
        if data is not None:
            given = msgspec.json.decode(data, type=dict[str, Raw])
            return {name: self._first(name, given) for name in self.fields}
        made = self.kind()
        found: dict[str, Any] = {}
        for name, field in self.fields.items():
            try:
                found[name] = field.encode(getattr(made, name))
            except Misfit as misfit:
                raise misfit.below(name) from None
        return found

    def _first(self, name: str, given: dict[str, Raw]) -> Any:
        field = self.fields[name]
        try:
            if name in given:
                return field.read(given[name])
            if name in self.defaults:
                return field.encode(self.defaults[name]())
        except Misfit as misfit:
            raise misfit.below(name) from None
        except msgspec.ValidationError as error:
            raise msgspec.ValidationError(f"{error}, in `{name}`") from None
        raise msgspec.ValidationError(f"Object missing required field `{name}`")

    def _fill(self, made: Any, data: dict[str, Any]) -> None:
        for name, lazy in self.lazy.items():
            lazy.__set__(made, self.fields[name].pending(data[name]))


class Part:
    """The data of one world class in one conversation; `data` is shared until it is edited."""

    def __init__(self, schema: Schema, data: dict[str, Any]) -> None:
        self.schema = schema
        self.data = dict(data)
        self._shared = {name for name, value in data.items() if isinstance(value, dict)}
        self._patches: dict[tuple[str, Any], Any] = {}  # plain values that recorded changes led to

    def create(self) -> Any:
        """Return a new object for a call."""
        self._settle()
        made = object.__new__(self.schema.kind)
        self.schema._fill(made, self.data)
        if hasattr(made, "__post_init__"):
            made.__post_init__()
        return made

    def edits(self, made: Any) -> tuple[list[Edit], list[WorldChange]]:
        """Return how an object differs from the data. Raises Misfit."""
        edits: list[Edit] = []
        changes: list[WorldChange] = []
        name = ""
        try:
            for name, lazy in self.schema.lazy.items():
                value = lazy.peek(made)
                if value is dataclasses.MISSING:
                    raise Misfit("was deleted")
                if value.__class__ is not Pending:
                    some, what = self.schema.fields[name].edits(self.data[name], value)
                    edits += some
                    changes += [WorldChange([self.schema.name, name, *c.path], c.before, c.after) for c in what]
            for name in getattr(made, "__dict__", ()):
                if name not in self.schema.lazy:
                    raise Misfit(f"is not a field of {self.schema.name}, so it would be lost")
        except Misfit as misfit:
            raise misfit.below(name).below(self.schema.name) from None
        return edits, changes

    def commit(self, edits: Iterable[Edit]) -> None:
        for name, key, data in edits:
            if not isinstance(self.schema.fields[name], TableField):
                self.data[name] = data
            elif data is None:
                self._own(name).pop(key, None)
            else:
                self._own(name)[key] = data

    def _own(self, name: str) -> dict[Any, Raw]:
        if name in self._shared:
            self.data[name] = dict(self.data[name])
            self._shared.remove(name)
        found: dict[Any, Raw] = self.data[name]
        return found

    def apply(self, path: list[str | int], change: WorldChange) -> None:
        """Apply a recorded change at this path below the class; one of an unknown field has no effect."""
        name = str(path[0]) if path else ""
        field = self.schema.fields.get(name)
        if field is None:
            return
        if isinstance(field, TableField) and (name, None) in self._patches:
            self._settle()
        key = None
        inside = path[1:]
        if isinstance(field, TableField) and inside:
            key, *inside = read_key(field.key, str(inside[0])), *inside[1:]
        at = name, key
        if not inside and key is not None:
            self._patches.pop(at, None)
            if change.after is UNSET:
                self._own(name).pop(key, None)
                return
            self._own(name).setdefault(key, Raw(b"null"))
        if at not in self._patches and inside:
            data = self.data[name] if key is None else self._own(name).setdefault(key, Raw(b"{}"))
            self._patches[at] = field.plain(data) if key is None else decode(data)
        self._patches[at] = patched(self._patches.get(at), [WorldChange(inside, change.before, change.after)])

    def _settle(self) -> None:
        """Encode what recorded changes led to. Raises JourneyError if it does not fit the class."""
        for (name, key), plain in self._patches.items():
            field = self.schema.fields[name]
            try:
                if key is None:
                    self.data[name] = field.read(encode(plain))
                    self._shared.discard(name)
                else:
                    self._own(name)[key] = field.codec.read(encode(plain))
            except JOURNEY_EXCEPTIONS as error:  # of a __post_init__, too
                raise JourneyError(
                    f"recorded changes of {self.schema.name}/{name} do not fit its class: {_described(error)}",
                    where=class_location(self.schema.kind, name),
                    hint="start a new conversation, or record it again",
                ) from None
        self._patches.clear()

    def plain(self) -> dict[str, Any]:
        """Return a plain copy."""
        self._settle()
        return {name: field.plain(self.data[name]) for name, field in self.schema.fields.items()}


def _described(error: BaseException) -> str:
    return str(error) if isinstance(error, msgspec.MsgspecError | Misfit) else describe_exception(error)
