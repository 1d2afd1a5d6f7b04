"""Compiled journey code is cached for the user, not in the project, and only for the same compiler flags."""

from __future__ import annotations

import marshal
import os
import subprocess
import sys

import pytest

from support.kit import WINDOW, shop_files, write
from workbench.runtime.loader import load_agent
from workbench.runtime.module_loader import JourneyLoader, code_cache


@pytest.fixture
def journeys(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / ".workbench").mkdir()
    return write(tmp_path / "journeys", shop_files(WINDOW))


def test_compiled_code_is_stored_in_the_private_cache_of_the_user(journeys, tmp_path):
    load_agent(journeys, "shop")
    stored = list(code_cache().glob("*.code"))
    assert stored
    assert code_cache().is_relative_to(tmp_path / "cache")
    assert code_cache().stat().st_mode & 0o077 == 0
    assert not (tmp_path / ".workbench" / "code").exists()


def test_compiled_code_inside_a_project_is_ignored(journeys, tmp_path):
    load_agent(journeys, "shop")
    forged = tmp_path / ".workbench" / "code"
    forged.mkdir()
    for stored in code_cache().glob("*.code"):
        (forged / stored.name).write_bytes(marshal.dumps(compile("1 / 0", "forged", "exec")))
        stored.unlink()
    assert load_agent(journeys, "shop").name == "shop"


def test_a_cache_that_others_can_write_is_not_used(journeys):
    os.chmod(code_cache(), 0o777)
    load_agent(journeys, "shop")
    assert JourneyLoader.cache is None


@pytest.mark.parametrize("level", ["", "1", "2"])
def test_asserts_and_docstrings_of_journeys_count_at_every_optimization_level(journeys, tmp_path, level):
    agent = journeys / "shop" / "agent.py"
    agent.write_text(
        agent.read_text() + '\n\ndef rule():\n    "A rule."\n\n\nassert not rule.__doc__, "checked"\n'
    )
    done = subprocess.run(
        [sys.executable, "-m", "workbench", "check"], cwd=tmp_path,
        env={**os.environ, "PYTHONOPTIMIZE": level}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert "checked" in done.stdout
