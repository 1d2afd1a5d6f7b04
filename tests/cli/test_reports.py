"""The reports of a replay: what each says, where it points, and that nothing in them can be mistaken for green."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree as xml

import msgspec
import pytest

from support.kit import LATE, WINDOW, ScriptedModel, converse, saved, shop, shop_files, write
from workbench.cli import run
from workbench.cli.reports.github import SUMMARY, annotate
from workbench.cli.reports.json_report import as_json, case_of
from workbench.cli.reports.markdown import code, fence
from workbench.replay.case import Case
from workbench.replay.difference import Difference
from workbench.replay.exit_codes import CODES, junit_status
from workbench.replay.grouping import group_by_cause
from workbench.replay.summary import Summary
from workbench.replay.verdict import ReplayResult, Verdict
from workbench.trace.step_id import StepId
from workbench.transcripts.expectation import Expectation
from workbench.transcripts.files import write as write_transcript
from workbench.transcripts.header import TranscriptHeader
from workbench.transcripts.transcript import Annotation

JOURNEY = "journeys/shop/returns/journey.py"
HOSTILE = "]]><x>&\x00\x1b[31m\ud800\ufffe\n::error::no `` | <b>"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project of the shop: a guard, a mistake that is open, one that only a model decides, a broken file."""
    write(tmp_path / "journeys", shop_files())
    monkeypatch.chdir(tmp_path)
    put(tmp_path, "golden", late(tmp_path))
    put(tmp_path, "open", late(tmp_path, "not_executed", title="Too late"))
    put(tmp_path, "live", late(tmp_path, "must_not_call", tool="create_return"))
    (tmp_path / "transcripts/broken.json").write_text('{\n "schema": "workbench.transcript/1",\n oops')
    return tmp_path


def late(folder, kind="", title="", **fields):
    conversation = converse(shop(folder / "recorded"), ScriptedModel(*LATE), "return OL-1")
    if not kind:
        return saved(conversation, title=title)
    expectation = Expectation(kind, "1.2.1", **fields)
    return saved(
        conversation, "mistake", title=title, expectations=[expectation], annotations=[Annotation("1.2.1")]
    )


def put(folder, name, transcript):
    path = folder / "transcripts" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    write_transcript(path, msgspec.structs.replace(transcript, id=name))


def line_of(path, words):
    return 1 + next(n for n, line in enumerate(path.read_text().splitlines()) if words in line)


def junit(path):
    return xml.fromstring(path.read_bytes())


def case(verdict=Verdict.FAIL, text="", **outcome):
    head = TranscriptHeader(
        "x", "mistake", "shop", text, (text,) if text else (), "open", step="1.2.1", expected=text
    )
    first = Difference(StepId(1, 2, 1), text, text, text) if text else None
    return Case("transcripts/x.json", head, ReplayResult(verdict, text, first, **outcome))


# JUnit


def test_every_verdict_has_a_junit_status_and_only_pass_passes():
    assert set(CODES) == set(Verdict)
    assert [verdict for verdict in Verdict if junit_status(verdict) == "passed"] == [Verdict.PASS]
    told = {"FAIL": "failure", "DIVERGED": "failure", "ERROR": "error", "SUPERSEDED": "skipped"}
    told |= {"NEEDS_LIVE": "skipped", "NEEDS_TOOLS": "skipped"}
    assert {name: junit_status(Verdict(name)) for name in told} == told


def test_junit_contains_each_transcript_with_reason_and_location(project):
    assert run(["replay", "--junit", "out/junit.xml"]) == 4
    top = junit(project / "out/junit.xml")
    assert {name: top.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "4", "failures": "1", "errors": "1", "skipped": "1",
    }  # fmt: skip
    cases = {one.get("name"): one for one in top.iter("testcase")}
    assert [child.tag for child in cases["golden"]] == ["properties"]
    assert "still broken" in cases["open"].find("failure").get("message")
    assert (
        cases["live"]
        .find("skipped")
        .get("message")
        .startswith("NEEDS_LIVE: cannot be decided without a live model")
    )
    assert cases["broken.json"].find("error").get("type") == "ERROR"
    assert cases["broken.json"].get("line") == "3"
    marked = line_of(project / "transcripts/open.json", '"step": "1.2.1"')
    assert (cases["open"].get("file"), cases["open"].get("line")) == ("transcripts/open.json", str(marked))


def test_junit_is_valid_for_any_customer_text(project, monkeypatch):
    from workbench.cli.reports.junit import render

    top = xml.fromstring(render(Summary([case(text=HOSTILE)], 1, 0.1)).encode("utf-8"))
    assert "]]><x>&\\x00\\x1b[31m" in top.find(".//failure").text


# where a report points


def test_a_verdict_that_a_policy_decided_points_to_its_line(project):
    write(project / "journeys", shop_files(WINDOW))
    run(["replay", "--json", "out.json", "transcripts/golden.json"])
    told = json.loads((project / "out.json").read_text())["transcripts"][0]
    line = line_of(project / JOURNEY, "@returns.policy(before=create_return)")
    assert (told["verdict"], told["source_line"]) == ("FAIL", f"{JOURNEY}:{line}")


def test_a_fault_points_to_the_line_it_was_raised_at(project):
    policy = "\n    @returns.policy(before=create_return)\n    def bad(call, conversation):\n        1 / 0\n"
    write(project / "journeys", shop_files(policy))
    run(["replay", "--json", "out.json", "transcripts/golden.json"])
    told = json.loads((project / "out.json").read_text())["transcripts"][0]
    assert told["source_line"] == f"{JOURNEY}:{line_of(project / JOURNEY, '1 / 0')}"


def test_an_agent_that_does_not_load_points_to_its_line(project):
    write(project / "journeys", {"shop/agent.py": "from workbench import Agent\nagent = Agnt()\n"})
    run(["replay", "--json", "out.json", "transcripts/golden.json"])
    first = json.loads((project / "out.json").read_text())["transcripts"][0]
    assert first["source_line"] == "journeys/shop/agent.py:2"


# JSON


def test_cases_can_be_rebuilt_from_the_json_report(project):
    failed = case(text="why", context=("1.1.1",), changed=("a",), source_line="journeys/a.py:3")
    cases = [failed, case(Verdict.PASS)]
    cases.append(Case("bad.json", None, ReplayResult(Verdict.ERROR, "no")))
    told = json.loads(json.dumps(as_json(Summary(cases, 3, 0.5))))
    assert [case_of(row) for row in told["transcripts"]] == cases
    assert (told["selected"], told["seconds"], told["exit"], told["interrupted"]) == (3, 0.5, 4, False)
    assert {"title", "tags", "state", "changed", "source_line"} <= set(told["transcripts"][0])


# Markdown


def test_the_markdown_report_contains_what_did_not_pass(project):
    assert run(["replay", "--markdown", "out.md"]) == 4
    said = (project / "out.md").read_text()
    assert "| FAIL | 1 |" in said
    assert "## FAIL ` transcripts/open.json:" in said
    assert "! 1.2.1  now:" in said


def test_customer_text_is_code_in_markdown():
    assert code("a ``` b") == "```` a ``` b ````"
    assert "\n" not in code(HOSTILE)
    assert fence("```\n# x").startswith("\n````\n")


# GitHub


def test_github_annotations_are_at_code_lines_and_the_summary_is_complete(project, capsys, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(project.parent))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project / "summary.md"))
    assert run(["replay"]) == 4
    said = capsys.readouterr().err
    marked = line_of(project / "transcripts/open.json", '"step": "1.2.1"')
    path = f"{project.name}/transcripts/open.json"
    assert f"::error file={path},line={marked},title=FAIL::Too late%0A" in said
    assert "::warning file=" in said
    assert "## FAIL" in (project / "summary.md").read_text()


def test_a_shard_writes_no_github_annotations(project, capsys, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project / "summary.md"))
    run(["replay", "--github", "--shard", "1/1", "--json", "shard.json"])
    assert "::error" not in capsys.readouterr().err
    assert not (project / "summary.md").exists()
    run(["merge", "shard.json", "--github"])
    assert "::error file=" in capsys.readouterr().err
    assert (project / "summary.md").exists()


def test_text_of_a_transcript_is_never_a_github_command(project, capsys):
    put(project, "bad", late(project, "not_executed", title="::error::mine%\n::x"))
    run(["replay", "--github"])
    said = capsys.readouterr().err
    token = re.search(r"^::stop-commands::(\w{32})$", said, re.M)[1]
    hushed, after = said.split(f"::{token}::\n")
    assert "error::mine" in hushed
    assert not re.search(r"^\s*::error::mine", hushed, re.M)
    notes = [line for line in after.splitlines() if line]
    assert all(line.startswith(("::error file=", "::warning file=")) for line in notes)
    assert any("::error::mine%25%0A::x" in line for line in notes)


def test_at_most_ten_annotations_are_written_errors_first(project, capsys):
    words = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
    cases = [case(verdict, f"wrong at {word}") for verdict in (Verdict.STALE, Verdict.FAIL) for word in words]
    cases = [case(Verdict.NEEDS_LIVE, "a judge decides"), *cases]
    annotate(Summary(cases, len(cases), 1.0))
    said = capsys.readouterr().err
    assert said.count("::error file=") == 10
    assert "::warning" not in said


def test_failures_of_one_cause_are_explained_once_with_the_names_of_the_others(project, capsys):
    for name in ("a", "b", "c"):
        put(project, name, late(project, "not_executed"))
    run(["replay", "--github", "--markdown", "out.md"])
    said = capsys.readouterr().err
    text = (project / "out.md").read_text()
    assert said.count("\n  next: fix the journey; to read") == 1
    assert text.count("## FAIL") == said.count("more FAIL") == said.count("other transcripts") == 1
    assert all(f"transcripts/{name}.json" in said and f"transcripts/{name}.json" in text for name in "abc")
    run(["replay", "--all"])
    assert capsys.readouterr().err.count("\n  next: fix the journey; to read") > 1


def test_the_example_of_a_cause_is_the_shortest_run():
    cases = [case(text="was allowed at 1.2.1", steps=9), case(text="was allowed at 3.1.1", steps=2)]
    (group,) = group_by_cause([*cases, case(Verdict.PASS)])
    assert (group.example, group.others) == (cases[1], cases[:1])


def test_other_words_are_another_cause_and_the_same_change_at_one_line_is_one_cause():
    assert len(group_by_cause([case(text="lacks 'refund'"), case(text="lacks 'voucher'")])) == 2
    at = {"source_line": "journeys/shop/agent.py:2"}
    allowed = [
        case(text=f"{tool} was blocked after 52 days; it is allowed now", **at) for tool in ("sell", "swap")
    ]
    assert len(group_by_cause(allowed)) == 1
    assert len(group_by_cause([*allowed, case(text="sell was allowed; it is blocked now", **at)])) == 2
    assert (
        len(group_by_cause([case(text="it", **at), case(text="it", source_line="journeys/shop/agent.py:3")])) == 2
    )


def test_the_summary_stays_within_the_limit_of_github(project, tmp_path, monkeypatch):
    from workbench.cli.reports.github import summarize

    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    (tmp_path / "summary.md").write_text("before\n")
    summarize(Summary([case(text="ä" * (3000 + number)) for number in range(300)], 300, 1.0))
    said = (tmp_path / "summary.md").read_bytes()
    assert len(said) <= SUMMARY
    assert said.startswith(b"before\n")
    assert re.search(r"…and \d+ more", said.decode())


# all of them


def test_several_reports_can_be_written_at_once(project):
    assert run(["replay", "--json", "a.json", "--junit", "a.xml", "--markdown", "a.md"]) == 4
    assert all((project / name).stat().st_size for name in ("a.json", "a.xml", "a.md"))


def test_two_reports_with_one_destination_are_refused_before_anything_runs(project, capsys):
    assert run(["replay", "--json", "-", "--junit", "-"]) == 4
    assert "transcript" not in capsys.readouterr().err


def test_a_report_that_cannot_be_written_hides_no_failure_and_no_other_report(project, capsys):
    (project / "file").write_text("")
    for name in ("broken", "live"):
        (project / f"transcripts/{name}.json").unlink()
    assert run(["replay", "--junit", "file/junit.xml", "--markdown", "out.md"]) == 4
    said = capsys.readouterr().err
    assert said.index("FAIL transcripts/open.json") < said.index("file/junit.xml: cannot write the report")
    assert (project / "out.md").exists()


def test_a_report_that_cannot_be_written_never_passes(project):
    (project / "file").write_text("")
    assert run(["replay", "transcripts/golden.json", "--json", "file/out.json"]) == 4
