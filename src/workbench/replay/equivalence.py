"""Compare two plain values: a recorded tool result and the one of today's code.

Ignored: number formatting ("25.0", "25.00"), timestamp formatting, ids generated
by this run (each recorded id may correspond to one of them) and, if the tool
declares it, the order of a list.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from msgspec import UNSET

from ..authoring.tool import Unordered
from ..trace.events import WorldChange

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
_NUMBER = re.compile(r"-?\d+(\.\d+)?$")


class WriteDifference(NamedTuple):
    """The first difference between two sets of world changes: `why` in words, and the changes."""

    why: str
    recorded: str
    current: str


class ValueComparer:
    """Compares values of one conversation; `made` are the ids generated in this run so far, and may grow."""

    def __init__(self, made: Collection[str] = ()) -> None:
        self.generated_ids = made
        self._stands_for: dict[str, str] = {}  # generated id by recorded id
        self._taken: set[str] = set()

    def first_difference(self, then: Any, now: Any, unordered: Unordered = False, path: str = "") -> str:
        here = path or "it"
        if isinstance(then, dict) and isinstance(now, dict):
            return self._objects(then, now, unordered, path)
        if isinstance(then, list) and isinstance(now, list):
            free = unordered is True or (unordered and path.rsplit(".", 1)[-1] in unordered)
            return self._lists(then, now, unordered, path, bool(free))
        if isinstance(then, str) and isinstance(now, str):
            return "" if self._strings(then, now) else f"{here} was {then!r:.80}, is {now!r:.80}"
        if isinstance(then, bool) == isinstance(now, bool) and then == now:
            return ""
        return f"{here} was {then!r:.80}, is {now!r:.80}"

    def _objects(self, then: dict[str, Any], now: dict[str, Any], unordered: Unordered, path: str) -> str:
        left = dict(now)
        for key, value in then.items():
            mine = key if key in left else next((k for k in left if self._strings(key, k)), None)
            at = f"{path}.{key}".lstrip(".")
            if mine is None:
                return f"{at} is missing"
            found = self.first_difference(value, left.pop(mine), unordered, at)
            if found:
                return found
        return f"{path}.{next(iter(left))} is new".lstrip(".") if left else ""

    def _lists(self, then: list[Any], now: list[Any], unordered: Unordered, path: str, free: bool) -> str:
        if len(then) != len(now):
            return f"{path or 'it'} had {len(then)} items, has {len(now)}"
        left = list(now)
        for index, value in enumerate(then):
            mine = 0
            if free:
                mine = next((n for n, other in enumerate(left) if self._fits(value, other, unordered, path)), 0)
            found = self.first_difference(value, left.pop(mine), unordered, f"{path}[{index}]")
            if found:
                return found
        return ""

    def _fits(self, then: Any, now: Any, unordered: Unordered, path: str) -> bool:
        """Return whether two items of an unordered list are equal; if not, no ids are matched up."""
        stands_for, taken = dict(self._stands_for), set(self._taken)
        fit = not self.first_difference(then, now, unordered, path)
        if not fit:
            self._stands_for, self._taken = stands_for, taken
        return fit

    def _strings(self, then: str, now: str) -> bool:
        if then == now:
            return True
        if _NUMBER.match(then) and _NUMBER.match(now) and "." in then + now:
            return _decimal(then) == _decimal(now)
        if _INSTANT.match(then) and _INSTANT.match(now):
            return _instant(then) is not None and _instant(then) == _instant(now)
        return self._ids(then, now)

    def _ids(self, then: str, now: str) -> bool:
        if now not in self.generated_ids or then.split("-")[0] != now.split("-")[0]:
            return False
        if then not in self._stands_for and now not in self._taken:
            self._stands_for[then] = now
            self._taken.add(now)
        return self._stands_for.get(then) == now

    def write_difference(self, then: list[WorldChange], now: list[WorldChange]) -> WriteDifference | None:
        """Return how the world changes of a call differ from the recorded ones; None if they do not."""
        old, new = ({_path(c): c for c in changes} for changes in (then, now))
        lost = [old[path] for path in old if path not in new]
        more = [new[path] for path in new if path not in old]
        if lost or more:
            whys = [f"it no longer {_action(c)}" for c in lost[:1]]
            whys += [f"it {_action(c)}, which it did not before" for c in more[:1]]
            return WriteDifference("; ".join(whys), _all(lost), _all(more))
        for path, was in old.items():
            if self.first_difference(_sides(was), _sides(new[path])):
                how = (
                    " to a different value" if _action(was) == _action(new[path]) else ", which it did not before"
                )
                return WriteDifference(f"it {_action(new[path])}{how}", _describe(was), _describe(new[path]))
        return None


def _path(change: WorldChange) -> str:
    return "/".join(map(str, change.path))


def _sides(change: WorldChange) -> dict[str, Any]:
    sides = {"before": change.before, "after": change.after}
    return {name: value for name, value in sides.items() if value is not UNSET}


def _action(change: WorldChange) -> str:
    """Describe a change without values: "deletes Shop/orders/OL-1"."""
    verb = "makes" if change.before is UNSET else "deletes" if change.after is UNSET else "changes"
    return f"{verb} {_path(change)}"


def _describe(change: WorldChange) -> str:
    """Describe a change in one line: "changes Shop/orders/OL-1/returned from False to True"."""
    if change.before is UNSET:
        return f"{_action(change)}: {change.after!r}"
    return (
        _action(change)
        if change.after is UNSET
        else f"{_action(change)} from {change.before!r} to {change.after!r}"
    )


def _all(changes: list[WorldChange]) -> str:
    return "; ".join(map(_describe, changes)) or "no change"


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _instant(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
