"""An option with nothing in it is a variable that is not set: refused, or all would be replayed."""

from __future__ import annotations

import pytest

from workbench.cli import run

EMPTY = [
    (["replay", "--query", ""], "--query"),
    (["replay", "--query", "  "], "--query"),
    (["replay", "--shard", ""], "--shard"),
    (["replay", "--shard="], "--shard"),
    (["replay", "--tag", "returns", "--tag", ""], "--tag"),
    (["replay", "-q", "--json", ""], "--json"),
    (["trial", "--from="], "--from"),
    (["check", "--agent", ""], "--agent"),
    (["accept", "transcripts/golden.json", "--reason", ""], "--reason"),
]


@pytest.mark.parametrize(("command", "option"), EMPTY)
def test_an_empty_option_exits_with_4_and_is_named(project, capsys, command, option):
    assert run(command) == 4
    said = capsys.readouterr().err
    assert f"error {option} is empty" in said
    assert "PASS" not in said


@pytest.mark.parametrize(
    "command", [["replay", ""], ["replay", "-q", ""], ["replay", "transcripts", ""], ["fmt", ""]]
)
def test_an_empty_path_exits_with_4_and_never_means_this_folder(project, capsys, command):
    assert run(command) == 4
    assert "error an argument is empty" in capsys.readouterr().err
