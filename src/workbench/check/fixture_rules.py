"""Check that fixtures fit the world classes, by creating the objects as a conversation would."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from ..engine.faults import JOURNEY_EXCEPTIONS, describe_exception
from ..engine.world import StartingWorld
from ..findings import Finding, error, warning
from ..plain import to_plain
from ..runtime.fixture_files import Fixture
from ..runtime.loader import LoadedAgent


def check_fixtures(loaded: LoadedAgent) -> Iterator[Finding]:
    """Yield findings about the clock and the world data of every fixture."""
    agent = loaded.agent
    kinds = agent.world_classes()
    for fixture in loaded.fixtures.values():
        path = Path(agent.folder, agent.fixtures, f"{fixture.name}.json")
        lines = path.read_text("utf-8-sig", "replace").splitlines() if path.is_file() else []
        file = f"{agent.name}/{agent.fixtures}/{fixture.name}.json" if lines else agent.source
        yield from _one(fixture, kinds, file, lines)


def _one(fixture: Fixture, kinds: dict[str, type[Any]], file: str, lines: list[str]) -> Iterator[Finding]:
    def at(key: str) -> str:
        number = next((n for n, line in enumerate(lines, 1) if re.search(rf'"{re.escape(key)}"\s*:', line)), 1)
        return f"{file}:{number}" if lines else file

    clock = fixture.setup.clock
    try:
        now = datetime.fromisoformat(clock)
    except ValueError:
        yield error(
            "fixture",
            at("clock"),
            f"{clock!r} is not a valid time",
            "use ISO 8601, for example 2026-03-10T10:00:00+01:00",
        )
        return
    if now.tzinfo is None:
        then = f"add one: {clock}+00:00"
        yield error("fixture", at("clock"), f"the clock {clock!r} has no offset from UTC", then)
    for name in fixture.world.keys() - kinds.keys():
        then = f"the classes that tools use: {', '.join(sorted(kinds)) or 'none'}"
        yield warning("fixture-field", at(name), f"no tool uses {name}: this part has no effect", then)
    start = StartingWorld(fixture.world)
    for name, kind in kinds.items():
        try:
            part = start.part(kind).create()
        except JOURNEY_EXCEPTIONS as problem:
            then = getattr(problem, "hint", "") or f"compare the fixture with class {name}"
            yield error("fixture", at(name), describe_exception(problem), then)
            continue
        for path in _lost(_plain(fixture, name), part, (name,)):
            then = "fix its name, or add it to the class"
            message = f"{'.'.join(path)} is not a field of its class: it is ignored"
            yield warning("fixture-field", at(path[-1]), message, then)


def _plain(fixture: Fixture, name: str) -> Any:
    return msgspec.json.decode(fixture.world.get(name, b"{}"))


def _lost(data: Any, made: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the keys of plain data that the object created from it does not have."""
    if isinstance(data, dict):
        held = _fields(made)
        for key, value in data.items():
            if held is None:
                continue
            if key in held:
                yield from _lost(value, held[key], (*path, key))
            elif not isinstance(made, dict):
                yield (*path, key)
    elif isinstance(data, list) and isinstance(made, list | tuple):
        for index, (value, one) in enumerate(zip(data, made, strict=False)):
            yield from _lost(value, one, (*path[:-1], f"{path[-1]}[{index}]"))


def _fields(made: Any) -> dict[str, Any] | None:
    if isinstance(made, dict):
        return {str(to_plain(key)): value for key, value in made.items()}
    if dataclasses.is_dataclass(made):
        return {f.name: getattr(made, f.name, None) for f in dataclasses.fields(made)}
    if isinstance(made, msgspec.Struct):
        names = zip(made.__struct_encode_fields__, made.__struct_fields__, strict=True)
        return {sent: getattr(made, name) for sent, name in names}
    return None
