"""Options shared by several commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

AgentOption = Annotated[str, typer.Option("--agent", "-a", help="The agent, if journeys/ has several.")]
ModelOption = Annotated[str, typer.Option("--model", "-m", help="rehearsal, claude, or the id of a Claude model.")]
FixtureOption = Annotated[str, typer.Option("--fixture", "-f", help="The starting state of the world.")]
NoMouseFlag = Annotated[bool, typer.Option("--no-mouse", help="Leave the mouse to the terminal.")]
PathsArgument = Annotated[list[Path] | None, typer.Argument(help="Files or folders; default: transcripts/.")]
JobsOption = Annotated[
    int, typer.Option("--jobs", "-j", min=0, help="Maximum number of processes; 0 means one per core.")
]
ToolsOption = Annotated[
    str,
    typer.Option("--tools", metavar="recorded|sandbox", help="sandbox: re-execute the tools in the sandbox."),
]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON value per line on stdout.")]

# selection

QueryOption = Annotated[
    str, typer.Option("--query", "-Q", help='Only transcripts that match a query: `tag:refund -late "gift card"`.')
]
TagsOption = Annotated[
    list[str] | None, typer.Option("--tag", help="Only with this tag; repeat for any of several.")
]
KindsOption = Annotated[
    list[str] | None,
    typer.Option("--kind", metavar="mistake|golden", help="Only this kind of transcript; repeat for both."),
]
AgentsOption = Annotated[list[str] | None, typer.Option("--agent", help="Only of this agent.")]
LastFailedFlag = Annotated[
    bool, typer.Option("--last-failed", "--lf", help="Only those that failed last time; all if none did.")
]

# reports

JsonOption = Annotated[str, typer.Option("--json", metavar="FILE|-", help="Write the report as JSON.")]
JunitOption = Annotated[str, typer.Option("--junit", metavar="FILE|-", help="Write the report as JUnit XML.")]
MarkdownOption = Annotated[str, typer.Option("--markdown", metavar="FILE|-", help="Write the report as Markdown.")]
GithubFlag = Annotated[
    bool,
    typer.Option(
        "--github", envvar="GITHUB_ACTIONS", help="Annotate lines and write a summary in GitHub Actions."
    ),
]
AllFailuresFlag = Annotated[
    bool, typer.Option("--all", help="Explain every failure, not one example for each cause.")
]
QuietFlag = Annotated[bool, typer.Option("--quiet", "-q", help="Print only the summary.")]
