"""The changes of a call: the differences of plain values, and their application."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import UNSET

from ..authoring.container_shapes import Items
from ..authoring.shapes import ANY, Shape
from ..trace.events import WorldChange

Path = tuple[str | int, ...]


def differences(before: Any, after: Any, path: Path = (), shape: Shape = ANY) -> list[WorldChange]:
    """Return the differences between two plain values as changes that lead from one to the other.

    Lists of equal length are compared item by item; for a longer list the new items are
    added; any other list, and a set, is one change. A key that moved is deleted and added.
    """
    shape = shape.option(before)
    if before.__class__ is not after.__class__ or _is_set(shape):
        pass
    elif isinstance(before, dict):
        changes: list[WorldChange] = []
        added = keys_to_add(before, after)
        for key, value in before.items():
            here = (*path, key)
            if key not in after or key in added:
                changes.append(WorldChange(list(here), before=value))
            else:
                changes += differences(value, after[key], here, shape.at(key))
        return changes + [WorldChange([*path, key], after=after[key]) for key in added]
    elif isinstance(before, list) and len(before) <= len(after):
        changes = []
        for index, value in enumerate(before):
            changes += differences(value, after[index], (*path, index), shape.at(index))
        changes += [WorldChange([*path, index], after=after[index]) for index in range(len(before), len(after))]
        return changes
    if _same(before, after):
        return []
    return [WorldChange(list(path), before=before, after=after)]


def _is_set(shape: Shape) -> bool:
    return isinstance(shape, Items) and shape.is_set


def _same(before: Any, after: Any) -> bool:
    """Compare scalars and sets as they are written: 1 is neither 1.0 nor true, and 0.0 is not -0.0."""
    return before.__class__ is after.__class__ and repr(before) == repr(after)


def keys_to_add(before: dict[Any, Any], after: dict[Any, Any]) -> dict[Any, None]:
    """Return the keys of `after` to add at the end, so that the order becomes that of `after`.

    Those that `before` has are deleted first.
    """
    if len(before) == len(after) and list(before) == list(after):
        return {}
    places = {key: place for place, key in enumerate(before)}
    last = -1
    added: dict[Any, None] = {}
    for key in after:
        place = -1 if added else places.get(key, -1)
        if place > last:
            last = place
        else:
            added[key] = None
    return added


def patched(value: Any, changes: Iterable[WorldChange]) -> Any:
    """Apply changes to a plain value and return it; a part that is missing is created.

    Raises LookupError or TypeError if the value has another form than the changes.
    """
    for change in changes:
        if not change.path:
            value = change.after
            continue
        *way, last = change.path
        spot: Any = value
        for key in way:
            spot = spot.setdefault(key, {}) if isinstance(spot, dict) else spot[key]
        if isinstance(spot, list) and last == len(spot) and change.after is not UNSET:
            spot.append(change.after)
        elif change.after is not UNSET:
            spot[last] = change.after
        elif isinstance(spot, dict):
            spot.pop(last, None)
        else:
            del spot[last]
    return value
