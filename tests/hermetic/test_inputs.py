"""Code of a journey sees the same values in every environment, or the replay refuses it."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from hermetic.inputs import ENTRIES, OPEN
from hermetic.probe import INPUTS, Probe

ONE = {"HOME": "/root", "USER": "ann", "TZ": "UTC", "LANG": "C", "PROBE": "one"}
OTHER = {
    **{"HOME": "/tmp", "USER": "bob", "LOGNAME": "bob", "TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8", "PROBE": "two"},
    **{"COLUMNS": "33", "TERM": "xterm", "PYTHONHASHSEED": "7", "PYTHONOPTIMIZE": "1", "CI": "true"},
    **{"PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": "/var/tmp", "EXTRA": "x" * 5000},
}


class Outcome(NamedTuple):
    """What an entry gave in two environments: (verdict, why, evidence) each."""

    one: tuple[str, str, Any]
    other: tuple[str, str, Any]

    @property
    def word(self) -> str:
        if "ERROR" in (self.one[0], self.other[0]):
            return "refused" if self.one[0] == self.other[0] else "differs"
        return "pinned" if self.one == self.other else "differs"


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    entries = [line for _, line in ENTRIES] + list(OPEN)
    results = []
    for name, environment in (("a", ONE), ("a-project-with-a-longer-name", OTHER)):
        folder = tmp_path_factory.mktemp(name)
        files = {"probe/agent.py": INPUTS, "probe/entries.json": json.dumps(entries)}
        project = Probe(folder / name, files, len(entries))
        results.append(project.replay(environment, cwd=folder))
    return {entry: Outcome(*pair) for entry, pair in zip(entries, zip(*results, strict=True), strict=True)}


def test_the_list_has_at_least_150_entries():
    assert len({line for _, line in ENTRIES}) >= 150


@pytest.mark.parametrize("entry", [line for _, line in ENTRIES])
def test_an_input_is_the_same_in_two_environments_or_refused(outcomes: dict[str, Outcome], entry: str):
    assert outcomes[entry].word in ("pinned", "refused"), outcomes[entry]
