"""`workbench replay` of a part: filters, last failures, shards. A part is never taken for all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from support.kit import LATE, WINDOW, ScriptedModel, converse, saved, shop, shop_files, write
from workbench.cli import run
from workbench.cli.commands.merge import merge_summaries
from workbench.replay.case import Case
from workbench.replay.difference import Difference
from workbench.replay.summary import ShardInfo, Summary
from workbench.replay.verdict import ReplayResult, Verdict
from workbench.trace.step_id import StepId
from workbench.transcripts.expectation import Expectation
from workbench.transcripts.files import write as write_transcript
from workbench.transcripts.header import TranscriptHeader
from workbench.transcripts.transcript import Annotation


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project of the shop: twelve guards, one mistake that is open, a file that cannot be read."""
    write(tmp_path / "journeys", shop_files())
    monkeypatch.chdir(tmp_path)
    guard = saved(converse(shop(tmp_path / "recorded"), ScriptedModel(*LATE), "return OL-1"))
    for number in range(12):
        put(tmp_path, f"guard-{number}", guard, tags=["even" if number % 2 == 0 else "odd"])
    wrong = {"expectations": [Expectation("not_executed", "1.2.1")], "annotations": [Annotation("1.2.1")]}
    put(tmp_path, "late", guard, kind="mistake", **wrong)
    return tmp_path


def put(folder, name, transcript, **changes):
    path = folder / "transcripts" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    write_transcript(path, msgspec.structs.replace(transcript, id=name, **changes))


def replayed(capsys, *options, code=0) -> list[str]:
    capsys.readouterr()
    assert run(["replay", "--json", "-", *options]) == code
    return [one["id"] for one in json.loads(capsys.readouterr().out)["transcripts"]]


# filters


def test_filters_select_transcripts(project, capsys):
    assert replayed(capsys, "--query", "tag:odd -guard-1 -guard-3") == ["guard-5", "guard-7", "guard-9"]
    assert replayed(capsys, "--tag", "odd", "-Q", "-guard-1 -guard-3") == ["guard-5", "guard-7", "guard-9"]
    assert len(replayed(capsys, "--tag", "odd", "--tag", "even")) == 12
    assert len(replayed(capsys, "--query", "tag:odd,even")) == 12
    assert replayed(capsys, "--kind", "mistake", code=1) == ["late"]
    assert len(replayed(capsys, "--agent", "shop", "--query", "guard -late")) == 12


def test_the_report_contains_the_selection_options(project):
    run(["replay", "transcripts", "--query", "guard-1", "--tag", "odd", "--json", "out.json"])
    options = json.loads(Path("out.json").read_text())["options"]
    assert {"paths": "transcripts", "--query": 'guard-1 tag:"odd"'}.items() <= options.items()


def test_words_without_a_match_exit_with_5_and_list_the_transcripts(project, capsys):
    assert run(["replay", "--query", "gaurd"]) == 5
    said = capsys.readouterr().err
    assert "none of 13 transcripts matches gaurd" in said
    assert "did you mean guard for gaurd?" in said
    assert run(["replay", "--query", "zebra"]) == 5
    assert "choose one of: guard-0, guard-1" in capsys.readouterr().err


def test_an_unmatched_word_is_named(project, capsys):
    assert run(["replay", "--query", "guard zebra"]) == 5
    said = capsys.readouterr().err
    assert "no transcript contains the word 'zebra'" in said
    assert "remove 'zebra'" in said
    assert "choose one of" not in said


@pytest.mark.parametrize(
    "option", ["--tag=od", "--kind=mistaken", "--agent=shpo", "--query=colour:red", "--query=tag:"]
)
def test_an_unknown_name_or_an_invalid_query_exits_with_4(project, option):
    assert run(["replay", option]) == 4


def test_an_unreadable_file_is_never_filtered_out(project, capsys):
    (project / "transcripts/broken.json").write_text("{")
    assert replayed(capsys, "--query", "guard-1", code=4) == ["", "guard-1", "guard-10", "guard-11"]


# last failures


def test_last_failures_run_first_and_can_be_selected_alone(project, capsys):
    assert replayed(capsys, code=1)[-1] == "late"
    assert replayed(capsys, code=1)[0] == "late"
    assert replayed(capsys, "--last-failed", code=1) == ["late"]
    write(project / "journeys", shop_files(WINDOW))
    assert replayed(capsys, "--last-failed") == ["late"]


def test_without_previous_failures_everything_is_replayed_and_the_output_says_so(project, capsys):
    assert len(replayed(capsys, "--last-failed", code=1)) == 13
    (project / "transcripts/late.json").unlink()
    run(["replay", "--last-failed"])
    assert "no previous failures" in capsys.readouterr().err


def test_replaying_a_part_does_not_forget_other_failures(project, capsys):
    replayed(capsys, code=1)
    replayed(capsys, "--tag", "even")
    assert replayed(capsys, "--last-failed", code=1) == ["late"]


def test_a_corrupt_file_of_failures_is_ignored(project, capsys):
    (project / ".workbench").mkdir()
    (project / ".workbench/failed.json").write_text("{oops")
    assert len(replayed(capsys, code=1)) == 13


# shards


def shards(of=3, *options):
    codes = [
        run(["replay", "--shard", f"{number}/{of}", "--json", f"shard-{number}.json", *options])
        for number in range(1, of + 1)
    ]
    return [f"shard-{number}.json" for number in range(1, of + 1)], codes


def test_merged_shards_equal_the_whole_replay(project):
    (project / "transcripts/broken.json").write_text("{")
    files, _ = shards()
    assert run(["merge", *files, "--json", "joined.json", "--junit", "joined.xml", "--markdown", "joined.md"]) == 4
    run(["replay", "--json", "whole.json"])
    joined, whole = (json.loads(Path(name).read_text()) for name in ("joined.json", "whole.json"))
    assert joined["verdicts"] == whole["verdicts"]
    assert [one["path"] for one in joined["transcripts"]] == sorted(one["path"] for one in whole["transcripts"])
    assert Path("joined.xml").exists()
    assert Path("joined.md").exists()


def test_the_merge_exits_like_the_whole_replay(project):
    assert run(["merge", *shards()[0]]) == 1
    write(project / "journeys", shop_files())
    (project / "transcripts/late.json").unlink()
    assert run(["merge", *shards()[0]]) == 0


def test_an_empty_shard_exits_with_0_and_only_empty_shards_exit_with_5(project, capsys):
    files, codes = shards(3, "--query", "guard-3")
    assert sorted(codes) == [0, 0, 0]
    assert "contains none of 1 selected transcript" in capsys.readouterr().err
    assert run(["merge", *files]) == 0
    files, codes = shards(3, "--query", "nothing-like-it")
    assert codes == [5, 5, 5]
    assert run(["merge", *files]) == 5


@pytest.mark.parametrize(
    ("named", "words"),
    [
        (["shard-1.json", "shard-3.json"], "missing shards: 2/3"),
        (["shard-1.json", "shard-1.json"], "given twice"),
        (["shard-1.json", "copy.json", "shard-2.json", "shard-3.json"], "duplicate shard 1/3"),
        (["shard-1.json", "shard-2.json", "whole.json"], "not of a shard"),
        (["shard-1.json", "shard-2.json", "nowhere.json"], "cannot read"),
        (["shard-1.json", "shard-2.json", "broken.json"], "not a shard report"),
        (["shard-1.json", "shard-2.json", "less.json"], "do not add up"),
    ],
)
def test_reports_that_are_not_the_shards_of_one_replay_are_refused(project, capsys, named, words):
    shards()
    run(["replay", "--json", "whole.json"])
    Path("copy.json").write_text(Path("shard-1.json").read_text())
    Path("broken.json").write_text('{"schema": "workbench.report/1"}')
    less = json.loads(Path("shard-3.json").read_text())
    less["transcripts"].pop()
    Path("less.json").write_text(json.dumps(less))
    assert run(["merge", *named]) == 4
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{}", "not a shard report: missing 'schema'"),
        ("[]", "not a shard report: not a JSON object"),
        ('{"schema": "workb', "not a shard report: the file is truncated"),
        ("x", "not a shard report: JSON is malformed"),
    ],
)
def test_a_file_that_is_not_a_report_is_named_with_a_hint(project, capsys, text, words):
    Path("broken.json").write_text(text)
    assert run(["merge", "broken.json"]) == 4
    told = capsys.readouterr().err
    assert f"broken.json: {words}" in told
    assert "Error(" not in told
    assert "next: create it with: workbench replay --shard 1/8 --json FILE" in told


def test_mismatching_reports_are_explained(project, capsys):
    files, _ = shards()
    run(["replay", "--shard", "3/3", "--json", "shard-3.json", "--tag", "odd"])
    run(["merge", *files])
    assert 'the options differ from shard-1.json: --query tag:"odd", there not given' in capsys.readouterr().err
    (project / "transcripts/late.json").unlink()
    run(["replay", "--shard", "3/3", "--json", "shard-3.json"])
    run(["merge", *files])
    assert "the transcripts differ from shard-1.json: 12 here, 13 there" in capsys.readouterr().err


def test_a_shard_of_a_transcript_that_has_changed_is_refused(project, capsys):
    files, _ = shards()
    path = project / "transcripts/late.json"
    path.write_bytes(path.read_bytes().replace(b"not_executed", b"escalated"))
    run(["replay", "--shard", "2/3", "--json", "shard-2.json"])
    run(["replay", "--shard", "3/3", "--json", "shard-3.json"])
    assert run(["merge", *files]) == 4
    assert "the transcripts differ from shard-1.json" in capsys.readouterr().err


@pytest.mark.parametrize("what", ["options", "journeys", "transcripts"])
def test_shards_of_other_options_other_code_or_other_transcripts_are_refused(project, capsys, what):
    files, _ = shards()
    if what == "journeys":
        write(project / "journeys", shop_files(WINDOW))
    if what == "transcripts":
        (project / "transcripts/late.json").unlink()
    run(["replay", "--shard", "3/3", "--json", "shard-3.json", *(["--tag", "odd"] if what == "options" else [])])
    assert run(["merge", *files]) == 4
    assert f"{what} differ" in capsys.readouterr().err


def test_a_mistake_that_passes_in_another_shard_supersedes(project):
    def summary(number, verdict, at):
        head = TranscriptHeader(f"t{number}", "mistake", "shop", recording="same", step=at)
        case = Case(
            f"{number}.json", head, ReplayResult(verdict, first_difference=Difference(StepId(1, 2, 1), "", "", ""))
        )
        return Summary([case], 1, 1.0, part=ShardInfo(f"{number}/2", 2, "", ""))

    shards = {"a": summary(1, Verdict.DIVERGED, "2.1.1"), "b": summary(2, Verdict.PASS, "1.2.1")}
    assert shards["a"].code == 1
    assert merge_summaries(shards).code == 0
    assert merge_summaries(shards).counts[Verdict.SUPERSEDED] == 1


def test_an_interrupted_shard_never_passes(project):
    files, _ = shards(2, "--kind", "golden")
    told = json.loads(Path(files[0]).read_text())
    gone = told["transcripts"].pop()
    told["verdicts"][gone["verdict"]] -= 1
    Path(files[0]).write_text(json.dumps({**told, "interrupted": True}))
    assert run(["merge", *files]) == 2


@pytest.mark.parametrize("option", ["--query=late", "--tag=odd", "--shard=1/1"])
def test_a_pipe_among_the_files_does_not_block_the_selection(project, option):
    os.mkfifo(project / "transcripts/pipe.json")
    done = subprocess.run(
        [sys.executable, "-m", "workbench", "replay", option], capture_output=True, text=True, timeout=20
    )
    assert done.returncode == 4
    assert "transcripts/pipe.json" in done.stderr
    assert "a pipe" in done.stderr
