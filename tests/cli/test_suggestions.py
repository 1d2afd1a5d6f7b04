"""What a choice that fits nothing may have meant, and what lies among the transcripts and is never chosen."""

from __future__ import annotations

import json

import pytest

from support.kit import late_mistake, late_talk, put, saved
from workbench.cli import run


@pytest.fixture
def shelf(project):
    """Beside the guard a mistake in a folder, with tags."""
    put(project, "returns/late-return", late_mistake(project, policy=""))
    path = project / "transcripts/returns/late-return.json"
    data = json.loads(path.read_text())
    path.write_text(json.dumps({**data, "id": "late-return", "tags": ["returns", "money"], "title": "Too late"}))
    return project


# did you mean


@pytest.mark.parametrize(
    ("command", "meant"),
    [
        (["--query", "retruns"], "did you mean return for retruns?"),
        (["--query", "late-retrun"], "did you mean late-return for late-retrun?"),
        (["--tag", "mony"], "did you mean money?"),
        (["--kind", "mistakes"], "did you mean mistake?"),
        (["--agent", "shpo"], "did you mean shop?"),
        (["--query", "tag:mony"], "did you mean money?"),
        (["--query", "tool:create_retrun"], "did you mean create_return?"),
        (["--query", "knd:mistake"], "did you mean kind?"),
        (["--query", "is:reviewed"], "is:reviewed works in Review only"),
        (["--query", "late sort:long"], "sort: works in Review only"),
        (["--query", "queue:odd"], "queue: works in Review only"),
        (["--query", "?!"], "no letter or digit"),
        (["--query", '"gift card'], "is not complete"),
        (["transcripts/goldne.json"], "did you mean transcripts/golden.json?"),
        (["transcripts/retruns"], "did you mean transcripts/returns?"),
        (["transcript"], "did you mean transcripts?"),
        (["late-return"], "did you mean transcripts/returns/late-return.json?"),
        (["transcripts/late-return.json"], "did you mean transcripts/returns/late-return.json?"),
        (["--query", "late", "or", "golden"], "put several words in quotes"),
        (["returns"], "did you mean transcripts/returns?"),
        (["late-retunr"], "did you mean transcripts/returns/late-return.json?"),
        (["transcripts/zzz.json"], "next: check the path"),
    ],
)
def test_an_unknown_name_suggests_similar_ones(shelf, capsys, command, meant):
    assert run(["replay", *command]) in (4, 5)
    assert meant in capsys.readouterr().err


def test_an_unreadable_file_is_named(project, capsys):
    (project / "transcripts/empty.json").touch()
    assert run(["replay", "--query", "golden"]) == 4
    assert "ERROR transcripts/empty.json" in capsys.readouterr().err


# what is passed over


def test_a_suffix_in_capitals_is_recognized(project, capsys):
    put(project, "other", late_mistake(project))
    (project / "transcripts/other.json").rename(project / "transcripts/OTHER.JSON")
    assert run(["replay"]) == 1
    assert "FAIL transcripts/OTHER.JSON" in capsys.readouterr().err


def test_other_files_are_not_reported_as_uncollected(project, capsys):
    folder = project / "transcripts"
    (folder / "README.md").write_text("# Transcripts\n")
    (folder / ".vscode").mkdir()
    (folder / ".vscode/settings.json").write_text("{}")
    (folder / "golden.pending.json").write_bytes((folder / "golden.json").read_bytes())
    (project / ".workbench/live").mkdir(parents=True)
    (project / ".workbench/live/late-1.json").write_bytes((folder / "golden.json").read_bytes())
    run(["replay", "."])
    assert "more transcript" not in capsys.readouterr().err


def test_uncollected_copies_are_reported_by_a_merge_too(project, capsys):
    (project / "transcripts/.late.json").write_bytes((project / "transcripts/golden.json").read_bytes())
    put(project, "b", saved(late_talk(project)))
    files = [f"{n}.json" for n in (1, 2)]
    for n in (1, 2):
        run(["replay", "--shard", f"{n}/2", "--json", f"{n}.json"])
    capsys.readouterr()
    run(["merge", *files])
    assert "1 more transcript is not collected" in capsys.readouterr().err


def test_a_live_result_and_a_pending_run_beside_their_transcript_are_no_lost_transcripts(project, capsys):
    golden = project / "transcripts/golden.json"
    golden.with_name("golden.pending.json").write_bytes(golden.read_bytes())
    golden.with_name("golden.live.json").write_text('{"schema": "workbench.live-result/1"}')
    run(["replay", "--json", "out.json"])
    assert json.loads((project / "out.json").read_text())["not_collected"] == {}
    assert run(["replay", "transcripts/golden.live.json"]) == 4
    assert "live result" in capsys.readouterr().err
