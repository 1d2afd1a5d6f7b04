"""What the fixtures of an agent say of a conversation, read without running its code."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import NamedTuple

import msgspec

from ..errors import UsageError
from ..trace.setup import Setup
from .run_settings import read_run_settings


class FixtureSetups(NamedTuple):
    """The setups that conversations start from, by fixture; `default` is the name that agent.py gives, or ""."""

    setups: dict[str, Setup]
    default: str
    without: Setup
    """The setup of a conversation without a fixture."""


def read_fixture_setups(root: Path, agent: str) -> FixtureSetups:
    """Read the setups in the fixtures of an agent of journeys/. Raises UsageError for a broken fixture."""
    environment = read_run_settings(root).environment
    named = _keywords(root / agent / "agent.py")
    found: dict[str, Setup] = {}
    for path in sorted((root / agent / named.get("fixtures", "fixtures")).glob("*.json")):
        try:
            data = msgspec.json.decode(path.read_bytes(), type=dict[str, msgspec.Raw])
            fields = {k: msgspec.json.decode(v) for k, v in data.items() if k not in ("world", "about")}
            setup = {"environment": environment, **fields, "agent": agent, "fixture": path.stem}
            found[path.stem] = msgspec.convert(setup, Setup)
        except (OSError, UnicodeDecodeError, msgspec.MsgspecError) as error:
            where = path.relative_to(root).as_posix()
            raise UsageError(f"not a fixture: {error}", where=where, hint="see docs/journeys.md") from None
    return FixtureSetups(found, named.get("fixture", ""), Setup(agent=agent, environment=environment))


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
