"""Watching a folder where the system cannot report changes: no inotify instance is left."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from workbench.runtime import watch as watching
from workbench.runtime.watch import SaveFinder, watch_code, watch_saves


@pytest.fixture(params=[OSError, RuntimeError])
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """A folder with an agent, which no system call can watch."""

    def fail(*_: object, **__: object) -> NoReturn:
        raise request.param("Too many open files (os error 24)")

    monkeypatch.setattr(watching, "watch", fail)
    monkeypatch.setattr(watching, "awatch", fail)
    monkeypatch.setattr(watching, "LOOK_SECONDS", 0.01)
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "agent.py").write_text("x = 1\n")
    return tmp_path


def until_saved(saves: Iterator[list[str]]) -> list[str]:
    return next(saved for saved in saves if saved)


def test_saves_are_found_by_looking_at_the_files(folder):
    saves = watch_saves(folder)
    assert next(saves) == []
    agent, other = folder / "shop" / "agent.py", folder / "shop" / "other.py"
    agent.write_text("x = 22\n")
    assert until_saved(saves) == [str(agent)]
    other.write_text("")
    assert until_saved(saves) == [str(other)]
    (folder / "shop" / "agent.py.swp").write_text("")
    other.unlink()
    assert until_saved(saves) == [str(other)]


def test_a_save_of_the_same_size_is_found(folder):
    saves = watch_saves(folder)
    next(saves)
    agent = folder / "shop" / "agent.py"
    agent.write_text("x = 2\n")
    os.utime(agent, ns=(1, 1))
    assert until_saved(saves) == [str(agent)]


def test_new_code_is_found_by_looking_at_the_files(folder):
    async def flow() -> list[str]:
        found = []
        hashes = watch_code(folder, "shop")
        for text in ("x = 3\n", "x = 44\n"):
            task = asyncio.ensure_future(anext(hashes))
            await asyncio.sleep(0.05)
            (folder / "shop" / "agent.py").write_text(text)
            found.append(await asyncio.wait_for(task, 5))
        await hashes.aclose()
        return found

    assert len(set(asyncio.run(flow()))) == 2


def test_files_that_no_longer_exist_are_no_saves(folder):
    finder = SaveFinder([folder])
    agent, temporary = folder / "shop" / "agent.py", folder / "shop" / "sedMHbHJ0"
    agent.write_text("x = 333\n")
    assert finder.find({str(agent), str(temporary)}) == {str(agent)}
    assert finder.find({str(temporary)}) == set()
    agent.unlink()
    assert finder.find({str(agent)}) == {str(agent)}
