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
JobsOption = Annotated[int, typer.Option("--jobs", "-j", min=0, help="Processes at most; 0 is one a core.")]
BodiesOption = Annotated[
    str, typer.Option("--tools", metavar="tape|world", help="world: bodies of tools run too, and count.")
]
JsonFlag = Annotated[bool, typer.Option("--json", help="A JSON value a line on stdout.")]

JsonOption = Annotated[str, typer.Option("--json", metavar="FILE|-", help="Write the report as JSON.")]
JunitOption = Annotated[str, typer.Option("--junit", metavar="FILE|-", help="Write it as JUnit XML.")]
MarkdownOption = Annotated[str, typer.Option("--markdown", metavar="FILE|-", help="Write it as Markdown.")]
GithubFlag = Annotated[
    bool,
    typer.Option("--github", envvar="GITHUB_ACTIONS", help="Notes at lines and a summary, in GitHub Actions."),
]
QuietFlag = Annotated[bool, typer.Option("--quiet", "-q", help="Only the summary.")]
