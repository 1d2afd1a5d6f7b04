"""The world of one conversation: created from a fixture, changed by tools, compared and restored."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from ..authoring.world import Clock, Ids, is_client, is_random
from ..errors import JourneyError
from ..plain import from_plain, to_plain
from ..trace.events import AnyEvent, HttpExchange, ToolResult, WorldChange


class HttpProvider(Protocol):
    """Creates the HTTP clients that are injected into tools.

    `client` creates a client of this class for the call at `step_id`. `drain` returns
    the exchanges since the last drain. A provider that answers from a recording uses
    `expect` for the exchanges of the next call, and reports `unmatched` requests.
    """

    unmatched: list[str]

    def client(self, kind: type[Any], step_id: tuple[int, int, int]) -> Any: ...
    def drain(self) -> list[HttpExchange]: ...
    def expect(self, exchanges: Sequence[HttpExchange]) -> None: ...


class World:
    """The live objects of one conversation's world, created from a fixture's plain data when first needed.

    `start` maps class names to plain data; a class without an entry starts from its
    defaults. `generated` are the ids created so far; `kinds` are the injectable classes.
    """

    def __init__(
        self,
        start: dict[str, Any],
        *,
        now: datetime,
        seed: int,
        http: HttpProvider | None = None,
        kinds: Iterable[type[Any]] = (),
    ) -> None:
        self.clock = Clock(now)
        self.generated: set[str] = set()
        self.http = http
        self._seed = seed
        self._start = start
        self._kinds = kinds
        self._parts: dict[str, Any] = {}
        self._pending: dict[str, list[WorldChange]] = {}

    def get(self, kind: type[Any], step_id: tuple[int, int, int]) -> Any:
        """Return the object to inject for `kind`. Raises JourneyError if the fixture does not fit."""
        if kind is Clock:
            return self.clock
        if kind is Ids:
            turn, answer, call = step_id
            return Ids(f"{turn}{answer:02}{call:02}", self.generated)
        if is_random(kind):
            import random

            return random.Random(f"{self._seed}:{step_id}")
        if is_client(kind):
            if self.http is None:
                raise JourneyError("no HTTP client is available here")
            return self.http.client(kind, step_id)
        name = kind.__name__
        if name not in self._parts:
            data = self._start.get(name)
            try:
                if name in self._pending:
                    data = patch(to_plain(kind() if data is None else data), self._pending.pop(name))
                self._parts[name] = kind() if data is None else from_plain(data, kind)
            except (msgspec.ValidationError, TypeError) as error:
                raise JourneyError(
                    f"invalid fixture for {name}: {error}",
                    hint=f"compare the fixture's {name!r} with the fields of class {name}",
                ) from None
        return self._parts[name]

    def snapshot(self, kinds: Iterable[type[Any]]) -> dict[str, Any]:
        """Return plain copies of the objects of these classes, by class name."""
        return {k.__name__: to_plain(self._parts[k.__name__]) for k in kinds if k.__name__ in self._parts}

    def state_after(self, events: Iterable[AnyEvent]) -> dict[str, Any]:
        """Return a plain copy of the world after these recorded events, by class name."""
        for event in events:
            if isinstance(event, ToolResult):
                self.apply(event.changed)
        return self.state()

    def state(self) -> dict[str, Any]:
        """Return a plain copy of the whole world by class name; classes no tool uses as in the fixture."""
        for kind in self._kinds:
            with contextlib.suppress(JourneyError):
                self.get(kind, (0, 0, 0))
        names = {**self._start, **self._pending}
        found = {n: patch(to_plain(self._start.get(n, {})), self._pending.get(n, [])) for n in names}
        return found | {name: to_plain(part) for name, part in self._parts.items()}

    def apply(self, changes: Iterable[WorldChange]) -> None:
        """Apply recorded changes, also to objects that are already in use."""
        for change in changes:
            name, inside = str(change.path[0]), WorldChange(change.path[1:], change.before, change.after)
            if name in self._parts:
                part = self._parts[name]
                self._parts[name] = from_plain(patch(to_plain(part), [inside]), type(part))
            else:
                self._pending.setdefault(name, []).append(inside)


def world_changes(before: Any, after: Any, path: tuple[str | int, ...] = ()) -> list[WorldChange]:
    """Return the differences between two plain values as changes, in key order.

    Lists of equal length are compared item by item; for a longer list the new
    items are added; any other list is one change.
    """
    if before == after and type(before) is type(after):
        return []
    if isinstance(before, dict) and isinstance(after, dict):
        changes: list[WorldChange] = []
        for key in [*before, *(k for k in after if k not in before)]:
            here = (*path, key)
            if key not in after:
                changes.append(WorldChange(list(here), before=before[key]))
            elif key not in before:
                changes.append(WorldChange(list(here), after=after[key]))
            else:
                changes += world_changes(before[key], after[key], here)
        return changes
    if isinstance(before, list) and isinstance(after, list) and len(before) <= len(after):
        changes = []
        for index, value in enumerate(before):
            changes += world_changes(value, after[index], (*path, index))
        changes += [WorldChange([*path, index], after=after[index]) for index in range(len(before), len(after))]
        return changes
    return [WorldChange(list(path), before=before, after=after)]


def patch(value: Any, changes: Iterable[WorldChange]) -> Any:
    """Apply `changes` to a plain value and return it; the inverse of world_changes()."""
    for change in changes:
        if not change.path:
            value = change.after
            continue
        *way, last = change.path
        spot: Any = value
        for key in way:
            spot = spot.setdefault(key, {}) if isinstance(spot, dict) else spot[key]
        if change.after is msgspec.UNSET:
            del spot[last]
        elif isinstance(spot, list) and last == len(spot):
            spot.append(change.after)
        else:
            spot[last] = change.after
    return value
