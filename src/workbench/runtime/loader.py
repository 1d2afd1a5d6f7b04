"""Load journey code from a folder, always the current bytes.

Python's bytecode cache has a resolution of seconds and would return stale code
after two quick saves. So modules under journeys/ are compiled from source, and the
compiled code is cached for the user under the hash of the source. They are loaded
as the package `journeys`, so that `from ..shop import Shop` works and their frames
can be distinguished from those of Workbench.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import ModuleType

import msgspec

from ..authoring.agent import Agent
from ..authoring.builtin import BUILT_IN
from ..authoring.policy import ALL, READS, WRITES
from ..authoring.world import is_client
from ..engine.faults import JOURNEY_EXCEPTIONS, describe_exception
from ..engine.parts import Schema
from ..engine.world import HttpProvider, StartingWorld, World
from ..errors import JourneyError
from ..source import ROOT_PACKAGE, fault_location
from ..trace.setup import Setup
from .agent_files import agent_names, hash_files
from .fixture_files import Fixture, read_fixture
from .module_loader import import_from
from .run_settings import RunSettings, read_run_settings


class LoadedAgent(msgspec.Struct, frozen=True):
    """A loaded agent: `code` is the hash of all files of its folder, `files` has that of each.

    `starts` are the worlds that were prepared, the last one last.
    """

    agent: Agent
    fixtures: dict[str, Fixture]
    code: str
    files: dict[str, str]
    root: Path
    starts: dict[tuple[str, str, bool], StartingWorld] = {}


UNUSABLE = re.compile(r"[.:\\\x00-\x1f]")  # a module name and "file:line" end at these


def load(root: Path, name: str, settings: RunSettings | None = None) -> LoadedAgent:
    """Load one agent with its texts and fixtures. Raises JourneyError with file and line.

    `settings` are those of the project; without them they are read.
    """
    settings = read_run_settings(root.resolve()) if settings is None else settings
    os.environ.update(settings.environment)
    root = root.resolve()
    code, files = hash_files(root, name, settings)
    agent = load_agent(root, name)
    _ = agent.persona_sections, agent.knowledge_sections
    for journey in agent.journeys.values():
        _ = journey.sections
    fixtures = _fixtures(root, agent, settings.environment)
    _check_starts(agent, fixtures)
    return LoadedAgent(agent, fixtures, code, files, root)


def load_for_turns(root: Path, name: str) -> LoadedAgent:
    """Load one agent and describe its tools, so that a wrong type is an error now and not in a turn.

    Raises JourneyError with file and line.
    """
    loaded = load(root, name)
    for tool in loaded.agent.all_tools():
        _ = tool.schema
    return loaded


def load_agent(root: Path, name: str) -> Agent:
    """Load the code of one agent; its texts are read when first needed. Raises JourneyError.

    Sets the time zone of this process to UTC, so that local times are the same on every machine.
    """
    os.environ["TZ"] = "UTC"
    if hasattr(time, "tzset"):
        time.tzset()
    root = root.resolve()
    names = agent_names(root)
    if name not in names:  # a name, never a path
        raise JourneyError(
            f"there is no agent {name!r} in {root.name}/",
            where=f"{name}/agent.py",
            hint=f"the agents here: {', '.join(names)}" if names else "`workbench init` creates one",
        )
    if wrong := UNUSABLE.search(name):
        raise JourneyError(
            f"the folder {name!r} cannot be the name of an agent: it contains {wrong[0]!r}",
            where=f"{name}/agent.py",
            hint="rename the folder, and use that name in Agent(...): letters, digits, _ and -",
            code="agent-name",
        )
    module = _import(root, f"{ROOT_PACKAGE}.{name}.agent")
    agents = [v for v in vars(module).values() if isinstance(v, Agent)]
    if len(agents) != 1:
        raise JourneyError(
            f"agent.py must contain one Agent, not {len(agents)}",
            where=f"{name}/agent.py:1",
            hint='write: agent = Agent("name", journeys=[...])',
        )
    agent = agents[0]
    if agent.name != name:
        raise JourneyError(
            f"the name of the agent is {agent.name!r}, but its folder is {name}/",
            where=agent.source,
            hint="use the same name for folder and agent",
        )
    _check_hooks(agent)
    _check_world(agent)
    _loaded.append(agent)
    return agent


def _check_hooks(agent: Agent) -> None:
    """Check that every tool that a policy names exists: a misspelled one would protect nothing."""
    known = {tool.name for tool in agent.all_tools()} | {WRITES, READS, ALL, *BUILT_IN}
    for policy in agent.all_policies():
        for tool_name in policy.tools:
            if tool_name not in known:
                raise JourneyError(
                    f"policy {policy.name} names the tool {tool_name!r}, which does not exist",
                    where=policy.source,
                    hint="correct the name, or declare the tool",
                )


def _check_world(agent: Agent) -> None:
    """Check that the world can hold what its classes declare, and that no two have one name."""
    for kind in agent.world_classes().values():
        Schema.of(kind)


def _check_starts(agent: Agent, fixtures: dict[str, Fixture]) -> None:
    """Check that a __post_init__ leaves worlds that are read back exactly, as far as the fixtures show it."""
    for schema in map(Schema.of, agent.world_classes().values()):
        for fixture in fixtures.values() if schema.computes else ():
            with _time_of(fixture):
                schema.check(fixture.world.get(schema.name))


@contextlib.contextmanager
def _time_of(fixture: Fixture) -> Iterator[None]:
    from .time_travel import conversation_time

    with contextlib.ExitStack() as stack:
        with contextlib.suppress(ValueError, OverflowError):  # check reports an invalid clock
            stack.enter_context(conversation_time(fixture.setup.clock))
        yield


_loaded: list[Agent] = []  # since the last load; most processes load one agent, once


def _resolve_loaded() -> None:
    """Resolve the types of the agents in use before their modules are replaced."""
    while _loaded:
        for tool in _loaded.pop().all_tools():
            with contextlib.suppress(JourneyError):
                tool.resolve_types()


def _import(root: Path, module: str) -> ModuleType:
    _resolve_loaded()
    for loaded in [m for m in sys.modules if m.split(".")[0] == ROOT_PACKAGE]:
        del sys.modules[loaded]
    import_from(root)
    try:
        return importlib.import_module(module)
    except SyntaxError as error:
        where = f"{_below(root, error.filename)}:{error.lineno}"
        line = f": {error.text.strip()}" if error.text else ""
        raise JourneyError(f"{error.msg}{line}", where=where, hint="fix the line and save") from None
    except JourneyError:
        raise
    except JOURNEY_EXCEPTIONS as error:
        where, _ = fault_location(error, f"{module.split('.')[1]}/agent.py:1")
        raise JourneyError(
            f"while loading: {describe_exception(error)}", where=where, hint="fix the line and save"
        ) from error


def _below(root: Path, file: str | None) -> str:
    try:
        return Path(file or "").resolve().relative_to(root).as_posix()
    except ValueError:
        return str(file)


def _fixtures(root: Path, agent: Agent, environment: dict[str, str]) -> dict[str, Fixture]:
    """Read the fixtures by name; the default of the agent is the first."""
    found: dict[str, Fixture] = {}
    for path in sorted(Path(agent.folder, agent.fixtures).glob("*.json")):
        found[path.stem] = read_fixture(path, _below(root, str(path)), agent.name, environment)
    if not found:
        found["empty"] = Fixture(
            "empty", "nothing in the world", Setup(agent=agent.name, fixture="empty", environment=environment), {}
        )
    if agent.fixture and agent.fixture not in found:
        raise JourneyError(
            f"the fixture {agent.fixture!r} does not exist",
            where=agent.source,
            hint=f"fixtures here: {', '.join(found)}",
        )
    return dict(sorted(found.items(), key=lambda item: item[0] != agent.fixture))


def check_fixture(loaded: LoadedAgent, setup: Setup) -> None:
    """Check that the fixture of a conversation exists. Raises JourneyError."""
    if setup.fixture and setup.fixture not in loaded.fixtures:
        raise JourneyError(
            f"the fixture {setup.fixture!r} no longer exists",
            where=f"{loaded.agent.name}/{loaded.agent.fixtures}/{setup.fixture}.json",
            hint=f"fixtures here: {', '.join(loaded.fixtures)}",
        )


def make_world(loaded: LoadedAgent, setup: Setup, *, recorded: bool = False, substituted: bool = False) -> World:
    """Create the world that a conversation starts from. Raises JourneyError if its fixture is missing or invalid.

    `substituted`: personal data has the same substitutes as in a transcript, so that a live
    model which reads the messages of one finds it. `recorded`: HTTP comes from the recording.
    """
    where = f"{loaded.agent.name}/{loaded.agent.fixtures}/{setup.fixture}.json"
    try:
        now = datetime.fromisoformat(setup.clock)
    except ValueError:
        raise JourneyError(
            f"the clock {setup.clock!r} is not a valid time",
            where=where,
            hint="write it like 2026-03-10T10:00:00+01:00",
        ) from None
    start = prepare_world(loaded, setup, substituted)
    kinds = loaded.agent.world_classes().values()
    return World(start, now=now, seed=setup.seed, http=_http(loaded.agent, recorded), kinds=kinds)


MAX_STARTS = 4  # worlds that are kept; one for each conversation would fill the memory


def start_key(setup: Setup, substituted: bool = False) -> tuple[str, str, bool]:
    """Return the key of a prepared world."""
    return setup.fixture, setup.clock, substituted


def prepare_world(loaded: LoadedAgent, setup: Setup, substituted: bool = False) -> StartingWorld:
    """Read the world of a fixture, once for all conversations at this time. Raises JourneyError.

    It takes time in proportion to the fixture, so call it where no time limit of journey code applies.
    """
    check_fixture(loaded, setup)
    key = start_key(setup, substituted)
    if key not in loaded.starts:
        fixture = loaded.fixtures.get(setup.fixture)
        data = fixture.world if fixture else {}
        kinds = loaded.agent.world_classes().values()
        start = StartingWorld(data)
        start.prepare(kinds)
        if substituted:
            from ..transcripts.redaction import (
                Redactor,  # its patterns take 3 ms that a plain replay does not need
            )

            start = StartingWorld.of_plain(Redactor().redact_value(start.plain()))
            start.prepare(kinds)
        while len(loaded.starts) >= MAX_STARTS:
            del loaded.starts[next(iter(loaded.starts))]
        loaded.starts[key] = start
    return loaded.starts[key]


def _http(agent: Agent, recorded: bool) -> HttpProvider | None:
    """Return the HTTP provider of an agent; None, without importing httpx, if no tool has an HTTP parameter."""
    if not any(is_client(kind) for tool in agent.all_tools() for kind in tool.injected.values()):
        return None
    from .http_recording import RecordingHttp, ReplayHttp

    return ReplayHttp() if recorded else RecordingHttp()
