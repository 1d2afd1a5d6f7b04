"""Text from outside never reaches the terminal as a control sequence, whichever command prints it."""

from __future__ import annotations

import io
import json
import re

import pytest

from support.kit import WINDOW, shop_files, write
from workbench.cli import run
from workbench.cli.output import clean, style
from workbench.text import escape_json, sanitize

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


def test_only_the_colors_of_the_commands_reach_a_terminal(monkeypatch):
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert clean(style("FAIL", "red") + "\tx\ny") == "\x1b[31mFAIL\x1b[0m\tx\ny"
    theirs = f"\x1b[31m{OSC}\x1b[2J\x1b[8m"
    assert clean(style(theirs, "dim")) == f"\x1b[2m{sanitize(theirs)}\x1b[0m"
    assert "\x1b" not in clean(theirs)


# commands of CI systems

COMMANDS = ["::error::mine", "  ::set-output name=x::y", "\t::add-mask::x", "##[error]mine", "ok ##vso[task.x]y"]
EXECUTED = re.compile(r"^\s*::|##\w*\[", re.MULTILINE)


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_a_ci_system_is_escaped(line):
    for text in (line, f"one\n{line}", f"one\r\n{line}"):
        assert not EXECUTED.search(sanitize(text))
        assert not EXECUTED.search(clean(text))
        assert json.loads(escape_json(json.dumps(text))) == text
        assert "##[" not in escape_json(json.dumps(text))


@pytest.mark.parametrize("text", ["a :: b", "std::vector", "# title", "## title [link]", "12:30::00", "::"[:1]])
def test_a_text_that_is_no_command_stays(text):
    assert sanitize(text) == text


@pytest.fixture
def commanding(project):
    """Return a project with commands of CI systems in all texts of a transcript and in an error of a policy."""
    path = project / "transcripts/golden.json"
    text = path.read_text().replace("return OL-1", r"\n::error::mine\n##[error]mine\n\u009b31m")
    data = json.loads(text)
    data |= {"title": "x\n::error::mine ##[error]mine \u009b", "tags": ["::error::mine"]}
    path.write_text(json.dumps(data))
    return project


LOOKING = [
    ["replay"],
    ["replay", "--junit", "-"],
    ["replay", "--markdown", "-"],
    ["replay", "--json", "-"],
    ["show", "transcripts/golden.json"],
    ["show", "transcripts/golden.json", "--json"],
    ["fmt", "--diff"],
    ["fmt", "--check"],
    ["coverage"],
    ["replay", "--tag", "nothing"],
    ["mutate", "--list"],
]


@pytest.mark.parametrize("words", LOOKING, ids=" ".join)
@pytest.mark.parametrize("policy", ["", WINDOW], ids=["passes", "fails"])
def test_no_command_prints_a_command_of_a_ci_system(commanding, capsys, words, policy):
    write(commanding / "journeys", shop_files(policy))
    run(words)
    text = shown(capsys)
    assert not EXECUTED.search(text)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", text)


def test_chat_prints_no_command_of_a_ci_system(commanding, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("::error::mine ##[error]x\n"))
    run(["chat", "--model", "rehearsal"])
    assert not EXECUTED.search(shown(capsys))


def test_the_notes_for_github_are_its_only_commands(commanding, capsys, monkeypatch):
    write(commanding / "journeys", shop_files(WINDOW))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(commanding / "summary.md"))
    run(["replay"])
    text = shown(capsys)
    assert not re.search(r"^\s*::error::mine|##\w*\[", text, re.MULTILINE)
    assert "::error file=" in text
    assert not EXECUTED.search((commanding / "summary.md").read_text())


def test_json_keeps_the_whole_text(commanding, capsys):
    run(["replay", "--json", "-"])
    title = json.loads(capsys.readouterr().out)["transcripts"][0]["title"]
    assert title == "x\n::error::mine ##[error]mine \u009b"
