"""Commands that run transcripts: replay, trial, merge. Bodies import what they need, for a fast start."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import (
    AgentsOption,
    AllFailuresFlag,
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
    shard: Annotated[
        str, typer.Option(metavar="N/OF", help="Replay only part N of OF parts, for example 3/8.")
    ] = "",
    tools: ToolsOption = "recorded",
    check_flaky: Annotated[
        bool,
        typer.Option("--check-flaky", help="Replay each again, also in new processes; a difference is FLAKY."),
    ] = False,
    strict_drift: Annotated[
        bool,
        typer.Option("--strict-drift", help="Report a changed prompt or decision as DRIFTED instead of a note."),
    ] = False,
    use_live_results: Annotated[
        bool,
        typer.Option(
            "--use-live-results", help="Let a stored live result that still applies decide NEEDS_LIVE cases."
        ),
    ] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Replay after every save, until ctrl+c.")] = False,
    shared_process: Annotated[
        bool,
        typer.Option(
            "--shared-process",
            help="Replay many transcripts in one process: faster, but state may pass from one to the next.",
        ),
    ] = False,
    jobs: JobsOption = 0,
    timeout: Annotated[
        float | None,
        typer.Option(help="Seconds without progress after which a journey counts as hung; default 10."),
    ] = None,
    json: JsonOption = "",
    junit: JunitOption = "",
    markdown: MarkdownOption = "",
    github: GithubFlag = False,
    quiet: QuietFlag = False,
    all_: AllFailuresFlag = False,
) -> None:
    """Replay transcripts on today's code.

    Calls no model and uses no network.
    """
    from ..transcripts.selection import Shard
    from .commands.replay import ReplayOptions, parse_timeout, parse_tools
    from .reports.publish import Reports
    from .selection import SelectionRequest, parse_query

    selected = parse_query(query, tag, kind, agent)
    scope = SelectionRequest(
        tuple(paths or ()), selected, last_failed, Shard.parse_expression(shard) if shard else None
    )
    options = ReplayOptions(
        jobs,
        parse_timeout(timeout),
        parse_tools(tools, check_flaky, strict_drift),
        use_live_results,
        shared_process,
    )
    reports = Reports(json, junit, markdown, github, quiet, all_)
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
        typer.Option("--from", metavar="STEP", help="Replay up to this step, then live: 3.1 or `annotation`."),
    ] = "",
    trials: Annotated[int, typer.Option("--trials", min=1, help="Run each transcript this many times.")] = 1,
    model: ModelOption = "",
    judge: Annotated[
        str, typer.Option("--judge", help="The model that judges rubrics; default: the same model.")
    ] = "",
    max_trials: Annotated[
        int, typer.Option("--max-trials", min=0, help="Start at most N trials; 0: no limit.")
    ] = 0,
    max_tokens: Annotated[
        int, typer.Option("--max-tokens", min=0, help="Start no more trials after N tokens; 0: no limit.")
    ] = 0,
    max_cost: Annotated[
        float, typer.Option("--max-cost", min=0, help="Start no more trials after N dollars; 0: no limit.")
    ] = 0.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print the estimated cost.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Run without confirmation of the cost.")] = False,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="Number of parallel trials; 0 means four.")] = 0,
    timeout: Annotated[
        float | None,
        typer.Option(help="Seconds a journey may block before it counts as hung; default: the agent's limit."),
    ] = None,
    json: JsonOption = "",
    junit: JunitOption = "",
    markdown: MarkdownOption = "",
    github: GithubFlag = False,
    quiet: QuietFlag = False,
    all_: AllFailuresFlag = False,
) -> None:
    """Run transcripts with a live model.

    Runs each several times and reports how often it passes.
    """
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
    raise typer.Exit(start(scope, Reports(json, junit, markdown, github, quiet, all_), options))


def merge(
    files: Annotated[list[Path], typer.Argument(help="JSON reports of all shards of one replay.")],
    json: JsonOption = "",
    junit: JunitOption = "",
    markdown: MarkdownOption = "",
    github: GithubFlag = False,
    quiet: QuietFlag = False,
    all_: AllFailuresFlag = False,
) -> None:
    """Merge the reports of all shards of one replay.

    Decides the result of the whole replay.
    """
    from .commands.merge import merge as start
    from .reports.publish import Reports

    raise typer.Exit(start(files, Reports(json, junit, markdown, github, quiet, all_)))
