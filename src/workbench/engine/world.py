"""The world of one conversation: created from a fixture, changed by tools, compared and restored.

There is one way from a fixture and recorded changes to the objects of a call, and one
way back, for live conversations, reruns, trials, replays and tests.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from msgspec import MsgspecError, Raw

from ..authoring.shapes import Misfit, decode, encode
from ..authoring.world import Clock, Ids, is_client, is_random
from ..errors import JourneyError
from ..trace.events import AnyEvent, HttpExchange, ToolResult, WorldChange
from .changes import patched
from .codec import without_collection
from .parts import Part, Schema


class Translation(Protocol):
    """Translates between a recording and the data of the fixture; see replay/substitutes.py."""

    def original(self, value: Any) -> Any: ...
    def redacted(self, value: Any) -> Any: ...


class HttpProvider(Protocol):
    """Creates the HTTP clients that are injected into tools.

    `client` creates a client of this class for the call at `step_id`. `drain` returns
    the exchanges since the last drain. A provider that answers from a recording uses
    `expect` for the exchanges of the next call, and reports `unmatched` requests.
    """

    unmatched: list[str]

    def client(self, kind: type[Any], step_id: tuple[int, int, int]) -> Any: ...
    def drain(self) -> list[HttpExchange]: ...
    def expect(self, exchanges: Sequence[HttpExchange], values: Translation | None = None) -> None: ...


class StartingWorld:
    """The world data of a fixture, by class name; each part is read and validated once, for all conversations."""

    def __init__(self, data: Mapping[str, Raw] | None = None) -> None:
        self.data = data or {}
        self.cache: dict[str, Any] = {}
        """Values that others compute from the data, by name."""
        self._kinds: dict[str, type[Any]] = {}
        self._parts: dict[type[Any], dict[str, Any]] = {}

    @classmethod
    def of_plain(cls, data: Mapping[str, Any]) -> StartingWorld:
        """Create one from plain data."""
        return cls({name: Raw(encode(part)) for name, part in data.items()})

    def part(self, kind: type[Any]) -> Part:
        """Return a new part for a world class. Raises JourneyError if the data does not fit."""
        schema = Schema.of(kind)
        data = self.data.get(schema.name)
        if data is None:
            return Part(schema, schema.start(None))  # in every conversation: defaults may depend on its time
        if kind not in self._parts:
            with without_collection():
                self._parts[kind] = schema.start(data)
        return Part(schema, self._parts[kind])

    def prepare(self, kinds: Iterable[type[Any]]) -> None:
        """Read the parts of these classes now.

        Data that does not fit is a finding of `check`, and a fault of the call that needs it.
        """
        for kind in kinds:
            self._kinds[kind.__name__] = kind
            with contextlib.suppress(JourneyError):
                self.part(kind)

    def plain(self) -> dict[str, Any]:
        """Return a plain copy by class name, with the defaults of the classes that were prepared."""
        found = {name: decode(data) for name, data in self.data.items()}
        for name, kind in self._kinds.items():
            with contextlib.suppress(JourneyError):
                found[name] = self.part(kind).plain()
        return found


class World:
    """The world of one conversation.

    `generated` are the ids created so far; `kinds` are the injectable classes.
    """

    def __init__(
        self,
        start: StartingWorld | None = None,
        *,
        now: datetime,
        seed: int,
        http: HttpProvider | None = None,
        kinds: Iterable[type[Any]] = (),
    ) -> None:
        self._now = now
        self.generated: set[str] = set()
        self.http = http
        self._seed = seed
        self.start = start or StartingWorld()
        self._kinds = {kind.__name__: kind for kind in kinds}
        self._parts: dict[str, Part] = {}
        self._early: dict[str, list[WorldChange]] = {}  # recorded changes of parts that no tool needed yet
        self._broken: dict[str, JourneyError] = {}  # parts with a recorded change that does not fit
        self._objects: dict[str, Any] = {}  # of the current call

    def get(self, kind: type[Any], step_id: tuple[int, int, int]) -> Any:
        """Return the object to inject for `kind`. Raises JourneyError if the fixture does not fit."""
        if kind is Clock:
            return Clock(self._now)  # a new one, because a tool may set its time
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
        if kind.__name__ not in self._objects:
            self._objects[kind.__name__] = self._part(kind).create()
        return self._objects[kind.__name__]

    def _part(self, kind: type[Any]) -> Part:
        name = kind.__name__
        self._raise_if_broken(name)
        if name not in self._parts:
            part = self.start.part(kind)
            for change in self._early.get(name, []):
                self._apply(part, change)
            self._parts[name] = part
            self._early.pop(name, None)
        return self._parts[name]

    def _raise_if_broken(self, name: str) -> None:
        """Raise the error of a recorded change again: without it, a call would get another world."""
        if name in self._broken:
            raise self._broken[name]

    def _apply(self, part: Part, change: WorldChange) -> None:
        try:
            part.apply(change.path[1:], change)
        except (LookupError, TypeError, ValueError, MsgspecError, Misfit) as error:
            self._broken[part.schema.name] = _unfit(change, error)
            raise self._broken[part.schema.name] from None

    def end_call(self) -> list[WorldChange]:
        """Take over what the call changed in its objects, and drop these; return the changes.

        Raises JourneyError, and takes over nothing, if an object has a value that would be lost.
        """
        objects, self._objects = self._objects, {}
        try:
            found = [(self._parts[name], *self._parts[name].edits(made)) for name, made in objects.items()]
        except Misfit as misfit:
            raise JourneyError(f"{'/'.join(map(str, misfit.path))} {misfit.why}", code="world-type") from None
        for part, edits, _ in found:
            part.commit(edits)
        return [change for _, _, changes in found for change in changes]

    def drop_call(self) -> None:
        """Drop the objects of a call that was stopped, with their changes."""
        self._objects = {}

    def apply(self, changes: Iterable[WorldChange]) -> None:
        """Apply recorded changes. Raises JourneyError for one that does not fit, as later uses of its part do."""
        for change in changes:
            name = str(change.path[0])
            self._raise_if_broken(name)
            if name in self._parts:
                self._apply(self._parts[name], change)
            else:
                self._early.setdefault(name, []).append(change)

    def state_after(self, events: Iterable[AnyEvent]) -> dict[str, Any]:
        """Return a plain copy of the world after these recorded events, by class name."""
        for event in events:
            if isinstance(event, ToolResult):
                self.apply(event.changed)
        return self.state()

    def state(self) -> dict[str, Any]:
        """Return a plain copy of the whole world by class name; classes no tool uses as in the fixture.

        Raises JourneyError if a recorded change does not fit.
        """
        found: dict[str, Any] = {}
        for name in dict.fromkeys((*self.start.data, *self._kinds, *self._parts, *self._early)):
            try:
                part = self._parts.get(name) or self._part(self._kinds[name])
                found[name] = part.plain()
            except (KeyError, JourneyError):
                if name in self._parts:
                    raise
                self._raise_if_broken(name)
                found[name] = decode(self.start.data.get(name, b"{}"))
                for change in self._early.get(name, []):
                    found[name] = _patched(found[name], change)
        return found


def _patched(data: Any, change: WorldChange) -> Any:
    try:
        return patched(data, [WorldChange(change.path[1:], change.before, change.after)])
    except (LookupError, TypeError) as error:
        raise _unfit(change, error) from None


def _unfit(change: WorldChange, error: Exception) -> JourneyError:
    path = "/".join(map(str, change.path))
    return JourneyError(
        f"the recorded change of {path} does not fit the fixture: {error}",
        hint="the fixture or its class has changed since; start a new conversation",
    )
