"""A user's project: the folder that holds journeys/, transcripts/ and .workbench/."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from ..errors import UsageError
from ..runtime.agent_files import agent_names
from ..suggest import did_you_mean
from ..transcripts.files import STATE
from .config import CONFIG, read_settings_file

INIT = "`workbench init` makes one"


class Project(msgspec.Struct, frozen=True):
    """Where things are. `config` is workbench.toml, as `config` reads it."""

    root: Path
    config: dict[str, Any] = {}

    @property
    def journeys(self) -> Path:
        return self.root / "journeys"

    @property
    def transcripts(self) -> Path:
        return self.root / "transcripts"

    @property
    def state(self) -> Path:
        return self.root / STATE

    def agent(self, asked: str = "") -> str:
        """The agent to work on: asked for, configured, or the only one. Raises UsageError."""
        there = agent_names(self.journeys)
        wanted = asked or str(self.config.get("agent", ""))
        if wanted:
            if wanted not in there:
                raise UsageError(
                    f"there is no agent {wanted!r} in {self.journeys.name}/",
                    hint=did_you_mean(wanted, there, f"choose one of: {', '.join(there)}") if there else INIT,
                )
            return wanted
        if not there:
            raise UsageError(
                "there is no agent in journeys/ yet", hint="`workbench init` makes one that runs at once"
            )
        if len(there) > 1:
            raise UsageError(
                f"there are several agents: {', '.join(there)}",
                hint=f'say --agent NAME, or write agent = "{there[0]}" in {CONFIG}',
            )
        return there[0]


def find_project(start: Path | None = None) -> Project:
    """The nearest folder, here or above, with a journeys/ in it. Raises UsageError."""
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / "journeys").is_dir():
            return Project(folder, read_settings_file(folder / CONFIG))
    raise UsageError(
        f"there is no journeys/ folder in {here} or above it",
        hint="go to your project, or make one: workbench init NAME",
    )


def belongs_to(path: Path, project: Project) -> bool:
    """Whether a path lies in this project, or at least in no other."""
    try:
        return find_project(path if path.is_dir() else path.parent).root == project.root
    except UsageError:
        return True


def project_for(path: Path | None) -> Project:
    """The project one stands in, or else the one that a path lies in. Raises UsageError."""
    try:
        return find_project()
    except UsageError:
        if path is None or not path.exists():
            raise
        return find_project(path.resolve().parent)
