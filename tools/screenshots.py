"""Draw the pictures in the README and the docs: the real workbench on the sample agent.

`python -m tools.screenshots` writes docs/pictures/*.svg and the table of keys in
docs/screens.md. tests/test_pictures.py draws them again and compares the text in them.
"""

from __future__ import annotations

import asyncio
import html
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

from workbench.cli.commands.dev import lay_out
from workbench.cli.commands.init import NAME
from workbench.runtime.worker import WorkerPool, start_fork_server
from workbench.store.indexer import Indexer
from workbench.store.library import IndexedLibrary
from workbench.store.project import Project
from workbench.store.session_log import SessionLogs
from workbench.transcripts.files import find
from workbench.tui import actions
from workbench.tui.app import WorkbenchApp
from workbench.workspace.code_service import CodeService
from workbench.workspace.library import IndexProgress
from workbench.workspace.session import Session
from workbench.workspace.tour import CHANGE, Tour

HERE = Path(__file__).resolve().parents[1]
PICTURES = HERE / "docs" / "pictures"
WIDE, NARROW = (160, 44), (80, 24)
SAID = ("The boots of OL-1002 don't fit", "just do it anyway")


async def nothing() -> AsyncIterator[str]:
    return
    yield ""


def sample(folder: Path) -> Project:
    """Copy the sample project, with transcripts of the last hours."""
    for name in ("journeys/support", "transcripts/support", "transcripts/blobs"):
        shutil.copytree(HERE / name, folder / name)
    for number, path in enumerate(sorted(find([folder / "transcripts"]))):
        os.utime(path, (time.time() - 3600.0 * number - 5400,) * 2)
    return Project(folder)


class Indexed(IndexedLibrary):
    """A library that builds its index once, in this process."""

    async def news(self) -> AsyncIterator[IndexProgress]:
        await asyncio.to_thread(self._index)
        yield IndexProgress(changed=True)

    def _index(self) -> None:
        indexing = Indexer(self.project.state, self.project.transcripts)
        indexing.refresh()
        indexing.close()


class Stage:
    """The workbench on a temporary project, controlled by key presses."""

    def __init__(self, folder: Path, into: Path, screen: Any = "develop", tour: Tour | None = None) -> None:
        project = lay_out(folder) if tour else sample(folder)
        self.into = into
        self.host = WorkerPool(project.journeys)
        self.history = SessionLogs(project.state, project.transcripts)
        agent = NAME if tour else "support"
        serving = CodeService(self.host, agent, "rehearsal")
        self.session = Session(serving, self.history, id=f"{agent}-20260105-101500-1a2b")
        self.shelf = Indexed(project, self.history)
        self.app = WorkbenchApp(self.session, self.shelf, nothing(), screen, tour=tour)
        self.pilot: Any = None

    @property
    def screen(self) -> Any:
        return self.app.screen

    def text(self) -> str:
        """Return what the whole screen shows."""
        return "\n".join(strip.text for strip in self.screen._compositor.render_strips())

    async def until(self, true: Callable[[], Any]) -> None:
        """Wait until a condition is true and drawn."""
        for _ in range(600):
            await self.pilot.pause(0.05)
            if true():
                await self.pilot.pause(0.15)
                return
        raise AssertionError("timed out")

    async def say(self, text: str) -> None:
        """Write a message and wait for the end of its turn."""
        turns = len(self.app.session.turns())
        self.screen.messaging.do_type()
        self.screen.entry.text = text
        await self.pilot.press("enter")
        await self.until(lambda: len(self.app.session.turns()) > turns and not self.app.session.busy)
        await self.press("escape")

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause(0.15)

    def edit(self, name: str, old: str, new: str) -> None:
        """Change a file of the copy."""
        path = self.host.root / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def picture(self, name: str) -> None:
        svg = self.app.export_screenshot(title="workbench")
        # the random ids of rich would change every picture
        svg = re.sub(r"terminal-\d+", f"terminal-{name}", svg)
        (self.into / f"{name}.svg").write_text(svg)

    def close(self) -> None:
        self.shelf.close()
        self.host.close()
        self.history.close()


async def develop(stage: Stage) -> None:
    """Draw one conversation, and the dialogs of its steps."""
    for text in SAID:
        await stage.say(text)
    await stage.press("g", "exclamation_mark")
    stage.picture("develop")
    for key, name in (("a", "annotate"), ("W", "takeover"), ("question_mark", "help")):
        await stage.press(key)
        stage.picture(name)
        await stage.press("escape")
    await stage.press("r", "right", "tab", "backspace", "3", "enter")
    await stage.until(lambda: "3 of 3 ran" in stage.text())
    stage.picture("rerun")
    await stage.press("escape")
    await stage.press("slash", *"limit")
    stage.picture("find")
    await stage.press("escape")
    await stage.press("g", "exclamation_mark", "x", "enter", "ctrl+s")
    await stage.until(lambda: stage.session.rerun is not None)
    stage.picture("disable")


async def conversations(stage: Stage) -> None:
    """Draw the open conversations, one a fork of another."""
    for text in SAID:
        await stage.say(text)
    await stage.press("g", "f")
    await stage.say("The boots of OL-1001 don't fit")
    await stage.press("ctrl+n")
    await stage.say("My speaker will not play")
    await stage.press("b")
    stage.picture("conversations")
    await stage.press("escape")


async def narrow(stage: Stage) -> None:
    for text in SAID:
        await stage.say(text)
    await stage.press("g", "exclamation_mark")
    stage.picture("develop-80x24")


async def review(stage: Stage) -> None:
    await stage.until(lambda: not stage.screen.queue.indexing and stage.screen.queue.found.total >= 28)
    await stage.press("j", "j")
    await stage.until(lambda: stage.screen.session is not None)
    stage.picture("review")


async def compare(stage: Stage) -> None:
    """Compare with code whose rule was loosened while the conversation is open."""
    for text in SAID:
        await stage.say(text)
    stage.edit("support/returns/journey.py", "delivery, 45 for loyal", "delivery, 60 for loyal")
    stage.edit("support/returns/journey.py", "if days > limit:", "if days > limit + 15:")
    stage.edit("support/returns/manual.md", "45 days for loyal", "60 days for loyal")
    await stage.app.session.reload()
    await stage.press("escape", "d")
    await stage.until(lambda: getattr(stage.screen, "comparison", None) is not None)
    await stage.press("g", "exclamation_mark")
    stage.picture("compare")


async def tour(stage: Stage) -> None:
    """Go through the tour up to the fix."""
    await stage.press("i", "enter", "enter")
    await stage.until(lambda: len(stage.session.turns()) == 1 and not stage.session.busy)
    await stage.press("escape", "left_square_bracket", "a", "ctrl+s")
    await stage.press("t", "ctrl+s")
    await stage.until(lambda: stage.session.saving.saved)
    await stage.press("enter")
    stage.edit(CHANGE.file, CHANGE.before, CHANGE.after)
    await stage.session.reload()
    await stage.press("g", "exclamation_mark")
    stage.picture("tour")


class Play(NamedTuple):
    """A flow that draws some of the pictures."""

    flow: Callable[[Stage], Awaitable[None]]
    pictures: tuple[str, ...]
    size: tuple[int, int] = WIDE
    screen: str = "develop"
    tour: Tour | None = None


PLAYS = (
    Play(develop, ("develop", "annotate", "takeover", "help", "rerun", "find", "disable")),
    Play(conversations, ("conversations",)),
    Play(narrow, ("develop-80x24",), NARROW),
    Play(review, ("review",), screen="review"),
    Play(compare, ("compare",)),
    Play(tour, ("tour",), (120, 32), tour=Tour()),
)


async def perform(play: Play, into: Path) -> None:
    """Draw the pictures of one play into a folder."""
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder), into, play.screen, play.tour)
        try:
            async with stage.app.run_test(size=play.size) as pilot:
                stage.pilot = pilot
                await stage.until(lambda: stage.session.agent_info is not None)
                await stage.press("escape")
                await play.flow(stage)
        finally:
            stage.close()


def draw(play: Play, into: Path) -> None:
    os.environ.pop("NO_COLOR", None)
    asyncio.run(perform(play, into))


def words(svg: str) -> list[str]:
    """Return the lines of a picture without spaces and relative times, which vary.

    A blinking cursor splits a line differently, but does not change its words.
    """
    lines: dict[str, str] = {}
    for y, text in re.findall(r'<text[^>]*? y="([\d.]+)"[^>]*>(.*?)</text>', svg):
        lines[y] = lines.get(y, "") + html.unescape(text)
    changing = (
        r"\d+\s(s|min|h|d)\sago|\d{8}-\d{6}-\w{4}|\d{4}-\d\d-\d\d\s\d\d:\d\d|\b\w{4}\s\d\d:\d\d|\b\d\d:\d\d\b"
    )
    whole = [re.sub(changing, "…", line) for line in lines.values()]
    return ["".join(line.split()) for line in whole]


def write_keys() -> None:
    """Write the table of keys in docs/screens.md, generated from the table of actions."""
    page = HERE / "docs" / "screens.md"
    before, rest = page.read_text().split("<!-- keys -->\n")
    after = rest.split("<!-- /keys -->")[1]
    page.write_text(f"{before}<!-- keys -->\n{actions.markdown()}\n<!-- /keys -->{after}")


def main() -> None:
    write_keys()
    start_fork_server("rehearsal")
    PICTURES.mkdir(parents=True, exist_ok=True)
    for play in PLAYS:
        draw(play, PICTURES)
    sys.stdout.write("\n".join(sorted(p.name for p in PICTURES.glob("*.svg"))) + "\n")


if __name__ == "__main__":
    main()
