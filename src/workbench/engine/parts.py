"""The parts of a world: the data of one world class, encoded, and the edits that a call made in it.

A part is bytes: one text of JSON for each field or, for a field that is a dict, for
each of its items. Objects are created from them for one call, as far as the call reads
them; afterwards what was read is encoded and compared, and the objects are dropped. So
the cost of a call is that of what it touches, and no call sees an object of another.
"""

from __future__ import annotations

import dataclasses
import gc
import typing
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, Raw

from ..authoring.lazy import LazyDict, Pending, make_lazy
from ..authoring.record_shapes import Record
from ..authoring.shapes import DICTS, Leaf, Misfit, Shape, Table, all_shapes, decode, encode, key_text, read_key
from ..authoring.world_types import class_location, world_shape
from ..errors import JourneyError
from ..plain import fill_defaults
from ..trace.events import WorldChange
from .changes import differences, keys_to_add, patched


@contextmanager
def without_collection() -> Iterator[None]:
    """Switch garbage collection off while many objects are created, of which none is garbage."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class Codec:
    """Encodes the values of one place of the world: a field, or the items of a dict."""

    def __init__(self, kind: Any, shape: Shape) -> None:
        self.shape = shape
        shapes = list(all_shapes(shape))
        self.computes = any(isinstance(one, Record) and one.computes for one in shapes)
        try:
            self._native = msgspec.json.Decoder(kind).decode
            self._native_all = msgspec.json.Decoder(list[kind]).decode
        except TypeError:  # a union of dataclasses, for example
            self.simple = self.native = False
        else:
            self.native, self.simple = True, all(one.simple for one in shapes)

    def encode(self, value: Any) -> bytes:
        """Encode a value that has not changed; of another the result may hide that it does not fit."""
        return encode(value) if self.simple else encode(self.shape.dump(value))

    def encode_exactly(self, value: Any) -> Raw:
        """Encode a value. Raises Misfit if it would not come back as it is."""
        try:
            data = encode(self.shape.dump(value))
            again = self.encode(self.decode(data))
        except RecursionError:
            raise Misfit("contains itself") from None
        except msgspec.ValidationError as error:
            raise Misfit(f"is not valid: {error}") from None
        if again != data:
            raise Misfit("is changed by its __post_init__ when it is read back")
        return Raw(data)

    def decode(self, data: bytes | Raw) -> Any:
        """Return a new value."""
        return self._native(data) if self.native else self.shape.load(decode(data))

    def decode_all(self, data: list[Raw]) -> list[Any]:
        """Return a new value of each text."""
        if not self.native:
            return [self.decode(one) for one in data]
        with without_collection():
            found: list[Any] = self._native_all(b"[%b]" % b",".join(data))
        return found

    def read(self, data: bytes | Raw) -> Raw:
        """Encode data of a fixture or a recording again, with defaults. Raises msgspec.ValidationError, Misfit."""
        value = fill_defaults(self.decode(data))
        return Raw(self.encode(value)) if self.simple and not self.computes else self.encode_exactly(value)

    def is_same(self, value: Any, data: bytes | Raw) -> bool:
        """Return whether a value is encoded as before, and the encoding hides nothing."""
        try:
            return self.encode(value) == bytes(data) and self._is_clean([value])
        except (TypeError, ValueError, RecursionError, msgspec.MsgspecError):
            return False  # encode_exactly tells why

    def _is_clean(self, values: list[Any]) -> bool:
        return not self.shape.deep or self.shape.clean(values)

    def are_same(self, values: list[Any], data: list[Raw]) -> bool:
        """Return whether many values are encoded as before, at once."""
        try:
            return self.simple and encode(values) == b"[%b]" % b",".join(data) and self._is_clean(values)
        except (TypeError, ValueError, RecursionError, msgspec.MsgspecError):
            return False


class Edit(NamedTuple):
    """A new text for a field or, with `key`, for an item of it; None deletes the item."""

    field: str
    key: Any
    data: Raw | None


class Field:
    """A field that is encoded as a whole."""

    def __init__(self, name: str, kind: Any, shape: Shape) -> None:
        self.name, self.codec = name, Codec(kind, shape)

    def read(self, data: bytes | Raw) -> Any:
        return self.codec.read(data)

    def encode(self, value: Any) -> Any:
        """Encode a value exactly. Raises Misfit."""
        return self.codec.encode_exactly(value)

    def pending(self, data: Any) -> Pending:
        """Return the place of the value in an object."""
        return Pending(lambda: self.codec.decode(data))

    def plain(self, data: Any) -> Any:
        return decode(data)

    def edits(self, data: Any, value: Any) -> tuple[list[Edit], list[WorldChange]]:
        """Return how a value differs from its data. Raises Misfit."""
        if self.codec.is_same(value, data):
            return [], []
        new = self.codec.encode_exactly(value)
        if new == data:
            return [], []
        return [Edit(self.name, None, new)], differences(decode(data), decode(new), (), self.codec.shape)


class TableField(Field):
    """A field that is a dict, encoded by its items."""

    def __init__(self, name: str, kind: Any, shape: Table) -> None:
        super().__init__(name, shape.item_kind, shape.item)
        self.key = shape.key
        self._whole = Codec(kind, shape)

    def read(self, data: bytes | Raw) -> Any:
        if self._whole.native and self._whole.simple and not self._whole.computes:
            return self._split(self._whole.read(data))
        found: dict[Any, Raw] = {}
        for text, item in msgspec.json.decode(data, type=dict[str, Raw]).items():
            try:
                found[read_key(self.key, text)] = self.codec.read(item)
            except Misfit as misfit:
                raise misfit.below(text) from None
        return found

    def _split(self, data: Raw) -> dict[Any, Raw]:
        items = msgspec.json.decode(data, type=dict[str, Raw])
        if _is_text(self.key):
            return items
        found = {read_key(self.key, text): item for text, item in items.items()}
        if len(found) < len(items):
            raise Misfit("has two keys that are equal")
        return found

    def encode(self, value: Any) -> Any:
        return self._split(self._whole.encode_exactly(value))

    def pending(self, data: Any) -> Pending:
        return Pending(lambda: LazyDict.of(data, self.codec.decode, self.codec.decode_all))

    def plain(self, data: Any) -> Any:
        return {key_text(self.key, key): decode(item) for key, item in data.items()}

    def edits(self, data: Any, value: Any) -> tuple[list[Edit], list[WorldChange]]:
        if value.__class__ not in DICTS:
            raise self._whole.shape.wrong(value)
        if isinstance(value, LazyDict) and value.source is not data:
            value.read_all()  # it is that of another field
        added = keys_to_add(data, value)
        touched = [(key, item) for key, item in dict.items(value) if item.__class__ is not Raw]
        kept = [(key, item) for key, item in touched if key in data and key not in added]
        edits = [Edit(self.name, key, None) for key in data if key not in value or key in added]
        changes = [WorldChange([self._text(edit.key)], before=decode(data[edit.key])) for edit in edits]
        known = self.codec.are_same([item for _, item in kept], [data[key] for key, _ in kept])
        for key, item in () if known else kept:
            try:
                some, what = super().edits(data[key], item)
            except Misfit as misfit:
                raise misfit.below(self._text(key)) from None
            edits += [Edit(self.name, key, edit.data) for edit in some]
            changes += [WorldChange([self._text(key), *c.path], c.before, c.after) for c in what]
        for key in added:
            new = self._encode_item(key, value, data)
            edits.append(Edit(self.name, key, new))
            changes.append(WorldChange([self._text(key)], after=decode(new)))
        return edits, changes

    def _encode_item(self, key: Any, value: dict[Any, Any], data: dict[Any, Raw]) -> Raw:
        item = dict.__getitem__(value, key)
        if item.__class__ is Raw:
            return data[key]
        try:
            return self.codec.encode_exactly(item)
        except Misfit as misfit:
            raise misfit.below(self._text(key)) from None

    def _text(self, key: Any) -> str:
        try:
            return key_text(self.key, key)
        except Misfit as misfit:
            raise Misfit(f"the key {key!r:.60} {misfit.why}") from None


def _is_text(key: Shape) -> bool:
    return isinstance(key, Leaf) and key.kind is str


class Schema:
    """The fields of a world class."""

    def __init__(self, kind: type[Any]) -> None:
        shape = world_shape(kind)
        hints = typing.get_type_hints(kind, include_extras=True)
        self.kind, self.name, self.shape = kind, kind.__name__, shape
        self.lazy = make_lazy(kind)
        self.defaults = shape.defaults
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

    def start(self, data: Raw | None) -> dict[str, Any]:
        """Return the encoded fields of a fixture; without data those of the defaults. Raises JourneyError."""
        try:
            if data is None:
                made = self.kind()
            else:
                made = object.__new__(self.kind)
                given = msgspec.json.decode(data, type=dict[str, Raw])
                fields = {name: self._first(name, given) for name in self.fields}
                if not hasattr(made, "__post_init__"):
                    return fields
                self._fill(made, fields)
                made.__post_init__()
            return {name: field.encode(getattr(made, name)) for name, field in self.fields.items()}
        except (msgspec.MsgspecError, Misfit, TypeError, AttributeError) as error:
            at = "/".join(map(str, error.path)) if isinstance(error, Misfit) else ""
            raise JourneyError(
                f"invalid fixture for {self.name}: {f'{at} ' if at else ''}{error}",
                hint=f"compare the fixture's {self.name!r} with the fields of class {self.name}",
            ) from None

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
            except (msgspec.MsgspecError, Misfit) as error:
                raise JourneyError(
                    f"recorded changes of {self.schema.name}/{name} do not fit its class: {error}",
                    where=class_location(self.schema.kind, name),
                    hint="start a new conversation, or record it again",
                ) from None
        self._patches.clear()

    def plain(self) -> dict[str, Any]:
        """Return a plain copy."""
        self._settle()
        return {name: field.plain(self.data[name]) for name, field in self.schema.fields.items()}
