"""The tour: its steps are completed by the actions they describe."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from workbench.cli.commands.dev import lay_out
from workbench.cli.commands.init import NAME
from workbench.errors import UsageError
from workbench.runtime.watch import watch_code
from workbench.runtime.worker import WorkerPool
from workbench.store.library import IndexedLibrary
from workbench.store.session_log import SessionLogs
from workbench.tui.app import WorkbenchApp
from workbench.workspace.code_service import CodeService
from workbench.workspace.session import Session
from workbench.workspace.tour import CHANGE, STEPS, WORDS, Tour


class Guided:
    """A workbench on the project of the tour, with real workers and a real watcher."""

    def __init__(self, folder: Path) -> None:
        self.project = lay_out(folder)
        self.host = WorkerPool(self.project.journeys)
        self.history = SessionLogs(self.project.state, self.project.transcripts)
        self.session = Session(CodeService(self.host, NAME, "rehearsal"), self.history)
        shelf = IndexedLibrary(self.project, self.history)
        self.app = WorkbenchApp(self.session, shelf, watch_code(self.project.journeys), tour=Tour())
        self.pilot: Any = None

    @property
    def screen(self) -> Any:
        return self.app.screen

    def text(self) -> str:
        lines = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in line) for line in lines)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause(0.1)

    async def until(self, true: Callable[[], Any]) -> None:
        for _ in range(400):
            await self.pilot.pause(0.05)
            if true():
                return
        raise AssertionError(f"never became so; on screen:\n{self.text()}")

    async def comes_to(self, step: str) -> None:
        """Wait until all steps before this one are complete."""
        await self.until(lambda: (self.app.tour.step.name if self.app.tour.step else "the end") == step)

    async def save_a_mistake(self) -> None:
        """Go through the tour up to the saved transcript."""
        await self.press("enter", "enter")
        await self.comes_to("inspect")
        await self.press("escape", "left_square_bracket")
        await self.comes_to("annotate")
        await self.press("a", "ctrl+s")
        await self.comes_to("save")
        await self.press("t", *"too", "ctrl+s")
        await self.comes_to("fix")
        await self.press("enter")

    def close(self) -> None:
        self.host.close()
        self.history.close()


Flow = Callable[[Guided], Awaitable[None]]


@pytest.fixture
def guided(tmp_path: Path) -> Callable[..., Guided]:
    def run(flow: Flow, size: tuple[int, int] = (160, 48)) -> Guided:
        bench = Guided(tmp_path / "tour")

        async def whole() -> None:
            async with bench.app.run_test(size=size) as pilot:
                bench.pilot = pilot
                await bench.until(lambda: bench.session.agent_info is not None)
                await flow(bench)

        try:
            asyncio.run(whole())
        finally:
            bench.close()
        assert bench.app.failure == ""
        return bench

    return run


@pytest.mark.parametrize("size", [(160, 48), (80, 24)])
def test_following_the_instructions_shows_a_failure_and_then_a_pass(guided, size):
    async def flow(b: Guided) -> None:
        assert f"enter: {WORDS}" in b.text()
        assert "your files are not changed" in " ".join(b.text().split())
        await b.save_a_mistake()
        (saved,) = b.session.saving.saved.values()
        assert saved.verdict == "FAIL"
        await b.press("F")
        assert "- " in b.text()
        assert "days < 1:" in b.text()
        assert b.app.tour.step.name == "fix"
        await b.press("enter")
        await b.comes_to("pass")
        await b.until(lambda: "blocked by repairs.a_day_ahead" in b.text())
        await b.press("T")
        await b.comes_to("the end")
        assert "PASS transcripts/helper/too.json" in b.text()
        assert "the mistake is fixed" in b.text()

    guided(flow, size)


def test_a_step_is_done_by_its_action_and_not_by_a_key_press(guided):
    async def flow(b: Guided) -> None:
        await b.press("escape", "j", "enter", "escape")
        assert b.app.tour.at == 0
        await b.press("i", *"hello", "enter")
        await b.until(lambda: len(b.session.turns()) == 1 and not b.session.busy)
        assert b.app.tour.at == 0

    guided(flow)


def test_the_code_can_be_fixed_in_any_editor(guided):
    async def flow(b: Guided) -> None:
        await b.save_a_mistake()
        path = b.project.journeys / CHANGE.file
        path.write_text(CHANGE.apply(path.read_text()))
        await b.comes_to("pass")
        await b.press("F")
        assert "the fix was already made" in " ".join(b.text().split())

    guided(flow)


def test_a_change_that_is_only_viewed_is_not_applied(guided):
    async def flow(b: Guided) -> None:
        before = (b.project.journeys / CHANGE.file).read_text()
        await b.press("escape", "F", "escape")
        assert (b.project.journeys / CHANGE.file).read_text() == before
        assert b.app.tour.at == 0

    guided(flow)


def test_a_finished_step_stays_finished_after_undo(guided):
    async def flow(b: Guided) -> None:
        await b.save_a_mistake()
        await b.press("u")
        assert b.session.saving.saved == {}
        assert b.app.tour.step.name == "fix"
        await b.press("T")
        assert "nothing of this conversation was saved in this session" in b.text()

    guided(flow)


def test_the_prepared_change_is_available_only_in_the_tour(play):
    async def flow(bench: Any) -> None:
        assert not bench.screen.query_one("#tour").display
        await bench.press("escape", "F")
        assert "only the tour has a prepared change" in bench.text()

    play(flow)


def test_a_change_that_was_already_applied_is_not_applied_twice():
    with pytest.raises(UsageError, match="made, or the file was edited"):
        CHANGE.apply("    if days < 1:\n")


def test_the_text_of_a_step_fits_three_lines_at_80_columns():
    from workbench.tui.view.tour import lines

    assert {len(lines(Tour(at), 80)) for at in range(len(STEPS) + 1)} <= {2, 3}
