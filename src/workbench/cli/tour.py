"""`workbench tour`: a minute with the workbench, on an agent in a folder of its own that is gone afterwards."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ..store.project import Project
from ..workspace.tour import CHANGE, Tour
from .dev import check_terminal, open_on
from .init import NAME, plan, put
from .report import say


def tour() -> int:
    check_terminal()
    with tempfile.TemporaryDirectory(prefix="workbench-tour-") as folder:
        project = lay_out(Path(folder).resolve())
        code, _ = open_on(project, NAME, "rehearsal", tour=Tour())
    say("the tour's folder is gone again; `workbench init NAME` makes an agent of your own")
    return code


def lay_out(folder: Path) -> Project:
    """A new project whose policy has the mistake that the tour is about."""
    files = {name: data for name, data in plan(NAME).items() if name.startswith("journeys/")}
    name = f"journeys/{CHANGE.file}"
    assert CHANGE.right.encode() in files[name]
    files[name] = files[name].replace(CHANGE.right.encode(), CHANGE.wrong.encode())
    put(folder, files)
    return Project(folder)
