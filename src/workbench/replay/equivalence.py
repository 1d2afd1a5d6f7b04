"""Compare two plain values: a recorded tool result and the one of today's code.

Values are equal by their declared type (see `declared`): "25.0" equals "25.00" where
a Decimal is declared, and nowhere else. Ignored is, if the tool declares it, the
order of a list; and in an imported transcript, which has the ids of another system,
an id that was generated in this run (see `GeneratedIds`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from msgspec import UNSET

from ..authoring.tool import Unordered
from ..plain import to_plain
from ..trace.events import WorldChange
from .declared import as_declared, item_type


class WriteDifference(NamedTuple):
    """The first difference between two sets of world changes: `why` in words, and the changes."""

    why: str
    recorded: str
    current: str


class GeneratedIds:
    """Pairs the ids of an imported conversation with the ids that `Ids` generated in this run.

    A recorded text may be an id of the other system only where it appears first: `is_new`
    returns whether no earlier event contains it. Each is paired with one generated id,
    for the rest of the conversation.
    """

    def __init__(self, made: Collection[str], is_new: Callable[[str], bool]) -> None:
        self.made = made
        self.is_new = is_new
        self._pairs: dict[str, str] = {}  # generated id by recorded id

    def equal(self, then: str, now: str) -> bool:
        if then in self._pairs:
            return self._pairs[then] == now
        if now not in self.made or now in self._pairs.values() or not self.is_new(then):
            return False
        self._pairs[then] = now
        return True

    def snapshot(self) -> dict[str, str]:
        return dict(self._pairs)

    def restore(self, pairs: dict[str, str]) -> None:
        self._pairs = pairs


class ValueComparer:
    """Compares values of one conversation; `ids` pairs generated ids if the recording has others."""

    def __init__(self, ids: GeneratedIds | None = None) -> None:
        self.ids = ids

    def first_difference(
        self, then: Any, now: Any, unordered: Unordered = False, path: str = "", kind: Any = Any
    ) -> str:
        """Return the first difference of two plain values of the declared type `kind`; "" if there is none."""
        return self._difference(as_declared(then, kind), as_declared(now, kind), unordered, path)

    def _difference(self, then: Any, now: Any, unordered: Unordered, path: str) -> str:
        if isinstance(then, dict) and isinstance(now, dict):
            return self._objects(then, now, unordered, path)
        if isinstance(then, list) and isinstance(now, list):
            free = unordered is True or (unordered and path.rsplit(".", 1)[-1] in unordered)
            return self._lists(then, now, unordered, path, bool(free))
        if self._equal(then, now):
            return ""
        return f"{path or 'it'} was {_shown(then)}, is {_shown(now)}"

    def _equal(self, then: Any, now: Any) -> bool:
        if isinstance(then, str) and isinstance(now, str):
            return then == now or (self.ids is not None and self.ids.equal(then, now))
        return bool(isinstance(then, bool) == isinstance(now, bool) and then == now)

    def _objects(self, then: dict[str, Any], now: dict[str, Any], unordered: Unordered, path: str) -> str:
        left = dict(now)
        for key, value in then.items():
            mine = key if key in left else next((k for k in left if self._equal(key, k)), None)
            at = f"{path}.{key}".lstrip(".")
            if mine is None:
                return f"{at} is missing"
            found = self._difference(value, left.pop(mine), unordered, at)
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
            found = self._difference(value, left.pop(mine), unordered, f"{path}[{index}]")
            if found:
                return found
        return ""

    def _fits(self, then: Any, now: Any, unordered: Unordered, path: str) -> bool:
        """Return whether two items of an unordered list are equal; if not, no ids are matched up."""
        pairs = self.ids.snapshot() if self.ids is not None else {}
        fit = not self._difference(then, now, unordered, path)
        if not fit and self.ids is not None:
            self.ids.restore(pairs)
        return fit

    def write_difference(
        self, then: list[WorldChange], now: list[WorldChange], kinds: Mapping[str, Any] | None = None
    ) -> WriteDifference | None:
        """Return how the world changes of a call differ from the recorded ones; None if they do not.

        `kinds` are the world classes by name.
        """
        # by what they do, because a key that moves is deleted and made
        old, new = ({_action(c): c for c in changes} for changes in (then, now))
        lost = [old[action] for action in old if action not in new]
        more = [new[action] for action in new if action not in old]
        if lost or more:
            whys = [f"it no longer {_action(c)}" for c in lost[:1]]
            whys += [f"it {_action(c)}, which it did not before" for c in more[:1]]
            return WriteDifference("; ".join(whys), _all(lost), _all(more))
        for action, was in old.items():
            made, kind = new[action], _declared(was, kinds or {})
            if self.first_difference(was.before, made.before, kind=kind) or self.first_difference(
                was.after, made.after, kind=kind
            ):
                return WriteDifference(f"it {action} to a different value", _describe(was), _describe(made))
        return None


def _path(change: WorldChange) -> str:
    return "/".join(map(str, change.path))


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


def _declared(change: WorldChange, kinds: Mapping[str, Any]) -> Any:
    """Return the declared type of the place that was changed."""
    kind = kinds.get(str(change.path[0]), Any)
    for key in change.path[1:]:
        kind = item_type(kind, key)
    return kind


def _shown(value: Any) -> str:
    """Describe a value as the file has it."""
    return f"{to_plain(value)!r:.80}"
