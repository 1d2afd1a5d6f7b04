"""Commands of transcripts: replaying, judging, keeping. Bodies import what they need: replay must start fast."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from .options import (
    AgentOption,
    BodiesOption,
    GithubFlag,
    JobsOption,
    JsonFlag,
    JsonOption,
    JunitOption,
    MarkdownOption,
    ModelOption,
    PathsArgument,
    QuietFlag,
)


def replay(
    paths: PathsArgument = None,
    json: JsonOption = "",
    junit: JunitOption = "",
    markdown: MarkdownOption = "",
    github: GithubFlag = False,
    quiet: QuietFlag = False,
    jobs: JobsOption = 0,
    timeout: Annotated[
        float | None,
        typer.Option(help="Seconds a journey may be silent before it counts as hung; 10, or live its own limit."),
    ] = None,
    words: Annotated[
        str, typer.Option("-k", metavar="EXPR", help="Only what these words are in: `refund and not (a or b)`.")
    ] = "",
    tag: Annotated[list[str] | None, typer.Option(help="Only with this tag; more than one: any of them.")] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Only mistakes, or only guards.")] = None,
    agent: Annotated[list[str] | None, typer.Option(help="Only of this agent.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only last failures; all, if there are none.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Again at every save, until ctrl+c.")] = False,
    shard: Annotated[str, typer.Option(metavar="N/OF", help="Only this part of it: 1/8 to 8/8.")] = "",
    tools: Annotated[
        str, typer.Option("--tools", metavar="tape|world", help="world: tools run again in the sandbox, compared.")
    ] = "tape",
    twice: Annotated[bool, typer.Option("--twice", help="Replay each twice; what differs is FLAKY.")] = False,
    strict_drift: Annotated[
        bool, typer.Option("--strict-drift", help="A changed prompt or decision is STALE, not a note.")
    ] = False,
    accept_receipts: Annotated[
        bool, typer.Option("--accept-receipts", help="A receipt that fits and passed decides NEEDS_LIVE.")
    ] = False,
    live: Annotated[bool, typer.Option("--live", help="The model live, the tools in the sandbox.")] = False,
    since: Annotated[
        str, typer.Option("--from", metavar="STEP", help="Live from this step on: 3.1, or `mark`.")
    ] = "",
    trials: Annotated[int, typer.Option("--trials", min=1, help="Live runs of each transcript.")] = 1,
    model: ModelOption = "",
    judge: Annotated[str, typer.Option("--judge", help="The model that judges rubrics; the same if none.")] = "",
    max_trials: Annotated[int, typer.Option("--max-trials", min=0, help="Begin no more live runs.")] = 0,
    max_tokens: Annotated[int, typer.Option("--max-tokens", min=0, help="Begin none beyond so many.")] = 0,
    max_cost: Annotated[float, typer.Option("--max-cost", min=0, help="Begin none beyond so many $.")] = 0.0,
    dry: Annotated[bool, typer.Option("--dry", help="Only say what a live run may cost.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, whatever it may cost.")] = False,
) -> None:
    """Replay transcripts on today's code; no model, no network, no tool runs, unless they are asked for."""
    from ..transcripts.selection import Shard, Wanted
    from .reports.publish import Reports
    from .selection import Scope

    wanted = Wanted(words, tuple(tag or ()), tuple(kind or ()), tuple(agent or ()))
    scope = Scope(tuple(paths or ()), wanted, failed, Shard.parse(shard) if shard else None)
    reports = Reports(json, junit, markdown, github, quiet)
    if live:
        against = {
            "--tools": tools != "tape", "--twice": twice, "--strict-drift": strict_drift,
            "--accept-receipts": accept_receipts, "--shard": shard, "--watch": watch,
        }  # fmt: skip
        _none_of(against, "go without --live")
        from ..trials.budget import Budget
        from .commands.live import Wish
        from .commands.live import live as start_live
        from .commands.replay import patience

        budget = Budget(max_trials, max_tokens, max_cost)
        wish = Wish(model, judge, trials, since, budget, dry, yes, jobs, patience(timeout, 0.0))
        raise typer.Exit(start_live(scope, wish, reports))
    with_live = {
        "--from": since, "--trials": trials - 1, "--model": model, "--judge": judge, "--max-trials": max_trials,
        "--max-tokens": max_tokens, "--max-cost": max_cost, "--dry": dry, "--yes": yes,
    }  # fmt: skip
    _none_of(with_live, "go with --live")
    from .commands.replay import How, options, patience
    from .commands.replay import replay as start

    how = How(jobs, patience(timeout), options(tools, twice, strict_drift), accept_receipts)
    if watch:
        reported = {"--json": json, "--junit": junit, "--markdown": markdown, "--shard": shard}
        _none_of(reported, "go without --watch")
        from .commands.replay_watch import watch as start_watching

        raise typer.Exit(start_watching(scope, how, quiet))

    raise typer.Exit(start(scope, reports, how))


def _none_of(options: Mapping[str, object], why: str) -> None:
    """Raises BadParameter that names those of the options that were given."""
    given = [name for name, value in options.items() if value]
    if given:
        plain = why if len(given) > 1 else why.replace("go ", "goes ", 1)
        raise typer.BadParameter(f"{' and '.join(given)} {plain}")


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


def accept(
    file: Annotated[Path, typer.Argument(help="A transcript.")],
    why: Annotated[str, typer.Option("--why", help="Why this is right; kept in the file.")] = "",
    relax: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=HOW", help="Compare an argument it expects: exact, subset, regex or ignore."),
    ] = None,
) -> None:
    """Accept what a transcript does today: a fixed mistake guards, a guard ends at its new decision."""
    from .commands.accept import accept as start

    raise typer.Exit(start(file, why, relax or []))


def rerecord(
    file: Annotated[Path, typer.Argument(help="A transcript.")],
    model: ModelOption = "",
) -> None:
    """Record a transcript anew with a live model; the new run waits beside it for your word."""
    from .commands.rerecord import rerecord as start

    raise typer.Exit(start(file, model))


def pending(
    word: Annotated[str, typer.Argument(help="list, show, accept or reject.")] = "list",
    files: Annotated[list[Path] | None, typer.Argument(help="Transcripts.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All that wait.")] = False,
) -> None:
    """What was recorded anew and waits: list it, show how it differs, accept or reject it."""
    from .commands.pending import decide

    raise typer.Exit(decide(word, files or [], every))


def fmt(
    paths: PathsArgument = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; end with 1 where one is not in order.")
    ] = False,
    upgrade: Annotated[bool, typer.Option("--upgrade", help="Write older formats in today's.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Write nothing; show what would change.")] = False,
) -> None:
    """Write transcripts in canonical form; --check also looks for secrets and doubled ids."""
    from .commands.fmt import fmt as start

    raise typer.Exit(start(paths or [], check, upgrade, diff))


def show(
    file: Annotated[Path, typer.Argument(help="A transcript.")],
    json: JsonFlag = False,
) -> None:
    """Print a transcript for reading."""
    from .commands.show import show as start

    raise typer.Exit(start(file, json))


def import_(
    format: Annotated[str, typer.Argument(help="tau-bench, openai or anthropic.")],
    file: Annotated[Path, typer.Argument(help="The log.")],
    agent: AgentOption = "",
    into: Annotated[
        Path | None, typer.Option("--into", help="The folder to write to; transcripts/AGENT if none.")
    ] = None,
    review: Annotated[
        bool, typer.Option("--review", help="Only for review: any many, kept together, no files and no guards.")
    ] = False,
) -> None:
    """Turn a log of conversations into guard transcripts, or take it in for review."""
    from .commands.import_ import import_ as start

    raise typer.Exit(start(format, file, agent, into, review))


def mutate(
    paths: PathsArgument = None,
    agent: AgentOption = "",
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="FILE", help="Change only these files; * stands for any name."),
    ] = None,
    operator: Annotated[
        list[str] | None, typer.Option("--operator", metavar="NAME", help="Only these ways of making it wrong.")
    ] = None,
    json: JsonOption = "",
    tools: BodiesOption = "tape",
    jobs: JobsOption = 0,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds of work after which it counts as endless.")
    ] = 5.0,
    least: Annotated[float, typer.Option("--min", min=0, max=100, help="A lower score in percent is red.")] = 0.0,
    list_: Annotated[bool, typer.Option("--list", help="Say what would be made wrong, and end.")] = False,
) -> None:
    """Make policies and tools wrong, one small change at a time, and see which no transcript notices."""
    from .commands.mutate import Effort, Picked
    from .commands.mutate import mutate as start
    from .commands.replay import options

    effort = Effort(jobs, timeout, options(tools, False, False))
    raise typer.Exit(start(paths or [], agent, Picked(only or [], operator or []), effort, json, least, list_))


def coverage(
    paths: PathsArgument = None,
    agent: AgentOption = "",
    json: JsonOption = "",
    tools: BodiesOption = "tape",
    jobs: JobsOption = 0,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds of work after which it counts as endless.")
    ] = 60.0,
) -> None:
    """Say which policies, rulings, tools and lines no transcript reaches."""
    from .commands.coverage import cover as start
    from .commands.replay import options

    raise typer.Exit(start(paths or [], agent, json, jobs, timeout, options(tools, False, False)))
