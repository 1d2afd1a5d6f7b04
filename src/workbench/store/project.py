"""A user's project: the folder that holds journeys/, transcripts/ and .workbench/."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from ..engine.model_params import ModelParams
from ..errors import UsageError
from ..runtime.agent_files import agent_names
from ..suggest import did_you_mean
from ..transcripts.files import STATE
from .config import CONFIG, read_settings_file

INIT = "`workbench init` creates one"


class Project(msgspec.Struct, frozen=True):
    """The folders of a project, and the settings in its workbench.toml."""

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

    @property
    def model(self) -> str:
        """Return the name of the model in the settings, "" if there is none."""
        return str(self.config.get("model", ""))

    @property
    def model_where(self) -> str:
        """Return the line of that setting."""
        return str(self.config.get("model_where", ""))

    @property
    def params(self) -> ModelParams:
        """Return the parameters of live models in the settings."""
        found: ModelParams = self.config.get("params", ModelParams())
        return found

    def agent(self, requested: str = "") -> str:
        """Return the agent to work on: requested, configured, or the only one. Raises UsageError."""
        names = agent_names(self.journeys)
        wanted = requested or str(self.config.get("agent", ""))
        if wanted:
            if wanted not in names:
                raise UsageError(
                    f"there is no agent {wanted!r} in {self.journeys.name}/",
                    where="" if requested else str(self.config.get("agent_where", "")),
                    hint=did_you_mean(wanted, names, f"choose one of: {', '.join(names)}") if names else INIT,
                )
            return wanted
        if not names:
            raise UsageError("journeys/ contains no agent", hint="`workbench init` creates one that runs at once")
        if len(names) > 1:
            raise UsageError(
                f"there are several agents: {', '.join(names)}",
                hint=f'use --agent NAME, or set agent = "{names[0]}" in {CONFIG}',
            )
        return names[0]


def is_project(folder: Path) -> bool:
    """Return whether a folder is the root of a project."""
    return (folder / "journeys").is_dir()


def find_project(start: Path | None = None) -> Project:
    """Find the nearest folder, this one or above, that contains journeys/. Raises UsageError."""
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if is_project(folder):
            return Project(folder, read_settings_file(folder / CONFIG))
    raise UsageError(
        f"there is no journeys/ folder in {here} or above it",
        hint="go to your project, or create one: workbench init NAME",
    )


def belongs_to(path: Path, project: Project) -> bool:
    """Return whether a path is in this project, or in none."""
    try:
        return find_project(path if path.is_dir() else path.parent).root == project.root
    except UsageError:
        return True


def project_for(path: Path | None) -> Project:
    """Return the project of the current folder, or else that of a path. Raises UsageError."""
    try:
        return find_project()
    except UsageError:
        if path is None or not path.exists():
            raise
        return find_project(path.resolve().parent)
