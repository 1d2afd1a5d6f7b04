"""Read fixtures: JSON files that say what a conversation starts from. No code of the project is run."""

from __future__ import annotations

import ast
import codecs
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from ..errors import JourneyError
from ..trace.setup import Setup
from .run_settings import read_run_settings

FIXTURE_FIELDS = ("about", "customer", "channel", "clock", "seed", "world")
HINT = "see docs/journeys.md"


class Fixture(msgspec.Struct, frozen=True):
    """A named initial state of the world, and the setup of a conversation that starts from it."""

    name: str
    description: str
    setup: Setup
    world: dict[str, msgspec.Raw]
    """The data of each world class, as in the file."""


def read_fixture(path: Path, where: str, agent: str, environment: dict[str, str]) -> Fixture:
    """Read one fixture: an object with some of FIXTURE_FIELDS; `world` is {Class: {...}}. Raises JourneyError."""
    given = {"environment": environment} if environment else {}
    try:
        text = path.read_bytes().removeprefix(codecs.BOM_UTF8)
        text.decode()
        parts = msgspec.json.decode(text, type=dict[str, msgspec.Raw])  # `world` may be large
        data = {name: msgspec.json.decode(part) for name, part in parts.items() if name != "world"}
    except msgspec.ValidationError as error:
        raise JourneyError(f"not a fixture: {error}", where=f"{where}:1", hint=HINT) from None
    except OSError as error:
        raise JourneyError(f"cannot be read: {error}", where=where, hint="make the file readable") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise JourneyError(f"not JSON: {error}", where=f"{where}:1", hint="fix the file and save") from None
    _check_fields(data, text, where)
    try:
        world_text = parts.get("world", msgspec.Raw(b"{}"))
        about = data.pop("about", "")
        if not isinstance(about, str) or bytes(world_text)[:1] != b"{":
            raise TypeError("about must be a string and world an object: {Class: {...}}")
        world = msgspec.json.decode(world_text, type=dict[str, msgspec.Raw])
        setup = msgspec.convert({**given, **data, "agent": agent, "fixture": path.stem}, Setup)
    except (msgspec.ValidationError, AttributeError, TypeError) as error:
        raise JourneyError(f"not a fixture: {error}", where=f"{where}:1", hint=HINT) from None
    _check_clock(setup.clock, text, where)
    return Fixture(path.stem, about, setup, world)


def _check_clock(clock: str, text: bytes, where: str) -> None:
    """Raise JourneyError for a clock that is not a time: no turn could begin."""
    try:
        datetime.fromisoformat(clock)
    except ValueError:
        raise JourneyError(
            f"the clock {clock!r} is not a valid time",
            where=f"{where}:{_line_of(text, 'clock')}",
            hint="use ISO 8601 with an offset, for example 2026-03-10T10:00:00+01:00",
            code="fixture",
        ) from None


def _line_of(text: bytes, field: str) -> int:
    lines = text.decode().splitlines()
    return next((number for number, line in enumerate(lines, 1) if f'"{field}"' in line), 1)


def _check_fields(data: dict[str, Any], text: bytes, where: str) -> None:
    """Raise JourneyError for an unknown field of a fixture, which would otherwise be ignored."""
    for name in data:
        if name not in FIXTURE_FIELDS:
            raise JourneyError(
                f"unknown field {name!r} of a fixture",
                where=f"{where}:{_line_of(text, name)}",
                hint=f"its fields: {', '.join(FIXTURE_FIELDS)}",
            )


class FixtureFiles(NamedTuple):
    """The fixtures of an agent, each read when it is needed; `default` is the one that agent.py names, or ""."""

    root: Path
    agent: str
    paths: dict[str, Path]
    default: str
    environment: dict[str, str]

    def setup(self, name: str) -> Setup:
        """Return the setup of a conversation from a fixture, "" for none. Raises JourneyError."""
        if not name:
            return Setup(agent=self.agent, environment=self.environment)
        path = self.paths[name]
        return read_fixture(path, path.relative_to(self.root).as_posix(), self.agent, self.environment).setup


def find_fixtures(root: Path, agent: str) -> FixtureFiles:
    """Find the fixtures of an agent of journeys/ without reading them."""
    named = _keywords(root / agent / "agent.py")
    folder = root / agent / named.get("fixtures", "fixtures")
    paths = {path.stem: path for path in sorted(folder.glob("*.json"))}
    return FixtureFiles(root, agent, paths, named.get("fixture", ""), read_run_settings(root).environment)


def _keywords(path: Path) -> dict[str, str]:
    """Return the arguments of `Agent(...)` in a file that are strings; {} if it cannot be parsed."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "Agent":
            return {
                k.arg: k.value.value
                for k in node.keywords
                if k.arg and isinstance(k.value, ast.Constant) and isinstance(k.value.value, str)
            }
    return {}
