"""Check that fixtures fit the world classes, by creating the objects as a conversation would."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from ..authoring.record_shapes import unknown_keys
from ..engine.faults import JOURNEY_EXCEPTIONS, describe_exception
from ..engine.parts import Schema
from ..engine.world import StartingWorld
from ..findings import Finding, error, warning
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
    if datetime.fromisoformat(clock).tzinfo is None:
        then = f"add one: {clock}+00:00"
        yield error("fixture", at("clock"), f"the clock {clock!r} has no offset from UTC", then)
    for name in fixture.world.keys() - kinds.keys():
        then = f"the classes that tools use: {', '.join(sorted(kinds)) or 'none'}"
        yield warning("fixture-field", at(name), f"no tool uses {name}: this part has no effect", then)
    start = StartingWorld(fixture.world)
    for name, kind in kinds.items():
        try:
            start.part(kind).create()
        except JOURNEY_EXCEPTIONS as problem:
            then = getattr(problem, "hint", "") or f"compare the fixture with class {name}"
            yield error("fixture", at(name), describe_exception(problem), then)
            continue
        data = msgspec.json.decode(fixture.world.get(name, b"{}"))
        for path in unknown_keys(Schema.of(kind).shape, data, (name,)):
            then = "fix its name, or add it to the class"
            message = f"{_shown(path)} is not a field of its class: it is ignored"
            yield warning("fixture-field", at(str(path[-1])), message, then)


def _shown(path: tuple[str | int, ...]) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).removeprefix(".")
