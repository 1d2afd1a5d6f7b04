"""Commands that run transcripts: replay, trial, merge. Bodies import what they need: replay must start fast."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import (
    AgentsOption,
    GithubFlag,
    JobsOption,
    JsonOption,
    JunitOption,
    KindsOption,
    LastFailedFlag,
    MarkdownOption,
    ModelOption,
    PathsArgument,
    QueryOption,
    QuietFlag,
    TagsOption,
    ToolsOption,
)


def replay(
    paths: PathsArgument = None,
    query: QueryOption = "",
    tag: TagsOption = None,
    kind: KindsOption = None,
    agent: AgentsOption = None,
    last_failed: LastFailedFlag = False,
    shard: Annotated[str, typer.Option(metavar="N/OF", help="Only this part of it: 1/8 to 8/8.")] = "",
    tools: ToolsOption = "recorded",
    check_flaky: Annotated[
        bool,
        typer.Option("--check-flaky", help="Replay each again, also in new processes; a difference is FLAKY."),
    ] = False,
    strict_drift: Annotated[
        bool, typer.Option("--strict-drift", help="A changed prompt or decision is DRIFTED, not a note.")
    ] = False,
    use_live_results: Annotated[
        bool,
        typer.Option("--use-live-results", help="Let a stored live result that still applies decide NEEDS_LIVE."),
    ] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Replay again at every save, until ctrl+c.")] = False,
    jobs: JobsOption = 0,
    timeout: Annotated[
        float | None, typer.Option(help="Seconds a journey may be silent before it counts as hung; 10 if none.")
    ] = None,
    json: JsonOption = "",
    junit: JunitOption = "",
    markdown: MarkdownOption = "",
    github: GithubFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Replay transcripts on today's code, without a model and without network."""
    from ..transcripts.selection import Shard
    from .commands.replay import ReplayOptions, parse_timeout, parse_tools
    from .reports.publish import Reports
    from .selection import SelectionRequest, parse_query

    selected = parse_query(query, tag, kind, agent)
    scope = SelectionRequest(
        tuple(paths or ()), selected, last_failed, Shard.parse_expression(shard) if shard else None
    )
    options = ReplayOptions(
        jobs, parse_timeout(timeout), parse_tools(tools, check_flaky, strict_drift), use_live_results
    )
    reports = Reports(json, junit, markdown, github, quiet)
    if watch:
        from .commands.replay_watch import watch as start
    else:
        from .commands.replay import replay as start
    raise typer.Exit(start(scope, reports, options))


def trial(
    paths: PathsArgument = None,
    query: QueryOption = "",
    tag: TagsOption = None,
    kind: KindsOption = None,
    agent: AgentsOption = None,
    last_failed: LastFailedFlag = False,
    live_from: Annotated[
        str,
        typer.Option("--from", metavar="STEP", help="Replay up to this step, then live: 3.1, or `mark`."),
    ] = "",
    trials: Annotated[int, typer.Option("--trials", min=1, help="Run each transcript this many times.")] = 1,
    model: ModelOption = "",
    judge: Annotated[str, typer.Option("--judge", help="The model that judges rubrics; the same if none.")] = "",
    max_trials: Annotated[int, typer.Option("--max-trials", min=0, help="Start no more trials than this.")] = 0,
    max_tokens: Annotated[
        int, typer.Option("--max-tokens", min=0, help="Start no trial once this many tokens are used.")
    ] = 0,
    max_cost: Annotated[
        float, typer.Option("--max-cost", min=0, help="Start no trial once this many dollars are spent.")
    ] = 0.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it may cost.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, whatever it may cost.")] = False,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="Trials at once; 0 is four.")] = 0,
    timeout: Annotated[
        float | None,
        typer.Option(help="Seconds a journey may block before it counts as hung; the agent's limit if none."),
    ] = None,
    json: JsonOption = "",
    junit: JunitOption = "",
    markdown: MarkdownOption = "",
    github: GithubFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Run transcripts with a live model, several times each, and say how often they pass."""
    from ..trials.budget import Budget
    from .commands.replay import parse_timeout
    from .commands.trial import TrialOptions
    from .commands.trial import trial as start
    from .reports.publish import Reports
    from .selection import SelectionRequest, parse_query

    selected = parse_query(query, tag, kind, agent)
    scope = SelectionRequest(tuple(paths or ()), selected, last_failed)
    budget = Budget(max_trials, max_tokens, max_cost)
    options = TrialOptions(
        model, judge, trials, live_from, budget, dry_run, yes, jobs, parse_timeout(timeout, 0.0)
    )
    raise typer.Exit(start(scope, Reports(json, junit, markdown, github, quiet), options))


def merge(
    files: Annotated[list[Path], typer.Argument(help="The JSON reports of all shards of one replay.")],
    json: JsonOption = "",
    junit: JunitOption = "",
    markdown: MarkdownOption = "",
    github: GithubFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Join the reports of the shards of one replay to the one that decides."""
    from .commands.merge import merge as start
    from .reports.publish import Reports

    raise typer.Exit(start(files, Reports(json, junit, markdown, github, quiet)))
