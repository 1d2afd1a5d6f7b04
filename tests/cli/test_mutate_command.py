"""`workbench mutate` and `workbench coverage`: what a person reads, what CI sees, and that no file is touched."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from support.kit import WINDOW, ScriptedModel, converse, saved, shop, shop_files, use, write
from workbench.cli import run
from workbench.mutation.run import run_mutants
from workbench.transcripts.expectation import Expectation
from workbench.transcripts.files import write as write_transcript
from workbench.transcripts.transcript import Annotation

RETURNS = "journeys/shop/returns/journey.py"
PATIENT = """
    def is_patient(call):
        while call["order_number"] == "OL-9":
            pass
        return True

    @returns.policy(before=create_return)
    def patience(call, conversation):
        '''Nobody waits.

        Why: time is short.
        '''
        return None if is_patient(call) else Block("no")
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """The shop with a return window, and the mistake of a late return that it mends."""
    write(tmp_path / "journeys", shop_files(WINDOW))
    monkeypatch.chdir(tmp_path)
    save(tmp_path, "late", "OL-1", "mistake")
    return tmp_path


def save(folder: Path, name: str, order: str, kind: str = "golden", *policies: str) -> None:
    """A return of an order, recorded without policies as a mistake, or with the window as a guard."""
    rules = policies or (() if kind == "mistake" else (WINDOW,))
    model = ScriptedModel(
        [use("find_order", order_number=order)], [use("create_return", order_number=order)], "Done."
    )
    conversation = converse(shop(folder / f"recorded-{name}", *rules), model, "return it")
    more = {}
    if kind == "mistake":
        more = {"expectations": [Expectation("not_executed", "1.2.1")], "annotations": [Annotation("1.2.1")]}
    path = folder / "transcripts" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    write_transcript(path, msgspec.structs.replace(saved(conversation, kind, **more), id=name))


def everything(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in folder.rglob("*") if p.is_file() and ".workbench" not in p.parts}


def measured(capsys, *options: str) -> dict:
    run(["mutate", "--json", "-", *options])
    return json.loads(capsys.readouterr().out)


def fates(report: dict) -> dict[tuple[str, str], str]:
    return {(m["operator"], m["after"]): m["status"] for a in report["agents"] for m in a["mutants"]}


def test_a_surviving_mutant_is_shown_with_its_line_before_and_after(project, capsys):
    assert run(["mutate"]) == 0
    said = capsys.readouterr().err
    assert "shop: 1 of 1 transcripts pass" in said
    line = next(n for n, t in enumerate(Path(RETURNS).read_text().splitlines(), 1) if "order.days > 30" in t)
    assert (
        f"survived {RETURNS}:{line}  number-shifted\n    - if order.days > 30:\n    + if order.days > 31:" in said
    )
    assert f"no coverage {RETURNS}:{line - 1}  decision-removed" in said
    assert "not in the score: " in said
    assert "score: " in said


def test_a_mutant_is_killed_if_a_passing_transcript_fails(project, capsys):
    killed = [m for a in measured(capsys)["agents"] for m in a["mutants"] if m["status"] == "killed"]
    assert {"policy-removed", "decision-removed", "comparison-negated"} <= {m["operator"] for m in killed}
    assert {m["killed_by"] for m in killed} == {"late"}
    assert all(m["why"] for m in killed)


def test_one_more_transcript_raises_the_score(project, capsys):
    before = measured(capsys)["score"]
    save(project, "in-time", "OL-2")
    after = measured(capsys)
    assert after["score"] > before
    assert fates(after)["comparison-negated", "if order.days <= 30:"] == "killed"


def test_no_file_is_changed(project):
    before = everything(project)
    run(["mutate"])
    assert everything(project) == before


def test_a_failing_transcript_is_left_out_and_reported(project, capsys):
    (project / "transcripts/broken.json").write_text("{")
    save(project, "old", "OL-1", "golden", "")
    assert run(["mutate"]) == 0
    said = capsys.readouterr().err
    assert "left out transcripts/broken.json: ERROR" in said
    assert "left out transcripts/old.json: FAIL" in said
    assert "shop: 1 of 2 transcripts pass" in said


def test_without_a_passing_transcript_nothing_is_measured(project, capsys):
    (project / "transcripts/late.json").unlink()
    assert run(["mutate"]) == 5
    save(project, "old", "OL-1", "golden", "")
    assert run(["mutate"]) == 5
    assert "only passing transcripts are measured" in capsys.readouterr().err


def test_a_score_below_the_minimum_fails(project):
    assert run(["mutate", "--min-score", "100"]) == 1
    assert run(["mutate", "--min-score", "1"]) == 0


def test_files_and_operators_can_be_selected_and_an_unknown_name_is_reported(project, capsys):
    assert {op for op, _ in fates(measured(capsys, "--operator", "number-shifted"))} == {"number-shifted"}
    assert fates(measured(capsys, "--file", RETURNS)) == fates(measured(capsys, "--file", "*.py"))
    assert run(["mutate", "--file", "nothing.py"]) == 4
    assert "shop/returns/journey.py" in capsys.readouterr().err
    assert run(["mutate", "--operator", "no"]) == 4
    assert "policy-removed" in capsys.readouterr().err
    assert run(["mutate", "--agent", "no"]) == 4


def test_list_prints_the_mutants_and_runs_nothing(project, capsys):
    assert run(["mutate", "--list", "--operator", "boundary-moved"]) == 0
    heard = capsys.readouterr()
    assert heard.out.splitlines()[0].endswith("boundary-moved  if order.days > 30:  →  if order.days >= 30:")
    assert "pass" not in heard.err


def test_a_mutant_that_hangs_or_does_not_load_is_counted_separately(project, capsys):
    write(project / "journeys", shop_files(WINDOW, PATIENT + "\n    LIMIT = {0: 'few'}[0]\n"))
    report = measured(capsys, "--timeout", "0.5", "--operator", "comparison-negated")
    ends = {m["after"]: (m["status"], m["why"]) for a in report["agents"] for m in a["mutants"]}
    assert ends['while call["order_number"] != "OL-9":'] == ("error", "timed out")
    assert report["agents"][0]["files"]["shop/returns/journey.py"]["error"] == 1


def test_an_interrupted_run_shows_its_results_so_far(project):
    write(project / "journeys", shop_files(WINDOW, PATIENT))
    command = [
        sys.executable,
        "-m",
        "workbench",
        "mutate",
        "--jobs",
        "1",
        "--timeout",
        "30",
        "--json",
        "report.json",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ) as running:
        assert running.stderr is not None
        assert "transcripts pass" in running.stderr.readline()  # from here on it tries mutants, and one never ends
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=20)
    assert running.returncode == 2
    assert "interrupted: results so far" in said
    assert json.loads(Path("report.json").read_text())["whole"] is False


def test_the_score_of_an_interrupted_run_is_marked_as_partial(project, capsys, monkeypatch):
    def broken_off(*args, **more):
        tried = run_mutants(*args, **more)
        yield from (next(tried) for _ in range(12))
        raise KeyboardInterrupt

    monkeypatch.setattr("workbench.cli.commands.mutate.run_mutants", broken_off)
    assert run(["mutate"]) == 2
    assert "score of the tested mutants: " in capsys.readouterr().err


def test_with_tools_mutants_in_tool_bodies_run(project, capsys):
    save(project, "in-time", "OL-2")
    assert "not_run" in set(fates(measured(capsys)).values())
    found = fates(measured(capsys, "--tools", "sandbox"))
    assert "not_run" not in found.values()
    assert found["return-emptied", "return None"] == "killed"


def test_coverage_lists_what_no_transcript_reaches(project, capsys):
    assert run(["coverage"]) == 0
    said = capsys.readouterr().err
    assert "policies called: 1 of 1 (100 %)" in said
    assert "decisions reached: 1 of 2 (50 %)" in said
    assert "return_window never returns block here" in said
    assert "tools called: 2 of 2 (100 %)" in said
    assert "lines that no transcript executes: 1" in said
    assert "not counted: " in said


def test_coverage_can_be_written_as_json(project, capsys):
    assert run(["coverage", "--json", "-"]) == 0
    (agent,) = json.loads(capsys.readouterr().out)["agents"]
    assert (agent["agent"], agent["passing"], agent["left_out"]) == ("shop", 1, [])
    assert [r["reached"] for r in agent["decisions"]] == [False, True]
    (project / "transcripts/late.json").unlink()
    assert run(["coverage"]) == 5


def test_a_query_selects_the_transcripts_to_measure(project, capsys):
    save(project, "early", "OL-2")
    assert run(["coverage", "--query", "kind:golden", "--json", "-"]) == 0
    (agent,) = json.loads(capsys.readouterr().out)["agents"]
    assert (agent["passing"], agent["left_out"]) == (1, [])
    assert run(["mutate", "--list", "--query", "early"]) == 0
    assert run(["mutate", "--list", "--query", "zebra"]) == 5
    assert run(["coverage", "--query", "kind:gurad"]) == 4


# equivalent mutants


def marked(comment: str, line: str = "if order.days > 30:") -> None:
    """Write a comment behind a line of the journey."""
    path = Path(RETURNS)
    path.write_text(path.read_text().replace(line, f"{line}  # {comment}"))


def test_a_mutant_that_is_marked_as_equivalent_is_listed_apart_and_not_counted(project, capsys):
    before = measured(capsys)
    marked("workbench: equivalent number-shifted: days come in steps of 25")
    after = measured(capsys)
    shifted = [
        m for m in after["agents"][0]["mutants"] if m["operator"] == "number-shifted" and "order" in m["after"]
    ]
    assert {m["status"] for m in shifted} == {"equivalent"}
    assert {m["why"] for m in shifted} == {"days come in steps of 25"}
    counts = [sum(f["survived"] for f in report["agents"][0]["files"].values()) for report in (before, after)]
    assert counts[0] - counts[1] == len(shifted)
    assert after["score"] > before["score"]
    assert run(["mutate"]) == 0
    said = capsys.readouterr().err
    assert "days come in steps of 25" in said
    assert f"{len(shifted)} marked as equivalent" in said


def test_a_comment_on_its_own_line_applies_to_the_next_line(project, capsys):
    path = Path(RETURNS)
    mark = "# workbench: equivalent number-shifted, boundary-moved: days come in steps"
    path.write_text(path.read_text().replace("    if order.days", f"    {mark}\n    if order.days"))
    found = fates(measured(capsys))
    assert found["number-shifted", "if order.days > 31:"] == "equivalent"
    assert found["boundary-moved", "if order.days >= 30:"] == "equivalent"


def test_the_score_for_min_score_does_not_count_equivalent_mutants(project, capsys):
    path = Path(RETURNS)
    survivors = {m["line"]: set() for m in measured(capsys)["agents"][0]["mutants"]}
    for m in measured(capsys)["agents"][0]["mutants"]:
        if m["status"] in ("survived", "no_coverage"):
            survivors[m["line"]].add(m["operator"])
    lines = path.read_text().split("\n")
    for line, operators in survivors.items():
        if operators:
            lines[line - 1] += f"  # workbench: equivalent {', '.join(sorted(operators))}: for this test"
    path.write_text("\n".join(lines))
    assert run(["mutate", "--min-score", "100"]) == 0


@pytest.mark.parametrize(
    ("comment", "word"),
    [
        ("workbench: equivalent number-shifted", "reason"),
        ("workbench: equivalent number-shifted:", "reason"),
        ("workbench: equivalent", "reason"),
        ("workbench: equivalent number-moved: it is", "number-moved"),
    ],
)
def test_a_comment_without_a_reason_or_with_an_unknown_operator_is_an_error(project, capsys, comment, word):
    marked(comment)
    assert run(["mutate"]) == 4
    said = capsys.readouterr().err
    assert word in said
    assert "shop/returns/journey.py:" in said


def test_a_marked_mutant_that_a_transcript_catches_counts_as_killed_and_is_reported(project, capsys):
    marked("workbench: equivalent comparison-negated: it is")
    assert run(["mutate"]) == 0
    said = capsys.readouterr().err
    assert "wrong comment" in said
    assert "late" in said
    found = {op: status for (op, after), status in fates(measured(capsys)).items() if "<= 30" in after}
    assert found == {"comparison-negated": "killed"}


def test_a_comment_without_a_mutant_is_reported(project, capsys):
    marked("workbench: equivalent arithmetic: it is")
    assert run(["mutate"]) == 0
    assert "wrong comment" in capsys.readouterr().err


def test_the_text_of_a_comment_in_a_string_has_no_effect(project):
    path = Path(RETURNS)
    path.write_text(path.read_text() + 'NOTE = "# workbench: equivalent"\n')
    assert run(["mutate"]) == 0


# what is found


PLUGIN = """
    from workbench import Block

    class TooOld:
        most = 30

        def refuses(self, order):
            return order.days > self.most

    RULES = {"too old": TooOld()}
"""
BY_REGISTRY = """
    import importlib
    import workbench

    def rules():
        return importlib.import_module("journeys." + "plugins.age").RULES

    def limit(name):
        def rule(call, conversation):
            '''A rule that is found by its name.

            Why: rules are plug-ins.
            '''
            order = conversation.result(find_order, order_number=call["order_number"])
            return Block("no") if any(r.refuses(order) for r in rules().values()) else None
        rule.__name__ = name
        return rule

    returns.policy(before=create_return)(limit("first"))
    returns.policy(before=find_order)(lambda call: None)

    def never(result):
        '''A rule that is never asked.

        Why: this test.
        '''

    returns.policy(after=create_return)(never)
"""


def test_a_file_that_is_imported_by_no_statement_is_named(project, capsys):
    write(project / "journeys", shop_files(WINDOW, BY_REGISTRY) | {"plugins/age.py": PLUGIN})
    report = measured(capsys)
    assert [u["file"] for u in report["agents"][0]["not_measured"]] == ["plugins/age.py"]
    assert run(["mutate"]) == 0
    assert "not measured journeys/plugins/age.py: " in capsys.readouterr().err


def test_a_value_that_nothing_names_is_named(project, capsys):
    path = Path(RETURNS)
    path.write_text(path.read_text() + "UNUSED = 50\n")
    assert [u["why"].split()[-1] for u in measured(capsys)["agents"][0]["not_measured"]] == ["UNUSED"]


def test_coverage_counts_every_policy_of_the_agent_however_it_is_declared(project, capsys):
    write(project / "journeys", shop_files(WINDOW, BY_REGISTRY) | {"plugins/age.py": PLUGIN})
    assert run(["coverage", "--json", "-"]) == 0
    (agent,) = json.loads(capsys.readouterr().out)["agents"]
    called = {p["name"]: p["reached"] for p in agent["policies"]}
    assert called == {"return_window": True, "first": True, "<lambda>": True, "never": False}


REGISTRY = """
    class Rule:
        known = []

        def __init_subclass__(cls):
            Rule.known.append(cls)

    class TooOld(Rule):
        def refuses(self, order):
            return order.days > 40

    @returns.policy(before=create_return)
    def rules(call, conversation):
        '''All rules hold.

        Why: this test.
        '''
        order = conversation.result(find_order, order_number=call["order_number"])
        return Block("too old") if order and any(rule().refuses(order) for rule in Rule.known) else None
"""


def test_code_that_runs_while_the_agent_loads_is_covered(tmp_path, monkeypatch, capsys):
    write(tmp_path / "journeys", shop_files(REGISTRY))
    monkeypatch.chdir(tmp_path)
    save(tmp_path, "late", "OL-1", "mistake")
    found = fates(measured(capsys))
    assert found["statement-removed", "pass"] == "killed"
    assert found["comparison-negated", "return order.days <= 40"] == "killed"
    assert run(["coverage"]) == 0
    assert "executes: none" in capsys.readouterr().err


def test_a_pipe_among_the_journeys_is_not_read(project):
    os.mkfifo("journeys/shop/pipe.py")
    assert run(["mutate", "--list"]) == 0
