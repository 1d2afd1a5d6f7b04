"""`workbench import`: import logs of other systems as golden transcripts, or for review."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from ...errors import UsageError
from ...replay.exit_codes import Exit
from ...runtime.agent_files import agent_names
from ...runtime.fixture_files import FixtureFiles, find_fixtures
from ...store.import_archive import ImportArchive
from ...store.project import Project, find_project
from ...suggest import did_you_mean
from ...text import pluralize
from ...trace.setup import Setup
from ...transcripts.files import write
from ...transcripts.importers.formats import FORMATS
from ...transcripts.importers.importing import LogImport, refuse_losses
from ...transcripts.importers.log_file import Log
from ...transcripts.redaction import Redactor, redact
from ...transcripts.transcript import Transcript
from ..output import out_json, print_status
from ..reports.import_report import describe


@dataclass(frozen=True)
class ImportOptions:
    """The options of the command: where conversations go, and what the log does not tell of them."""

    agent: str = ""
    output_dir: Path | None = None
    to_library: bool = False
    fixture: str = ""
    customer: str = ""
    clock: str = ""
    strict: bool = False
    json: bool = False


def import_(format: str, file: Path, options: ImportOptions) -> Exit:
    """Import a log as transcripts or into the library. Raises UsageError or TranscriptError."""
    if format and format not in FORMATS:
        hint = f"{did_you_mean(format, FORMATS)} choose one of: {', '.join(FORMATS)}, or leave it out".strip()
        raise UsageError(f"unknown format {format!r}", hint=hint)
    if options.to_library and options.output_dir is not None:
        raise UsageError("--to-library and --output-dir exclude each other", hint="remove one of them")
    project = find_project()
    agents = agent_names(project.journeys)
    if not options.agent and len(agents) > 1:
        raise UsageError("choose an agent with --agent", hint=f"choose one of: {', '.join(agents)}")
    setup, start = _setup(project, project.agent(options.agent), options)
    work = LogImport(Log.of_file(file), setup, format, clock_given=bool(options.clock))
    work.survey()
    if options.strict or not work.ids:
        hint = "fix it in the file, or import without --strict" if work.ids else "fix it in the file"
        refuse_losses(work.report, file.name, hint)
    into = _Library(project) if options.to_library else _Folder(project, setup.agent, options.output_dir)
    into.check(work.ids.values())
    done = into.take(_redacted(work))
    print_status(done)
    for line in [*describe(work.report, format), start]:
        print_status(f"  {line}")
    print_status(f"  next: {into.next}")
    if options.json:
        out_json(work.report.to_plain())
    return Exit.FAILED if work.report.skipped or work.report.cut_off else Exit.OK


def _redacted(work: LogImport) -> Iterator[Transcript]:
    """Yield the transcripts with secrets replaced; each by its own redactor, so that none grows with the log."""
    for transcript in work.transcripts():
        redactor = Redactor()
        yield redact(transcript, redactor)
        work.report.replaced.update(kind for kind, _ in redactor.replaced)


class _Folder:
    """Writes transcripts to a folder."""

    def __init__(self, project: Project, agent: str, folder: Path | None) -> None:
        self.folder = folder or project.transcripts / agent
        self.next = f"workbench replay {self.folder}"

    def check(self, ids: Any) -> None:
        """Raise UsageError if a file already exists."""
        there = [path for id in ids if (path := self.folder / f"{id}.json").exists()]
        if there:
            raise UsageError(
                f"{len(there)} of the files already exist, the first is {there[0]}; nothing was written",
                hint="choose another folder with --output-dir, or delete them",
            )

    def take(self, transcripts: Iterator[Transcript]) -> str:
        count = 0
        for transcript in transcripts:
            write(self.folder / f"{transcript.id}.json", transcript)
            count += 1
        return f"{pluralize(count, 'golden transcript')} in {self.folder}"


class _Library:
    """Adds conversations to the library of Review."""

    next = "workbench review, then / and in:imports"

    def __init__(self, project: Project) -> None:
        self.archive = ImportArchive(project.state / "archive.db")

    def check(self, ids: Any) -> None:
        """Accept any: a conversation that is already there is not added again."""

    def take(self, transcripts: Iterator[Transcript]) -> str:
        added, there = self.archive.add(transcripts)
        again = f"; {there:,} were already imported" if there else ""
        return f"{pluralize(added, 'conversation')} to review{again}"


# what the log does not tell


def _setup(project: Project, agent: str, options: ImportOptions) -> tuple[Setup, str]:
    """Return the setup of the conversations, and a line that says where it is from. Raises UsageError."""
    fixtures = find_fixtures(project.journeys, agent)
    name, start = _start(fixtures, options.fixture)
    setup = fixtures.setup(name)
    if options.customer:
        setup = msgspec.structs.replace(setup, customer=_customer(options.customer))
    if options.clock:
        setup = msgspec.structs.replace(setup, clock=_clock(options.clock))
    who = setup.customer.get("id", "unnamed") if setup.customer else "none (--customer)"
    return msgspec.structs.replace(setup, imported=True), f"{start}; customer: {who}; clock: {setup.clock}"


def _start(fixtures: FixtureFiles, chosen: str) -> tuple[str, str]:
    """Return the fixture to start from, "" for none, and why. Raises UsageError for one that does not exist."""
    names = list(fixtures.paths)
    if chosen and chosen not in names:
        hint = f"choose one of: {', '.join(names)}" if names else "the agent has no fixtures"
        raise UsageError(f"unknown fixture {chosen!r}", hint=hint)
    if chosen:
        return chosen, f"fixture: {chosen}"
    if fixtures.default in names:
        return fixtures.default, f"fixture: {fixtures.default}, the default of the agent"
    if len(names) == 1:
        return names[0], f"fixture: {names[0]}, the only one"
    which = f"choose one of {', '.join(names)} with --fixture" if names else "the agent has none"
    return "", f"fixture: none ({which}); --tools=sandbox would run tools on an empty world"


def _customer(text: str) -> dict[str, Any]:
    """Return a customer: a JSON object, or an id."""
    if not text.lstrip().startswith(("{", "[", '"')):
        return {"id": text}
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        hint = 'for example --customer C-1, or --customer \'{"id": "C-1"}\''
        raise UsageError(f"not a JSON object: {error}", where="--customer", hint=hint) from None


def _clock(text: str) -> str:
    try:
        if datetime.fromisoformat(text).tzinfo is not None:
            return text
    except ValueError:
        pass
    raise UsageError(
        f"{text!r} is not a time with an offset", where="--clock", hint="for example 2026-03-10T10:00:00+01:00"
    )
