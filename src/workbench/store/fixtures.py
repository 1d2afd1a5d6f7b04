"""New fixtures in the folder of an agent."""

from __future__ import annotations

from typing import Any

from ..errors import UsageError
from ..plain import indented_json
from ..workspace.world import check_name
from .project import Project


class FixtureFiles:
    """Writes fixtures of a project, and never over one that exists."""

    def __init__(self, project: Project) -> None:
        self.project = project

    def save(self, agent: str, folder: str, name: str, fixture: dict[str, Any]) -> str:
        """Write a fixture and return its path in the project. Raises UsageError if that is not possible."""
        check_name(name)
        path = self.project.journeys / agent / folder / f"{name}.json"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:  # fails if it exists, also if another program has just written it
                file.write(indented_json(fixture) + b"\n")
        except FileExistsError:
            raise UsageError(f"there is a fixture {name} already", hint="choose another name") from None
        except OSError as error:
            raise UsageError(f"cannot write {path.name}: {error.strerror}") from None
        return path.relative_to(self.project.root).as_posix()
