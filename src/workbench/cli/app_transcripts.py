"""Commands for transcripts: accept, record, format, show, import, measure. Bodies import what they need."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import (
    AgentOption,
    FixtureOption,
    JobsOption,
    JsonFlag,
    JsonOption,
    ModelOption,
    PathsArgument,
    QueryOption,
    ToolsOption,
)


def accept(
    file: Annotated[Path, typer.Argument(help="A transcript.")],
    reason: Annotated[
        str, typer.Option("--reason", help="Why the new behavior is correct; stored in the file.")
    ] = "",
    match: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=exact|subset|regex|ignore", help="Set how an expected argument is compared."),
    ] = None,
) -> None:
    """Accept today's behavior of a transcript.

    A mistake becomes fixed; a golden transcript ends at its new decision.
    """
    from .commands.accept import accept as start

    raise typer.Exit(start(file, reason, match or []))


def rerecord(
    file: Annotated[Path, typer.Argument(help="A transcript.")],
    model: ModelOption = "",
) -> None:
    """Record a transcript again with a live model.

    The result is pending until you accept it.
    """
    from .commands.rerecord import rerecord as start

    raise typer.Exit(start(file, model))


PendingFiles = Annotated[list[Path] | None, typer.Argument(help="Transcripts with a pending re-recording.")]
AllFlag = Annotated[bool, typer.Option("--all", help="Every pending re-recording.")]


def pending(context: typer.Context) -> None:
    """List, show, accept or reject pending re-recordings."""
    if context.invoked_subcommand is None:
        pending_list()


def pending_list() -> None:
    """List the transcripts with a pending re-recording."""
    from .commands.pending import list_pending

    raise typer.Exit(list_pending())


def pending_show(files: PendingFiles = None) -> None:
    """Show how pending re-recordings differ.

    Compares them with their transcripts; without FILES, all of them.
    """
    from .commands.pending import show_pending

    raise typer.Exit(show_pending(files or []))


def pending_accept(files: PendingFiles = None, all_: AllFlag = False) -> None:
    """Replace transcripts with their pending re-recordings."""
    from .commands.pending import accept_pending

    raise typer.Exit(accept_pending(files or [], all_))


def pending_reject(files: PendingFiles = None, all_: AllFlag = False) -> None:
    """Delete pending re-recordings.

    The transcripts are unchanged.
    """
    from .commands.pending import reject_pending

    raise typer.Exit(reject_pending(files or [], all_))


def fmt(
    paths: PathsArgument = None,
    query: QueryOption = "",
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 if a file has findings.")
    ] = False,
    upgrade: Annotated[bool, typer.Option("--upgrade", help="Convert older formats to the current one.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Write nothing; show what would change.")] = False,
) -> None:
    """Write transcripts in canonical form.

    With --check, nothing is written, and secrets and duplicate ids are found too.
    """
    from .commands.fmt import fmt as start
    from .selection import parse_query

    raise typer.Exit(start(paths or [], parse_query(query), check, upgrade, diff))


def show(
    file: Annotated[Path, typer.Argument(help="A transcript.")],
    json: JsonFlag = False,
    export: Annotated[
        str, typer.Option("--export", metavar="FILE", help="Write one file with all its blobs; - for stdout.")
    ] = "",
) -> None:
    """Print a transcript for reading, or export it.

    A transcript shares its prompts and schemas with others, in the folder blobs. An
    exported file contains them: it can be sent to somebody, and replays on its own.
    """
    from .commands.show import show as start

    raise typer.Exit(start(file, json, export))


def import_(
    format_or_file: Annotated[
        str, typer.Argument(metavar="[tau-bench|openai|anthropic]", help="The expected format of the log.")
    ],
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="The log file.")] = None,
    agent: AgentOption = "",
    fixture: FixtureOption = "",
    customer: Annotated[str, typer.Option("--customer", help="The customer: an id, or a JSON object.")] = "",
    clock: Annotated[str, typer.Option("--clock", help="The time of the conversations, with its offset.")] = "",
    output_dir: Annotated[
        Path | None, typer.Option("--output-dir", help="The folder to write to; default: transcripts/AGENT.")
    ] = None,
    to_library: Annotated[
        bool,
        typer.Option("--to-library", help="Import into the review library instead of creating transcript files."),
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Import nothing if a conversation cannot be read.")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Import a log of conversations.

    They become golden transcripts or, with --to-library, conversations for review. The format is
    recognized by the content; a conversation that cannot be read is skipped, and the exit code is 1.
    """
    from .commands.import_ import ImportOptions
    from .commands.import_ import import_ as start

    format = format_or_file if file is not None else ""
    options = ImportOptions(agent, output_dir, to_library, fixture, customer, clock, strict, json)
    raise typer.Exit(start(format, file or Path(format_or_file), options))


def mutate(
    paths: PathsArgument = None,
    query: QueryOption = "",
    agent: AgentOption = "",
    file: Annotated[
        list[str] | None,
        typer.Option("--file", metavar="FILE", help="Mutate only these files; * matches any name."),
    ] = None,
    operator: Annotated[
        list[str] | None, typer.Option("--operator", metavar="NAME", help="Use only these mutation operators.")
    ] = None,
    json: JsonOption = "",
    tools: ToolsOption = "recorded",
    jobs: JobsOption = 0,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds without progress after which a mutant times out.")
    ] = 5.0,
    min_score: Annotated[
        float, typer.Option("--min-score", min=0, max=100, help="Fail if the score in percent is lower.")
    ] = 0.0,
    list_: Annotated[bool, typer.Option("--list", help="List the mutants and exit.")] = False,
) -> None:
    """Find changes of policies that no transcript catches.

    Makes one small change to a policy or tool at a time (a mutant), and replays the transcripts on it.
    """
    from .commands.mutate import MutantFilter, MutationOptions
    from .commands.mutate import mutate as start
    from .commands.replay import parse_tools
    from .selection import parse_query

    effort = MutationOptions(jobs, timeout, parse_tools(tools))
    raise typer.Exit(
        start(
            paths or [],
            parse_query(query),
            agent,
            MutantFilter(file or [], operator or []),
            effort,
            json,
            min_score,
            list_,
        )
    )


def coverage(
    paths: PathsArgument = None,
    query: QueryOption = "",
    agent: AgentOption = "",
    json: JsonOption = "",
    tools: ToolsOption = "recorded",
    jobs: JobsOption = 0,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds without progress after which a transcript times out.")
    ] = 60.0,
) -> None:
    """List the parts of the journeys that no transcript reaches.

    The parts are policies, decisions, tools and lines.
    """
    from .commands.coverage import report_coverage as start
    from .commands.replay import parse_tools
    from .selection import parse_query

    raise typer.Exit(start(paths or [], parse_query(query), agent, json, jobs, timeout, parse_tools(tools)))
