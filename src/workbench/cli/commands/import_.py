"""`workbench import`: import logs of other systems as golden transcripts, or for review."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from ...errors import UsageError
from ...files import LOG_LIMIT, read_bytes
from ...replay.exit_codes import Exit
from ...runtime.agent_files import agent_names
from ...store.import_archive import ImportArchive
from ...store.project import find_project
from ...text import pluralize
from ...transcripts.files import write
from ...transcripts.importers.formats import FORMATS
from ...transcripts.redaction import Redactor, redact
from ...transcripts.transcript import Transcript
from ..output import print_status


def import_(format: str, file: Path, agent: str, output_dir: Path | None, to_library: bool) -> Exit:
    """Import a log as transcripts or into the library. Raises UsageError or TranscriptError."""
    reader = FORMATS.get(format)
    if reader is None:
        raise UsageError(f"unknown format {format!r}", hint=f"choose one of: {', '.join(FORMATS)}")
    data = read_bytes(file, LOG_LIMIT)
    if to_library and output_dir is not None:
        raise UsageError("--to-library and --output-dir exclude each other", hint="remove one of them")
    project = find_project()
    agents = agent_names(project.journeys)
    if not agent and len(agents) > 1:
        raise UsageError("choose an agent with --agent", hint=f"choose one of: {', '.join(agents)}")
    name = project.agent(agent)
    redactor = Redactor()
    found = [redact(transcript, redactor) for transcript in reader(data, name, file.name)]
    if to_library:
        return _to_library(ImportArchive(project.state / "archive.db"), found, redactor)
    folder = output_dir or project.transcripts / name
    paths = [folder / f"{t.id}.json" for t in found]
    there = [p for p in paths if p.exists()]
    if there:
        raise UsageError(
            f"{len(there)} of the files already exist, the first is {there[0]}; nothing was written",
            hint="choose another folder with --output-dir, or delete them",
        )
    for path, transcript in zip(paths, found, strict=True):
        write(path, transcript)
    print_status(f"{pluralize(len(found), 'golden transcript')} in {folder}{_replaced(redactor)}")
    print_status(f"  next: workbench replay {folder}")
    return Exit.OK if found else Exit.NO_TESTS


def _replaced(redactor: Redactor) -> str:
    """Count the replaced values by kind."""
    counts = Counter(kind for kind, _ in redactor.replaced)
    return f"; replaced: {', '.join(pluralize(n, kind) for kind, n in counts.items())}" if counts else ""


def _to_library(archive: ImportArchive, found: list[Transcript], redactor: Redactor) -> Exit:
    added, there = archive.add(found)
    print_status(
        f"{pluralize(added, 'conversation')} to review"
        + (f"; {there} were already imported" if there else "")
        + _replaced(redactor)
    )
    print_status("  next: workbench review, then / and in:imports")
    return Exit.OK if found else Exit.NO_TESTS
