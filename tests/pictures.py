"""The pictures in the README and docs: the real workbench on the sample agent, drawn anew.

python tests/pictures.py            writes docs/pictures/*.svg
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from workbench.outside.history import History
from workbench.outside.project import Project
from workbench.outside.shelf import Shelf
from workbench.outside.worker import Workers, prepare
from workbench.serving import Serving
from workbench.session import Session
from workbench.ui import actions
from workbench.ui.app import WorkbenchApp

HERE = Path(__file__).resolve().parents[1]
PICTURES = HERE / "docs" / "pictures"
WIDE, NARROW = (160, 44), (80, 24)


async def nothing() -> AsyncIterator[str]:
    for never in ():
        yield never


class Stage:
    """The workbench on a copy of the sample project, and a hand to press its keys."""

    def __init__(self, folder: Path, screen: Any = "develop") -> None:
        for name in ("journeys/support", "transcripts/support"):
            if not (folder / name).exists():
                shutil.copytree(HERE / name, folder / name)
        project = Project(folder)
        self.host = Workers(project.journeys)
        self.history = History(project.state, project.transcripts)
        self.session = Session(Serving(self.host, "support", "rehearsal"), self.history)
        self.app = WorkbenchApp(self.session, Shelf(project, self.history), nothing(), screen)
        self.pilot: Any = None

    async def say(self, text: str) -> None:
        """Write a message and wait for the end of its turn."""
        turns = len(self.app.session.turns())
        await self.press("i")
        for character in text:
            await self.pilot.press("space" if character == " " else character)
        await self.pilot.press("enter")
        for _ in range(200):
            await self.pilot.pause(0.05)
            if len(self.app.session.turns()) > turns and not self.app.session.busy:
                break
        await self.press("escape")

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause(0.3)

    def edit(self, name: str, old: str, new: str) -> None:
        """Change a file of the copy."""
        path = self.host.root / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def picture(self, name: str) -> Path:
        svg = self.app.export_screenshot(title="workbench")
        # the ids that rich draws by chance would make every picture a new one
        svg = re.sub(r"terminal-\d+", f"terminal-{name}", svg)
        path = PICTURES / f"{name}.svg"
        path.write_text(svg)
        return path

    def close(self) -> None:
        self.host.close()
        self.history.close()


async def shoot(folder: Path, size: tuple[int, int], flow: Any, screen: str = "develop") -> None:
    stage = Stage(folder, screen)
    try:
        async with stage.app.run_test(size=size) as pilot:
            stage.pilot = pilot
            for _ in range(100):
                await pilot.pause(0.05)
                if stage.session.card is not None:
                    break
            await flow(stage)
    finally:
        stage.close()


async def develop(stage: Stage) -> None:
    await stage.press("escape")
    await stage.say("The boots of OL-1002 don't fit")
    await stage.say("just do it anyway")
    await stage.press("g", "exclamation_mark")
    stage.picture("develop")
    await stage.press("a")
    stage.picture("mark")
    await stage.press("escape")


async def narrow(stage: Stage) -> None:
    await stage.press("escape")
    await stage.say("The boots of OL-1002 don't fit")
    await stage.say("just do it anyway")
    await stage.press("g", "exclamation_mark")
    stage.picture("develop-80x24")


async def review(stage: Stage) -> None:
    await stage.press("j", "j")
    stage.picture("review")


async def compare(stage: Stage) -> None:
    """The rule is loosened in code, and in the manual, while the conversation is open."""
    await stage.press("escape")
    await stage.say("The boots of OL-1002 don't fit")
    await stage.say("just do it anyway")
    stage.edit("support/returns/journey.py", "delivery, 45 for loyal", "delivery, 60 for loyal")
    stage.edit("support/returns/journey.py", "if days > limit:", "if days > limit + 15:")
    stage.edit("support/returns/manual.md", "45 days for loyal", "60 days for loyal")
    await stage.app.session.reload()
    await stage.press("escape", "d")
    for _ in range(100):
        await stage.pilot.pause(0.05)
        if getattr(stage.app.screen, "comparison", None) is not None:
            break
    await stage.press("g", "exclamation_mark")
    stage.picture("compare")


def write_keys() -> None:
    """The table of keys in docs/screens.md, made from the one that the screens use."""
    page = HERE / "docs" / "screens.md"
    before, rest = page.read_text().split("<!-- keys -->\n")
    after = rest.split("<!-- /keys -->")[1]
    page.write_text(f"{before}<!-- keys -->\n{actions.markdown()}\n<!-- /keys -->{after}")


def main() -> None:
    write_keys()
    prepare("rehearsal")
    os.environ.pop("NO_COLOR", None)
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(shoot(Path(name), WIDE, develop))
        asyncio.run(shoot(Path(name), NARROW, narrow))
        asyncio.run(shoot(Path(name), WIDE, review, "review"))
        asyncio.run(shoot(Path(name), WIDE, compare))
    sys.stdout.write("\n".join(sorted(p.name for p in PICTURES.glob("*.svg"))) + "\n")


if __name__ == "__main__":
    main()
