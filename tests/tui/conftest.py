"""A workbench in this process: a pilot presses the keys, and the engine runs in the same loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tui.host import Changes, FakeHost, Memory, Script, Shelf, make_agent
from workbench.store.fixtures import FixtureFiles
from workbench.store.project import Project
from workbench.tui import actions
from workbench.tui.app import WorkbenchApp
from workbench.tui.view.text import plain
from workbench.workspace.code_service import CodeService
from workbench.workspace.session import Session
from workbench.workspace.settings import Settings


class Bench:
    """The screen under test, with helpers to press keys and read the screen."""

    def __init__(self, root: Path, model: Script, settings: Settings | None = None) -> None:
        self.journeys = make_agent(root)
        self.store = Memory()
        self.model = model
        self.session = Session(CodeService(FakeHost(self.journeys, model), "shop", "rehearsal"), self.store)
        self.shelf = Shelf(self.store, root=root)
        self.changes = Changes()
        self.app = WorkbenchApp(
            self.session, self.shelf, self.changes, settings=settings, fixtures=FixtureFiles(Project(root))
        )
        self.pilot: Any = None

    @property
    def screen(self) -> Any:
        return self.app.screen

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.settle()

    async def settle(self, seconds: float = 0.06) -> None:
        await self.pilot.pause(seconds)

    async def until(self, true: Callable[[], Any], seconds: float = 20.0) -> None:
        """Wait until a condition is true; fail if that takes too long."""
        for _ in range(int(seconds / 0.05)):
            if true():
                await self.settle()
                return
            await self.pilot.pause(0.05)
        raise AssertionError(f"timed out; on screen:\n{self.text()}")

    async def say(self, text: str) -> None:
        """Write to the agent and wait for the end of the turn."""
        turns = len(self.app.session.turns())
        self.screen.messaging.do_type()
        self.screen.entry.text = text
        await self.pilot.press("enter")
        await self.until(lambda: len(self.app.session.turns()) > turns and not self.app.session.busy)

    async def save_file(self, name: str, text: str) -> None:
        """Save a journey file like an editor, and wait until it is loaded and the conversation rerun."""
        loads = self.session.code_service._loads
        (self.journeys / name).write_text(text)
        await self.changes.queue.put(name)
        await self.until(lambda: self.session.code_service._loads > loads and not self.loading)
        await self.settle()

    @property
    def loading(self) -> bool:
        return any(worker.group == "reload" and not worker.is_finished for worker in self.app.workers)

    def pane(self, selector: str) -> str:
        """Return the text of one pane."""
        pane = self.screen.query_one(selector)
        return "\n".join(plain(pane.line(i, pane.cells)) for i in range(pane.count))

    def text(self) -> str:
        """Return the text of the whole screen."""
        lines = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in line) for line in lines)

    def picture(self, name: str) -> None:
        """Write a picture of the screen to the folder $WORKBENCH_PICTURES, if set."""
        folder = os.environ.get("WORKBENCH_PICTURES")
        if folder:
            Path(folder, f"{name}.svg").write_text(self.app.export_screenshot())


Flow = Callable[[Bench], Awaitable[None]]


@pytest.fixture(autouse=True)
def keys() -> Iterator[None]:
    """Restore the default keys after each test."""
    yield
    actions.apply_overrides({})


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Bench]:
    """Run a flow against a new workbench: `play(flow, model, size=(160, 48))`."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr("workbench.tui.screens.conversation.TICK", 0.02)
    monkeypatch.setattr("workbench.tui.screens.review.PEEK", 0.01)

    def run(
        flow: Flow,
        model: Script | None = None,
        size: tuple[int, int] = (160, 48),
        settings: Settings | None = None,
    ) -> Bench:
        bench = Bench(tmp_path, model or Script(), settings)

        async def whole() -> None:
            async with bench.app.run_test(size=size) as pilot:
                bench.pilot = pilot
                await bench.until(lambda: bench.session.agent_info is not None)
                await flow(bench)

        asyncio.run(whole())
        bench.shelf.close()
        assert bench.app.failure == ""
        return bench

    return run
