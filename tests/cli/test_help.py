"""`--help`: what fits in a terminal of 80 columns."""

from __future__ import annotations

import pytest
import typer

from workbench.cli import run
from workbench.cli.app import COMMANDS, GROUPS, build

MAX_SUMMARY = 60  # click cuts a longer one


def summaries() -> list[tuple[str, str]]:
    functions = {**COMMANDS, **{f"{name} {sub}": f for name, group in GROUPS.items() for sub, f in group.items()}}
    return [(name, (function.__doc__ or "").partition(".")[0]) for name, function in functions.items()]


@pytest.mark.parametrize(("name", "summary"), summaries())
def test_the_summary_of_a_command_is_not_cut(name, summary):
    assert 0 < len(summary) <= MAX_SUMMARY, name


def test_the_list_of_commands_has_no_ellipsis():
    root = typer.main.get_command(build())
    with root.make_context("workbench", ["replay"], resilient_parsing=True, terminal_width=80) as context:
        assert "..." not in root.get_help(context).partition("Commands:")[2]


@pytest.mark.parametrize(
    ("command", "choices"),
    [
        ("replay", "mistake|golden"),
        ("replay", "recorded|sandbox"),
        ("import", "tau-bench|openai|anthropic"),
    ],
)
def test_an_option_with_fixed_values_shows_them(capsys, command, choices):
    run([command, "--help"])
    assert choices in capsys.readouterr().out
