"""`workbench init`: a new project, copied from template/, that runs at once."""

from __future__ import annotations

import keyword
import os
import re
import shlex
from pathlib import Path

import msgspec

from ...errors import UsageError
from ...replay.exit_codes import Exit
from ...runtime.agent_files import file_hashes
from ...store.project import Project
from ...transcripts.codec import read
from ...transcripts.files import write
from ...transcripts.transcript import hash_recording
from ..output import print_status, write_line

TEMPLATE = Path(__file__).parents[1] / "template"
NAME = "helper"  # the agent's name in the template
HIDDEN = {"gitignore": ".gitignore"}  # a package holds no dot file that git would obey


def init(name: str, agent: str) -> Exit:
    check_name(agent)
    folder = Path(name)
    files = template_files(agent)
    refuse_to_overwrite(folder, list(files))
    write_files(folder, files)
    finalize(Project(folder), agent, [folder / file for file in files if file.startswith("transcripts/")])
    for file in files:
        write_line((folder / file).as_posix())
    print_status(f"made {len(files)} files: the agent {agent}, one journey, its rehearsal and a transcript")
    inside = "" if folder.resolve() == Path.cwd().resolve() else f"cd {shlex.quote(name)}, then "
    print_status(
        f"  next: {inside}workbench; or workbench chat, workbench replay, workbench check, workbench doctor"
    )
    return Exit.OK


def check_name(agent: str) -> None:
    """The name is a folder's and a Python package's. Raises UsageError."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", agent) or keyword.iskeyword(agent):
        raise UsageError(
            f"{agent!r} cannot be the name of an agent",
            next="take lower-case letters, digits and _, for example --agent helper",
        )


def template_files(agent: str) -> dict[str, bytes]:
    """The new project's files by their path in it, in order."""
    files = {}
    for path in sorted(TEMPLATE.rglob("*")):
        below = path.relative_to(TEMPLATE)
        if path.is_file() and not {"__pycache__", ".workbench"} & set(below.parts):
            parts = [agent if part == NAME else HIDDEN.get(part, part) for part in below.parts]
            text = re.sub(rf"\b{NAME}\b", agent, path.read_text("utf-8"))
            files["/".join(parts)] = text.encode()
    return files


def refuse_to_overwrite(folder: Path, files: list[str]) -> None:
    """Raises UsageError, naming what is in the way, before anything is written."""
    in_the_way = {f: None for file in files for f in (*_files_above(folder / file), folder / file) if _there(f)}
    if in_the_way:
        there = [path.as_posix() for path in in_the_way]
        more = f" and {len(there) - 5} more" if len(there) > 5 else ""
        raise UsageError(
            f"in the way: {', '.join(there[:5])}{more}; nothing was written",
            next="name another folder: workbench init NAME",
        )


def _there(path: Path) -> bool:
    return os.path.lexists(path)


def _files_above(path: Path) -> list[Path]:
    """What should be a folder and is none, outermost first."""
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
        raise UsageError(f"cannot be written: {error.strerror}", where=str(written[-1] if written else folder),
                         next="choose a folder that you may write to") from None  # fmt: skip


def finalize(project: Project, agent: str, transcripts: list[Path]) -> None:
    """The transcripts were recorded under the template's name: let them name the code that is here now."""
    hashes = file_hashes(project.journeys, agent)
    for path in transcripts:
        kept = read(path)
        write(
            path, msgspec.structs.replace(kept, code=hashes, recording_id=hash_recording(kept.events, kept.setup))
        )
