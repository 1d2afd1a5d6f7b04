"""`workbench import`: logs of other systems become guard transcripts."""

from __future__ import annotations

from pathlib import Path

from ..errors import UsageError
from ..outside.importers import FORMATS
from ..outside.loader import agent_names
from ..outside.project import find_project
from ..outside.transcripts import write
from .report import Exit, say


def import_(format: str, file: Path, agent: str, into: Path | None) -> Exit:
    reader = FORMATS.get(format)
    if reader is None:
        raise UsageError(f"there is no format {format!r}", next=f"one of: {', '.join(FORMATS)}")
    try:
        data = file.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(file)) from None
    project = find_project()
    agents = agent_names(project.journeys)
    if not agent and len(agents) > 1:
        raise UsageError("say whose conversations they are", next=f"--agent, one of: {', '.join(agents)}")
    name = project.agent(agent)
    found = reader(data, name, file.name)
    folder = into or project.transcripts / name
    paths = [folder / f"{t.id}.json" for t in found]
    there = [p for p in paths if p.exists()]
    if there:
        raise UsageError(
            f"{len(there)} of them are there already, the first is {there[0]}; nothing was written",
            next="choose another folder with --into, or delete them",
        )
    for path, transcript in zip(paths, found, strict=True):
        write(path, transcript)
    say(f"{len(found)} guard transcripts in {folder}")
    say(f"  next: workbench replay {folder}")
    return Exit.OK if found else Exit.NOTHING
