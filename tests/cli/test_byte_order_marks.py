"""Files that Notepad or PowerShell saved, with a byte order mark, are read like others."""

from __future__ import annotations

import codecs

import pytest

from support.kit import ScriptedModel, converse, put, saved, shop, shop_files, write
from workbench.cli import run
from workbench.runtime.loader import load


@pytest.fixture
def project(tmp_path, monkeypatch):
    write(tmp_path / "journeys", shop_files())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def mark(path):
    path.write_bytes(codecs.BOM_UTF8 + path.read_bytes())


def everything_marked(project):
    (project / "workbench.toml").write_text('theme = "light"\n')
    for path in [*(project / "journeys").rglob("*"), project / "workbench.toml"]:
        if path.is_file():
            mark(path)


def test_an_agent_is_the_same_with_and_without_a_bom(project):
    before = load(project / "journeys", "shop")
    titles = [section.title for section in before.agent.journeys["returns"].sections]
    everything_marked(project)
    after = load(project / "journeys", "shop")
    assert [section.title for section in after.agent.journeys["returns"].sections] == titles
    assert after.agent.journeys["returns"].sections[0].text == before.agent.journeys["returns"].sections[0].text
    assert after.fixtures["base"].world == before.fixtures["base"].world
    assert after.agent.persona_sections[0].text == before.agent.persona_sections[0].text


@pytest.mark.parametrize("command", [["check"], ["replay"], ["mutate", "--list"], ["coverage"], ["doctor"]])
def test_every_command_reads_them(project, command, capsys):
    put(project, "one", saved(converse(shop(project / "recorded"), ScriptedModel("Hello."), "hi")))
    expected = run(command)
    before = capsys.readouterr()
    everything_marked(project)
    assert run(command) == expected, before.err + capsys.readouterr().err
