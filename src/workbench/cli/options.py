"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

AgentOption = Annotated[str, typer.Option("--agent", "-a", help="The agent, where journeys/ holds several.")]
ModelOption = Annotated[str, typer.Option("--model", "-m", help="rehearsal, claude, or the id of a Claude model.")]
FixtureOption = Annotated[str, typer.Option("--fixture", "-f", help="What the world starts from.")]
NoMouseFlag = Annotated[bool, typer.Option("--no-mouse", help="The terminal keeps the mouse for itself.")]
PathsArgument = Annotated[list[Path] | None, typer.Argument(help="Files or folders; transcripts/ if none.")]
JobsOption = Annotated[int, typer.Option("--jobs", "-j", min=0, help="Processes at most; 0 is one per core.")]
ToolsOption = Annotated[
    str,
    typer.Option("--tools", metavar="recorded|sandbox", help="sandbox: run the tools again, in the sandbox."),
]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON value per line on stdout.")]

# selection

QueryOption = Annotated[
    str, typer.Option("--query", "-Q", help='Only what a query of Review finds: `tag:refund -late "gift card"`.')
]
TagsOption = Annotated[
    list[str] | None, typer.Option("--tag", help="Only with this tag; more than one: any of them.")
]
KindsOption = Annotated[list[str] | None, typer.Option("--kind", help="Only mistakes, or only guards.")]
AgentsOption = Annotated[list[str] | None, typer.Option("--agent", help="Only of this agent.")]
LastFailedFlag = Annotated[
    bool, typer.Option("--last-failed", "--lf", help="Only what failed last time; all, if nothing did.")
]

# reports

JsonOption = Annotated[str, typer.Option("--json", metavar="FILE|-", help="Write the report as JSON.")]
JunitOption = Annotated[str, typer.Option("--junit", metavar="FILE|-", help="Write it as JUnit XML.")]
MarkdownOption = Annotated[str, typer.Option("--markdown", metavar="FILE|-", help="Write it as Markdown.")]
GithubFlag = Annotated[
    bool,
    typer.Option(
        "--github", envvar="GITHUB_ACTIONS", help="Annotate lines and write a summary in GitHub Actions."
    ),
]
QuietFlag = Annotated[bool, typer.Option("--quiet", "-q", help="Print only the summary.")]
