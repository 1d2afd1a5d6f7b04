"""Text from outside never reaches the terminal as a control sequence, whichever command prints it."""

from __future__ import annotations

import json

import pytest

from support.kit import WINDOW, shop_files, write
from workbench.cli import run

OSC = "\x1b]52;c;cHduZWQ=\x07"  # writes the clipboard of the terminal


@pytest.fixture
def hostile(project):
    """Return a project whose golden transcript fails, with control sequences in its file name, title and tags."""
    path = project / "transcripts/golden.json"
    data = json.loads(path.read_text())
    data |= {"title": f"A {OSC}", "tags": [f"t{OSC}"]}
    path.unlink()
    (project / f"transcripts/n{OSC}.json").write_text(json.dumps(data))
    write(project / "journeys", shop_files(WINDOW))
    return project


def shown(capsys) -> str:
    captured = capsys.readouterr()
    return captured.out + captured.err


@pytest.mark.parametrize(
    "words",
    [
        ["replay"],
        ["replay", "--tag", "nothing"],
        ["replay", "--quiet"],
        ["coverage"],
        ["fmt", "--check"],
        ["pending", "list"],
        ["mutate", "--list"],
    ],
    ids=" ".join,
)
def test_a_command_shows_control_characters_escaped(hostile, capsys, words):
    run(words)
    assert "\x1b]" not in shown(capsys)


def test_an_annotation_for_github_has_control_characters_escaped(hostile, capsys, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    run(["replay"])
    text = shown(capsys)
    assert "::error" in text
    assert "\x1b]" not in text


@pytest.mark.parametrize("words", [["replay"], ["check"], ["coverage"]], ids=" ".join)
def test_an_error_of_loading_has_control_characters_escaped(hostile, capsys, words):
    agent = hostile / "journeys/shop/agent.py"
    agent.write_text(agent.read_text() + f"\nraise ValueError({OSC!r})\n")
    run(words)
    text = shown(capsys)
    assert "ValueError" in text
    assert "\x1b]" not in text


def test_colors_still_reach_a_terminal():
    from workbench.cli.output import _escaped

    assert _escaped("\x1b[31mFAIL\x1b[0m\tx\ny") == "\x1b[31mFAIL\x1b[0m\tx\ny"
    assert _escaped(f"\x1b[31m{OSC}\x1b[2J") == "\x1b[31m\\x1b]52;c;cHduZWQ=\\x07\\x1b[2J"
