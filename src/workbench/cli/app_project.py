"""Commands of a project: the screens, chat, check, init, doctor. Bodies import what they need."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import AgentOption, FixtureOption, JsonFlag, ModelOption, NoMouseFlag


def default(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        from ..version import __version__
        from .output import write_line

        write_line(__version__)
        raise typer.Exit(0)
    if context.invoked_subcommand is None:
        from .commands.dev import dev as start

        raise typer.Exit(start("", "", "", ""))


def dev(
    agent: AgentOption = "",
    model: ModelOption = "",
    fixture: FixtureOption = "",
    resume: Annotated[
        str, typer.Option("--resume", "-r", help="Continue a past conversation: an id or `last`.")
    ] = "",
    no_mouse: NoMouseFlag = False,
) -> None:
    """Open the workbench (the same as `workbench` alone)."""
    from .commands.dev import dev as start

    raise typer.Exit(start(agent, model, fixture, resume, not no_mouse))


def review(
    agent: AgentOption = "",
    model: ModelOption = "",
    no_mouse: NoMouseFlag = False,
    run_code: Annotated[
        bool | None,
        typer.Option(
            "--run-code/--no-run-code",
            help="Run the code of this folder, to compare with it; remembered for the folder.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Read and annotate transcripts and past conversations.

    No code of the folder runs until you allow it.
    """
    from .commands.dev import review as start

    raise typer.Exit(start(agent, model, not no_mouse, run_code))


def tour() -> None:
    """Take a one-minute tour with a temporary agent.

    Chat, inspect, annotate, save, fix, pass.
    """
    from .commands.dev import tour as start

    raise typer.Exit(start())


def chat(
    agent: AgentOption = "",
    model: ModelOption = "",
    fixture: FixtureOption = "",
    json: JsonFlag = False,
    save: Annotated[str, typer.Option("--save", metavar="TITLE", help="Save it as a golden transcript.")] = "",
) -> None:
    """Chat without a screen.

    Reads one message per line on stdin and prints the steps on stdout.
    """
    from .commands.chat import chat as start

    raise typer.Exit(start(agent, model, fixture, json, save))


def check(agent: AgentOption = "", json: JsonFlag = False) -> None:
    """Find errors in journeys without running a conversation."""
    from .commands.check import check as start

    raise typer.Exit(start(agent, json))


def init(
    name: Annotated[str, typer.Argument(help="The new project's folder.")] = ".",
    agent: Annotated[
        str, typer.Option("--agent", "-a", help="The agent's name; default: that of the folder.")
    ] = "",
) -> None:
    """Create a new project that runs immediately."""
    from .commands.init import init as start

    raise typer.Exit(start(name, agent))


def doctor(json: JsonFlag = False) -> None:
    """Check the environment.

    Checks Python, terminal, settings, credentials, server, journeys and file watcher.
    """
    from .commands.doctor import doctor as start

    raise typer.Exit(start(json))
