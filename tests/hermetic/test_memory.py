"""Nothing that journey code remembers in one transcript reaches the next."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

from hermetic.memory import WAYS
from hermetic.probe import Probe

AGENT = """
from importlib import import_module
from workbench import Agent, Allow
agent = Agent("probe", journeys=[], fixture="base", persona="persona.md")
WAYS = [import_module(f"journeys.probe.way{n:02}") for n in range(%d)]

@agent.policy(on_message=True)
def probe(message, conversation):
    '''Remembers something.'''
    return Allow("looked", seen=bool(WAYS[int(message)].remember(conversation)))
"""
NOT_SHARED = {  # ways that even a shared process does not cross
    "the global Random": "every run seeds it",
}


def files() -> dict[str, str]:
    found = {"probe/agent.py": AGENT % len(WAYS), "probe/late.py": "N = 0\n"}
    for number, way in enumerate(WAYS):
        body = textwrap.indent(way.body, "    ")
        found[f"probe/way{number:02}.py"] = (
            f"{way.before}\n\ndef remember(conversation):\n{body}\n    return seen\n"
        )
    return found


Results = dict[str, list[tuple[str, str, Any]]]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Results]:
    """The two results of each way, by whether the process was shared."""
    project = Probe(tmp_path_factory.mktemp("memory"), files(), len(WAYS))
    found = {}
    for shared in (False, True):
        replayed = project.replay(times=2, shared=shared)
        found[shared] = {way.name: replayed[2 * n : 2 * n + 2] for n, way in enumerate(WAYS)}
    return found


def test_the_list_has_at_least_60_ways():
    assert len({way.name for way in WAYS}) >= 60


@pytest.mark.parametrize("name", [way.name for way in WAYS])
def test_nothing_is_remembered_between_two_transcripts(results: dict[bool, Results], name: str):
    first, second = results[False][name]
    assert first[0] == "PASS", first
    assert second == first
    assert first[2] == {"seen": False}


def test_each_way_is_remembered_in_a_shared_process(results: dict[bool, Results]):
    kept = {name for name, (_, second) in results[True].items() if second[2] == {"seen": True}}
    assert {way.name for way in WAYS} - kept == set(NOT_SHARED)
