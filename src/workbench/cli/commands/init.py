"""`workbench init`: create a new project from the template."""

from __future__ import annotations

import keyword
import os
import re
import shlex
import sys
from pathlib import Path

import msgspec

from ...errors import UsageError
from ...replay.exit_codes import Exit
from ...runtime.agent_files import file_hashes
from ...store.project import Project, is_project
from ...transcripts.codec import read
from ...transcripts.files import write
from ...transcripts.transcript import hash_recording
from ..output import print_status, write_line

TEMPLATE = Path(__file__).parents[1] / "template"
NAME = "helper"  # the agent's name in the template
HIDDEN = {"gitignore": ".gitignore"}  # packaging tools would apply a file named .gitignore


def init(name: str, agent: str) -> Exit:
    """Create a project in the folder `name`, with an agent called `agent` or, if that is empty, like the folder.

    Raises UsageError, and writes nothing in that case.
    """
    folder = Path(name)
    agent = agent or name_for(folder)
    check_name(agent)
    refuse_inside_project(folder)
    files = template_files(agent, folder.resolve().name)
    refuse_to_overwrite(folder, list(files))
    write_files(folder, files)
    transcripts = [folder / file for file in files if file.startswith("transcripts/")]
    created = [*(folder / file for file in files), *finalize(Project(folder), agent, transcripts)]
    for path in created:
        write_line(path.as_posix())
    print_status(f"created {len(created)} files: the agent {agent}, one journey, its rehearsal and a transcript")
    inside = "" if folder.resolve() == Path.cwd().resolve() else f"cd {shlex.quote(name)}, then "
    print_status(
        f"  next: {inside}workbench; or workbench chat, workbench replay, workbench check, workbench doctor"
    )
    return Exit.OK


def name_for(folder: Path) -> str:
    """Return the name of the agent for a folder: shop for shop-agent, else that of the template."""
    words = re.sub(r"[^a-z0-9]+", "_", folder.resolve().name.lower()).strip("_")
    name = words.removesuffix("_agent")
    usable = re.fullmatch(r"[a-z][a-z0-9_]*", name) and not keyword.iskeyword(name)
    return name if usable and name != "agent" and name not in sys.stdlib_module_names else NAME


def check_name(agent: str) -> None:
    """Check that the name is valid for a folder and a Python package. Raises UsageError."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", agent) or keyword.iskeyword(agent):
        raise UsageError(
            f"{agent!r} is not a valid agent name",
            hint="use lower-case letters, digits and _, for example --agent helper",
        )


def template_files(agent: str, project: str = "") -> dict[str, bytes]:
    """Return the new project's files by relative path, in order; `project` is its title."""
    files = {}
    for path in sorted(TEMPLATE.rglob("*")):
        below = path.relative_to(TEMPLATE)
        if path.is_file() and not {"__pycache__", ".workbench"} & set(below.parts):
            parts = [agent if part == NAME else HIDDEN.get(part, part) for part in below.parts]
            text = path.read_text("utf-8").replace(f"# {NAME}\n", f"# {project or agent}\n", 1)
            text = re.sub(rf"\b{NAME}\b", agent, text)
            files["/".join(parts)] = text.encode()
    return files


def refuse_inside_project(folder: Path) -> None:
    """Raise UsageError for a folder below the root of a project: commands there would use the inner one."""
    outer = next((above for above in folder.resolve().parents if is_project(above)), None)
    if outer is not None:
        raise UsageError(
            f"{folder.resolve()} is inside the project {outer}; nothing was written",
            hint="create the project in a folder outside of it; a further agent is a folder in its journeys/",
            code="usage.inside-project",
        )


def refuse_to_overwrite(folder: Path, files: list[str]) -> None:
    """Raise UsageError for existing files, before anything is written."""
    in_the_way = {f: None for file in files for f in (*_files_above(folder / file), folder / file) if _there(f)}
    if in_the_way:
        there = [path.as_posix() for path in in_the_way]
        more = f" and {len(there) - 5} more" if len(there) > 5 else ""
        raise UsageError(
            f"already exists: {', '.join(there[:5])}{more}; nothing was written",
            hint="use another folder: workbench init NAME",
        )


def _there(path: Path) -> bool:
    return os.path.lexists(path)


def _files_above(path: Path) -> list[Path]:
    """Return the parents that exist and are not folders, outermost first."""
    return [p for p in reversed(path.parents) if _there(p) and not p.is_dir()]


def write_files(folder: Path, files: dict[str, bytes]) -> None:
    """Write all files, or none. Raises UsageError."""
    written: list[Path] = []
    try:
        for file, data in files.items():
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            written.append(path)
            path.write_bytes(data)
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        raise UsageError(f"cannot write: {error.strerror}", where=str(written[-1] if written else folder),
                         hint="choose a writable folder") from None  # fmt: skip


def finalize(project: Project, agent: str, transcripts: list[Path]) -> list[Path]:
    """Update the recorded agent name and code hashes in the transcripts, and return their new blob files."""
    hashes = file_hashes(project.journeys, agent)
    blobs: list[Path] = []
    for path in transcripts:
        kept = read(path)
        blobs += write(
            path, msgspec.structs.replace(kept, code=hashes, recording_id=hash_recording(kept.events, kept.setup))
        )
    return blobs
