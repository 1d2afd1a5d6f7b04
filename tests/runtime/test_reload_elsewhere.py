"""Saves that the system does not report, links, files that are not code, and processes of the journeys."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from support.kit import shop_files, write
from workbench.cli import run
from workbench.runtime import watch as watching
from workbench.runtime.agent_files import agent_files, code_hash
from workbench.runtime.run_settings import read_run_settings
from workbench.runtime.watch import watch_code
from workbench.runtime.worker import WorkerPool, start_fork_server
from workbench.store.session_log import SessionLogs
from workbench.workspace.code_service import CodeService
from workbench.workspace.session import Session

SLEEPER = "import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']{})\n"
WRITER = """
    from pathlib import Path
    from workbench import Rehearsal, Say, Call
    from .journey import returns

    @returns.tool()
    def note(text: str) -> str:
        "Note a text."
        with open(Path(__file__).with_name("notes.txt"), "a") as file:
            file.write(text)
        return text

    returns.rehearsal = script = Rehearsal()

    @script.intent("note this")
    def noted(scene):
        yield Call(note, text="this")
        yield Say("Done.")
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path / "journeys", shop_files())


def next_hash(root: Path, *saves: Any, seconds: float = 10.0, **options: Any) -> list[str]:
    """Return the hashes that watching yields for saves one after the other."""

    async def flow() -> list[str]:
        found = []
        hashes = watch_code(root, "shop", **options)
        for save in saves:
            task = asyncio.ensure_future(anext(hashes))
            await asyncio.sleep(0.5)
            save()
            found.append(await asyncio.wait_for(task, seconds))
        await hashes.aclose()
        return found

    return asyncio.run(flow())


def append(path: Path, text: str = "\n# x\n") -> Any:
    return lambda: path.write_text(path.read_text() + text)


# links


@pytest.mark.parametrize("linked", ["shop", "shop/returns", "shop/returns/manual.md"])
def test_an_edit_behind_a_link_is_seen(root: Path, tmp_path: Path, linked: str):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.move(root / linked, elsewhere / "it")
    (root / linked).symlink_to(elsewhere / "it")
    real = elsewhere / "it"
    file = real if real.is_file() else next(real.rglob("manual.md"))
    assert root / "shop/returns/manual.md" in agent_files(root, "shop")
    assert len(set(next_hash(root, append(file), append(file, "\nmore\n")))) == 2


def test_a_link_made_while_watching_is_followed(root: Path, tmp_path: Path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more/facts.md").write_text("# Facts\n")

    def link() -> None:
        (root / "shop/more").symlink_to(tmp_path / "more")

    assert len(set(next_hash(root, link, append(tmp_path / "more/facts.md")))) == 2


def test_links_in_a_circle_end(root: Path):
    (root / "shop/returns/again").symlink_to(root / "shop")
    (root / "shop/broken").symlink_to(root / "nowhere")
    assert len(agent_files(root, "shop")) < 20
    next_hash(root, append(root / "shop/returns/manual.md"))


def test_an_agent_behind_a_link_replays(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from support.kit import ScriptedModel, converse, put, saved, shop

    put(tmp_path, "one", saved(converse(shop(tmp_path / "recorded"), ScriptedModel("Hello."), "hi")))
    shutil.move(root / "shop/returns", tmp_path / "returns")
    (root / "shop/returns").symlink_to(tmp_path / "returns")
    monkeypatch.chdir(tmp_path)
    assert run(["replay"]) == 0


# file systems without events


@pytest.fixture
def no_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that never reports a save."""

    async def silent(*_: object, **__: object) -> AsyncIterator[set[Any]]:
        while True:
            await asyncio.sleep(0.05)
            yield set()

    monkeypatch.setattr(watching, "awatch", silent)
    monkeypatch.setattr(watching, "LOOK_SECONDS", 0.05)


def test_saves_are_found_where_the_system_reports_none_and_that_is_reported_once(root: Path, no_events: None):
    told: list[bool] = []
    manual = root / "shop/returns/manual.md"
    found = next_hash(
        root, append(manual), append(manual, "b"), append(manual, "c"), unreported=lambda: told.append(True)
    )
    assert len(set(found)) == 3
    assert told == [True]


def test_reported_saves_cause_no_message(root: Path):
    told: list[bool] = []
    manual = root / "shop/returns/manual.md"
    next_hash(root, append(manual), append(manual, "b"), unreported=lambda: told.append(True))
    assert told == []


# files that are not code


def ignoring(root: Path, *patterns: str) -> None:
    (root.parent / "workbench.toml").write_text(f"[reload]\nignore = {list(patterns)!r}\n".replace("'", '"'))


@pytest.mark.parametrize("pattern", ["shop/cache", "shop/cache/", "shop/cache/*", "*/cache/*.db", "*.db"])
def test_ignored_files_are_not_code(root: Path, pattern: str):
    before = code_hash(root, "shop")
    (root / "shop/cache").mkdir()
    (root / "shop/cache/a.db").write_text("x")
    assert code_hash(root, "shop") != before
    ignoring(root, pattern)
    assert code_hash(root, "shop") == before


@pytest.mark.parametrize("pattern", ["/etc/*", "../x", ""])
def test_a_wrong_pattern_is_an_error_with_its_file(root: Path, pattern: str):
    from workbench.errors import JourneyError

    ignoring(root, pattern)
    with pytest.raises(JourneyError, match="pattern") as wrong:
        read_run_settings(root)
    assert wrong.value.where == "workbench.toml:1"


def test_an_ignored_file_is_the_same_for_a_replay(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from support.kit import ScriptedModel, converse, put, saved, shop

    (root / "shop/cache").mkdir()
    (root / "shop/cache/a.db").write_text("x")
    ignoring(root, "shop/cache")
    put(tmp_path, "one", saved(converse(shop(tmp_path / "recorded"), ScriptedModel("Hello."), "hi")))
    monkeypatch.chdir(tmp_path)
    assert run(["replay"]) == 0


# processes and files of the journeys


def in_session(root: Path, flow: Any) -> None:
    async def go() -> None:
        start_fork_server("rehearsal")
        host = WorkerPool(root)
        history = SessionLogs(root.parent / ".workbench", root.parent / "transcripts")
        session = Session(CodeService(host, "shop", "rehearsal"), history)
        try:
            await session.reload()
            await flow(session, host)
        finally:
            host.close()
            history.close()

    asyncio.run(go())


def sleepers() -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if process.info["cmdline"] and "import time; time.sleep(600)" in process.info["cmdline"]:
            found.append(process)
    return found


def gone(seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while sleepers():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize("how", ["", ", start_new_session=True"])
def test_a_process_started_while_loading_ends_with_its_worker(root: Path, how: str):
    path = root / "shop/returns/journey.py"
    path.write_text(SLEEPER.format(how) + path.read_text())

    async def flow(session: Session, host: WorkerPool) -> None:
        for number in range(3):
            path.write_text(path.read_text() + f"# {number}\n")
            await session.reload()
        assert 1 <= len(sleepers()) <= 2  # of the worker in use, and of one that is kept idle

    in_session(root, flow)
    assert gone()


def test_a_process_of_a_load_that_fails_ends(root: Path):
    path = root / "shop/returns/journey.py"
    path.write_text(SLEEPER.format("") + path.read_text() + "\n1 / 0\n")

    async def flow(session: Session, host: WorkerPool) -> None:
        assert session.code.state == "broken"
        assert gone()

    in_session(root, flow)


def test_a_file_that_the_agents_own_tool_writes_reloads_nothing(root: Path):
    write(root, {"shop/returns/rehearsal.py": WRITER})
    imports = "from workbench import Agent\nfrom .returns.rehearsal import returns\n"
    (root / "shop/agent.py").write_text(f"{imports}agent = Agent('shop', journeys=[returns])\n")
    notes = root / "shop/returns/notes.txt"

    async def flow(session: Session, host: WorkerPool) -> None:
        seen: list[str] = []

        async def watch() -> None:
            async for hash in watch_code(root, "shop", written=host.written):
                seen.append(hash)

        watcher = asyncio.create_task(watch())
        await asyncio.sleep(0.3)
        await session.send("note this")
        await asyncio.sleep(1.5)
        assert notes.read_text() == "this"
        assert host.written == {"shop/returns/notes.txt"}
        assert seen == []
        append(root / "shop/returns/manual.md")()
        await asyncio.sleep(1.5)
        watcher.cancel()
        assert len(seen) == 1

    in_session(root, flow)
