"""`workbench replay`: what a person reads, what CI sees, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from support.kit import (
    JOURNEY,
    LATE,
    WINDOW,
    ScriptedModel,
    converse,
    late_mistake,
    put,
    saved,
    shop,
    shop_files,
    use,
    write,
)
from workbench.cli import run
from workbench.trace.steps import group_steps
from workbench.transcripts.codec import read
from workbench.transcripts.files import write as write_transcript
from workbench.transcripts.transcript import Annotation


def report(capsys) -> dict:
    return json.loads(capsys.readouterr().out)


def test_if_all_pass_the_exit_code_is_0_and_the_summary_counts_them(project, capsys):
    assert run(["replay"]) == 0
    assert "1 transcript: 1 PASS" in capsys.readouterr().err


def test_an_open_mistake_exits_with_1_and_shows_the_next_step(project, capsys):
    put(project, "late", late_mistake(project))
    assert run(["replay"]) == 1
    said = capsys.readouterr().err
    assert "FAIL transcripts/late.json" in said
    assert "still broken; expected: the call is not executed" in said
    assert "1.1.1  find_order(order_number=OL-1): executed" in said
    assert "! 1.2.1  now:      create_return(order_number=OL-1): executed" in said
    assert "next: fix the journey" in said


def test_a_fixed_mistake_exits_with_0(project):
    (project / "transcripts/golden.json").unlink()
    put(project, "late", late_mistake(project))
    write(project / "journeys", shop_files(WINDOW))
    assert run(["replay"]) == 0


def test_a_failing_golden_transcript_shows_both_sides_the_steps_before_and_the_changes(project, capsys):
    write(project / "journeys", shop_files(WINDOW))
    assert run(["replay"]) == 1
    said = capsys.readouterr().err
    assert "1.1.1  find_order" in said
    assert "- 1.2.1  recorded: create_return(order_number=OL-1): executed" in said
    assert "+ 1.2.1  now:      create_return(order_number=OL-1): blocked by returns.return_window" in said
    assert "policy returns.return_window (new)" in said
    assert "next: fix the journey or, if this is correct: workbench accept" in said


@pytest.mark.parametrize("command", ["replay", "coverage"])
@pytest.mark.parametrize("path", ["{outside}", "../{name}", "shop/../../{name}"])
def test_the_agent_of_a_transcript_is_a_name_and_never_a_path(project, tmp_path_factory, command, path):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "agent.py").write_text(f"open({str(outside / 'ran')!r}, 'w')\n")
    if not path.startswith("{"):
        outside = outside.rename(project / outside.name)
    agent = path.format(outside=outside, name=outside.name)
    file = project / "transcripts/golden.json"
    data = json.loads(file.read_text())
    data["agent"] = data["setup"]["agent"] = agent
    file.write_text(json.dumps(data))
    assert run([command]) in (4, 5)
    assert not (outside / "ran").exists()


def test_the_counts_of_the_json_report_add_up(project, capsys):
    put(project, "late", late_mistake(project))
    (project / "transcripts/broken.json").write_text("{")
    assert run(["replay", "--json", "-"]) == 4
    told = report(capsys)
    assert told["selected"] == 3 == sum(told["verdicts"].values()) == len(told["transcripts"])
    assert {t["id"]: t["verdict"] for t in told["transcripts"]} == {"golden": "PASS", "late": "FAIL", "": "ERROR"}
    assert all(t["first_difference"] is None for t in told["transcripts"])


def test_the_first_difference_is_in_the_json(project, capsys):
    write(project / "journeys", shop_files(WINDOW))
    run(["replay", "--json", "-"])
    first = report(capsys)["transcripts"][0]["first_difference"]
    assert first["step"] == "1.2.1"
    assert set(first) == {"step", "recorded", "now", "why"}


def test_the_json_report_can_go_to_a_file(project):
    assert run(["replay", "--json", "out.json"]) == 0
    assert json.loads((project / "out.json").read_text())["verdicts"]["PASS"] == 1


def test_nothing_to_replay_exits_with_5(project, capsys):
    (project / "transcripts/golden.json").unlink()
    assert run(["replay"]) == 5
    assert "nothing to replay" in capsys.readouterr().err


@pytest.mark.parametrize("path", ["transcripts/gaurd.json", "nowhere"])
def test_a_mistyped_path_exits_with_4(project, path):
    assert run(["replay", path]) == 4


def test_a_named_folder_without_transcripts_exits_with_4(project):
    (project / "empty").mkdir()
    assert run(["replay", "transcripts", "empty"]) == 4


def test_an_unknown_option_exits_with_4(project, capsys):
    assert run(["replay", "--jbos", "2"]) == 4
    assert "workbench replay --help" in capsys.readouterr().err


def test_an_unknown_command_exits_with_4(project):
    assert run(["repaly"]) == 4


def test_a_transcript_that_needs_a_model_exits_with_10(project):
    put(project, "says", late_mistake(project, "must_not_call", tool="create_return"))
    assert run(["replay"]) == 10


def test_an_agent_that_does_not_load_exits_with_4_and_names_its_line(project, capsys):
    write(project / "journeys", {"shop/agent.py": "from workbench import Agent\nagent = Agnt()\n"})
    assert run(["replay"]) == 4
    assert "shop/agent.py:2" in capsys.readouterr().err


def test_a_missing_agent_exits_with_4(project, capsys):
    (project / "journeys/shop/agent.py").unlink()
    assert run(["replay"]) == 4
    assert "there is no agent 'shop'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("while True: pass", "hung for 1 s at shop/returns/journey.py:"),
        ("import os; os._exit(0)", "ended its process"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "(os.kill)"),
        ("import signal; signal.raise_signal(signal.SIGKILL)", "ended its process"),
        ("raise SystemExit(0)", "SystemExit"),
    ],
)
def test_a_policy_that_ends_the_process_is_an_error_and_the_others_still_run(project, capsys, body, words):
    put(project, "other", saved(converse(shop(project / "o"), ScriptedModel("Hello."), "hi")))
    policy = f"\n    @returns.policy(before=create_return)\n    def bad(call, conversation):\n        {body}\n"
    write(project / "journeys", shop_files(policy))
    assert run(["replay", "--timeout", "1", "--json", "-"]) == 4
    told = {t["id"]: t for t in report(capsys)["transcripts"]}
    assert words in told["golden"]["why"]
    assert told["golden"]["verdict"] == "ERROR"
    assert told["other"]["verdict"] == "PASS"


def test_output_of_a_policy_is_not_in_the_report(project, capsys):
    policy = "\n    @returns.policy(before=create_return)\n    def loud(call, conversation):\n"
    policy += "        print('x' * 10_000_000)\n"
    write(project / "journeys", shop_files(policy))
    assert run(["replay", "--json", "-"]) == 0
    assert report(capsys)["verdicts"]["PASS"] == 1


def test_control_characters_in_a_transcript_are_escaped(project, capsys):
    bad = msgspec.structs.replace(late_mistake(project), title="\x1b[31mred\x07")
    put(project, "bad", bad)
    run(["replay"])
    said = capsys.readouterr().err
    assert "\x1b" not in said
    assert "\\x1b[31mred\\x07" in said


def test_an_accepted_mistake_must_stay_fixed(project, capsys):
    path = put(project, "late", late_mistake(project))
    assert run(["accept", str(path)]) == 4
    write(project / "journeys", shop_files(WINDOW))
    assert run(["accept", str(path)]) == 0
    accepted = path.read_bytes()
    assert run(["accept", str(path)]) == 0
    assert "already" in capsys.readouterr().err
    assert path.read_bytes() == accepted
    assert read(path).state == "fixed"


def test_an_accepted_golden_transcript_ends_at_its_new_decision(project):
    write(project / "journeys", shop_files(WINDOW))
    path = project / "transcripts/golden.json"
    assert run(["accept", str(path)]) == 4  # it must say why
    assert run(["accept", str(path), "--reason", "returns close after 30 days"]) == 0
    assert run(["replay"]) == 0
    accepted = read(path)
    assert accepted.reason == "returns close after 30 days"
    assert "recording_ended" not in [getattr(event, "reason", "") for event in accepted.events]


def test_an_accepted_golden_transcript_ends_at_a_call_that_is_now_allowed(project, capsys):
    blocked = converse(shop(project / "then", WINDOW), ScriptedModel(*LATE), "return OL-1")
    path = put(project, "golden", saved(blocked))
    assert run(["replay"]) == 1
    assert "accept" in capsys.readouterr().err
    assert run(["accept", str(path), "--reason", "no more return window"]) == 0
    assert run(["replay"]) == 0
    assert str(group_steps(read(path).events)[-1].steps[-1].step_id) == "1.2.1"
    write(project / "journeys", shop_files(WINDOW))
    assert run(["replay"]) == 1  # the new decision is checked


def test_a_removed_policy_is_noted_where_the_transcript_still_passes(project, capsys):
    late = WINDOW.replace("> 30", "> 60")
    put(project, "golden", saved(converse(shop(project / "then", late), ScriptedModel(*LATE), "return OL-1")))
    assert run(["replay"]) == 0
    assert "not called" in capsys.readouterr().err


def test_accepting_removes_annotations_after_the_new_end(project):
    path = project / "transcripts/golden.json"
    guard = read(path)
    places = [str(m.step_id) for turn in group_steps(guard.events) for m in turn.steps]
    annotations = [Annotation(places[0], note="kept"), Annotation(places[-1], note="beyond")]
    put(project, "golden", msgspec.structs.replace(guard, annotations=annotations))
    write(project / "journeys", shop_files(WINDOW))
    assert run(["accept", str(path), "--reason", "returns close after 30 days"]) == 0
    assert [m.note for m in read(path).annotations] == ["kept"]
    assert run(["replay"]) == 0


def test_accept_is_refused_in_ci(project, monkeypatch):
    monkeypatch.setenv("CI", "true")
    before = (project / "transcripts/golden.json").read_bytes()
    assert run(["accept", "transcripts/golden.json", "--reason", "x"]) == 4
    assert (project / "transcripts/golden.json").read_bytes() == before


def test_replay_never_writes_to_a_transcript(project):
    before = (project / "transcripts/golden.json").read_bytes()
    run(["replay"])
    assert (project / "transcripts/golden.json").read_bytes() == before


def test_many_transcripts_are_distributed_and_all_have_a_result(project, capsys):
    transcript = read(project / "transcripts/golden.json")
    for number in range(200):
        put(project, f"g{number}", transcript)
    assert run(["replay", "--jobs", "2", "--json", "-"]) == 0
    assert report(capsys)["verdicts"]["PASS"] == 201


def test_transcripts_in_another_folder_replay_on_the_current_project(project, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "golden.json"
    write_transcript(elsewhere, read(project / "transcripts/golden.json"))
    assert run(["replay", str(elsewhere)]) == 0


def test_from_outside_a_project_a_path_into_it_is_enough(project, tmp_path_factory, monkeypatch):
    monkeypatch.chdir(tmp_path_factory.mktemp("away"))
    assert run(["replay", str(project / "transcripts")]) == 0


def test_outside_a_project_the_error_suggests_a_project(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["replay"]) == 4
    assert "workbench init" in capsys.readouterr().err


def test_a_killed_replay_leaves_no_process_behind(project):
    hangs = JOURNEY.replace("returns = Journey(", "while True: pass\n    returns = Journey(")
    write(project / "journeys", shop_files(journey=hangs))
    with subprocess.Popen([sys.executable, "-m", "workbench", "replay"], stderr=subprocess.DEVNULL) as command:
        children = Path(f"/proc/{command.pid}/task/{command.pid}/children")
        if not children.parent.exists():
            command.kill()
            pytest.skip("needs /proc")
        until = time.monotonic() + 10
        while not (pids := children.read_text().split()) and time.monotonic() < until:
            time.sleep(0.02)
        command.kill()
    assert pids
    while any(running(pid) for pid in pids) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(running(pid) for pid in pids)


def running(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_match_changes_how_an_argument_is_compared(project, capsys):
    args = {"order_number": "OL-9", "note": "late"}
    file = put(project, "late", late_mistake(project, "called_with", args=args))
    assert run(["accept", str(file), "--match", "note=ignore"]) == 0
    assert read(file).expectations[0].fields == {"note": "ignore"}
    assert run(["accept", str(file), "--match", "number=ignore"]) == 4
    assert run(["accept", str(file), "--match", "order_number=nearly"]) == 4
    assert "exact, subset, regex, ignore" in capsys.readouterr().err


def test_match_is_refused_if_the_recording_no_longer_shows_the_mistake(project, capsys):
    file = put(project, "late", late_mistake(project, "called_with", args={"order_number": "OL-."}))
    before = file.read_bytes()
    assert run(["accept", str(file), "--match", "order_number=regex"]) == 4
    assert "does not show the mistake" in capsys.readouterr().err
    assert file.read_bytes() == before


def test_a_run_that_executes_no_tool_does_not_pass_and_executed_tools_are_counted(project, capsys):
    assert run(["replay", "--tools=sandbox"]) == 0
    assert "2 calls executed their tool, 0 used the recorded result" in capsys.readouterr().err
    silent = JOURNEY.replace("@returns.tool\n", "@returns.tool(reexecute=False)\n")
    silent = silent.replace("(writes=True)", "(writes=True, reexecute=False)")
    write(project / "journeys", shop_files(journey=silent))
    assert run(["replay", "--tools=sandbox"]) == 5
    assert "no calls executed their tool, 2 used the recorded result" in capsys.readouterr().err


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf"])
def test_an_invalid_timeout_exits_with_4(project, capsys, seconds):
    assert run(["replay", f"--timeout={seconds}"]) == 4
    assert "greater than 0" in capsys.readouterr().err


def test_a_number_of_more_than_64_bits_is_supported(project, capsys):
    amounts = JOURNEY.replace(
        "def create_return(order_number: str,", "def create_return(order_number: str, amount: int,"
    )
    write(project / "journeys", shop_files(journey=amounts))
    back = [use("create_return", order_number="OL-1", amount=2**70)]
    conversation = converse(shop(project / "then", journey=amounts), ScriptedModel(back, "Done."), "return OL-1")
    put(project, "golden", saved(conversation, source={"ticket": 2**70}))
    assert run(["replay", "--check-flaky", "--tools=sandbox", "--json", "-"]) == 0
    assert report(capsys)["transcripts"][0]["source"] == {"ticket": 2**70}


def test_the_passes_on_changed_prompts_are_named(project, capsys):
    manual = project / "journeys" / "shop" / "returns" / "manual.md"
    manual.write_text(manual.read_text() + "Be kind.\n")
    assert run(["replay", "transcripts/golden.json"]) == 0
    assert "only the code was tested: transcripts/golden.json" in capsys.readouterr().err
