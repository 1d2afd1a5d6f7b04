"""The fields of world classes: their data, and the edits that a call made in it."""

from __future__ import annotations

import contextlib
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from ..authoring.container_shapes import Table
from ..authoring.lazy import LazyDict
from ..authoring.shapes import DICTS, Leaf, Misfit, Shape, decode, key_text, read_key
from ..plain import Pending
from ..trace.events import WorldChange
from .changes import differences, keys_to_add
from .codec import Codec


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
        kept = self._kept(data, value, added)
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
            new, text = self._encode_item(key, value), self._text(key)
            edits.append(Edit(self.name, read_key(self.key, text), new))  # the key 1 of a float is 1.0 afterwards
            changes.append(WorldChange([text], after=decode(new)))
        return edits, changes

    def _kept(self, data: dict[Any, Raw], value: dict[Any, Any], added: dict[Any, None]) -> list[tuple[Any, Any]]:
        """Return the items that keep their place and may have changed."""
        if added or len(value) != len(data):
            pairs = ((key, item, data.get(key)) for key, item in dict.items(value) if key not in added)
        else:
            pairs = ((key, item, old) for (key, item), old in zip(dict.items(value), data.values(), strict=True))
        return [(key, self._read(key, item)) for key, item, old in pairs if item is not old]

    def _read(self, key: Any, item: Any) -> Any:
        """Return an item, read if C code moved it here unread. Raises Misfit if it does not fit here."""
        if item.__class__ is not Raw:
            return item
        with contextlib.suppress(Misfit, msgspec.MsgspecError):
            if self.codec.read(item) == item:
                return self.codec.decode(item)
        raise Misfit("was moved here from another field before it was read", (self._text(key),))

    def _encode_item(self, key: Any, value: dict[Any, Any]) -> Raw:
        item = self._read(key, dict.__getitem__(value, key))
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
