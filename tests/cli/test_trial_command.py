"""`workbench trial`: real processes, the real SDK, a server on this machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from support.kit import WINDOW, ScriptedModel, converse, saved, shop, shop_files, use, write
from support.loopback import Loopback, calls, refuses, says
from workbench.transcripts.codec import encode
from workbench.transcripts.expectation import Expectation
from workbench.transcripts.redaction import Redactor

FIND, RETURN = ("find_order", {"order_number": "OL-1"}), ("create_return", {"order_number": "OL-1"})
LATE = [use(FIND[0], **FIND[1])], [use(RETURN[0], **RETURN[1])], "Done."
HOPELESS = refuses(401, "authentication_error", "invalid x-api-key")


@pytest.fixture
def project(tmp_path):
    """A shop in which a return went through that the model should not have opened."""
    write(tmp_path / "journeys", shop_files())
    put(tmp_path, "late", Expectation("must_not_call", "1.2.1", tool="create_return"))
    return tmp_path


def put(folder: Path, name: str, *expectations: Expectation) -> None:
    conversation = converse(shop(folder / "recorded"), ScriptedModel(*LATE), "return OL-1")
    made = saved(conversation, "mistake" if expectations else "golden", expectations=list(expectations))
    path = folder / "transcripts" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(encode(msgspec.structs.replace(made, id=name)))


def replay(project: Path, server: Loopback | None, *options: str) -> subprocess.CompletedProcess[str]:
    return program(project, server, "replay", *options)


def trial(project: Path, server: Loopback | None, *options: str) -> subprocess.CompletedProcess[str]:
    return program(project, server, "trial", *options)


def program(
    project: Path, server: Loopback | None, command: str, *options: str
) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "workbench", command, "--jobs", "1", *options]
    env = {**os.environ, **(server.env if server else {})}
    return subprocess.run(words, capture_output=True, text=True, env=env, cwd=project, timeout=120)


def live(
    project: Path, *script: object, options: tuple[str, ...] = ()
) -> tuple[subprocess.CompletedProcess[str], Loopback]:
    with Loopback(*script) as server:  # type: ignore[arg-type]
        return trial(project, server, *options), server


def test_all_trials_that_pass_are_0_with_pass_k_and_n(project):
    done, server = live(project, calls(FIND), says("Too late."), says("No."), options=("--trials", "2"))
    assert done.returncode == 0, done.stderr
    assert "1 transcript: 1 PASS" in done.stderr
    assert "pass^2  1.000  (n=2, 1 of 1 task)" in done.stderr
    assert len(server.requests) == 3
    assert server.left == 0


def test_what_the_customer_said_and_what_tools_gave_reaches_the_model(project):
    _, server = live(project, calls(FIND), says("Too late."))
    assert server.requests[0].body["messages"][0]["content"][0]["text"] == "return OL-1"
    told = server.requests[1].body["messages"][-1]["content"][0]["content"]
    assert '"days":52' in told


def test_one_trial_that_fails_is_1_and_can_be_read(project):
    done, _ = live(project, says("No."), calls(RETURN), says("Done."), options=("--trials", "2"))
    assert done.returncode == 1
    assert "1 of 2 trials passed; trial 2: does not hold: the model does not call create_return" in done.stderr
    shown = subprocess.run(
        [sys.executable, "-m", "workbench", "show", ".workbench/live/late-2.json"],
        capture_output=True, text=True, cwd=project, timeout=60,
    )  # fmt: skip
    assert "create_return(order_number=OL-1): executed" in shown.stdout


def test_a_refused_key_is_neither_red_nor_green_and_is_never_shown(project):
    done, server = live(project, HOPELESS, HOPELESS, options=("--trials", "2"))
    assert done.returncode == 10
    assert "2 infrastructure faults in 2 trials: not counted" in done.stderr
    assert "no trial counted, 2 requested" in done.stderr
    assert "next: fix the cause of the fault (workbench doctor checks key" in done.stderr
    assert "--trials 5" not in done.stderr
    assert "NEEDS_LIVE" in done.stderr
    assert "pass^" not in done.stderr
    assert server.env["ANTHROPIC_API_KEY"] not in done.stdout + done.stderr
    assert not list(project.rglob("*.live.json"))


def test_a_fault_between_two_passes_raises_nothing(project):
    done, _ = live(project, says("No."), HOPELESS, says("No."), options=("--trials", "3"))
    assert done.returncode == 10
    assert "2 of 2 trials passed, 3 requested" in done.stderr


def test_a_spent_budget_is_not_green_and_says_what_was_not_run(project):
    done, server = live(project, says("No."), options=("--trials", "3", "--max-trials", "1"))
    assert done.returncode == 10
    assert "2 did not start" in done.stderr
    assert "budget of 1 trial" in done.stderr
    assert "pass^1  1.000  (n=1, 1 of 1 task; 1 of 1 trial, 95% Wilson" in done.stderr
    assert "next: run it again with a larger budget" in done.stderr
    assert len(server.requests) == 1


@pytest.mark.parametrize("limit", [("--max-tokens", "10"), ("--max-cost", "0.0000001")])
def test_tokens_and_money_are_budgets_too(project, limit):
    done, server = live(project, says("No."), options=("--trials", "2", *limit))
    assert done.returncode == 10
    assert "1 did not start" in done.stderr
    assert "the budget of" in done.stderr
    assert len(server.requests) == 1


def test_money_cannot_be_held_where_no_price_is_known(project):
    done, server = live(project, options=("--model", "my-own", "--max-cost", "1"))
    assert done.returncode == 4
    assert "price of my-own" in done.stderr
    assert server.requests == []


def test_from_the_mark_on_the_tape_speaks_before_it(project):
    done, server = live(project, says("Too late."), options=("--from", "annotation"))
    assert done.returncode == 0, done.stderr
    (asked,) = server.requests
    assert asked.body["messages"][1]["content"][0]["name"] == "find_order"


def test_a_run_that_leaves_the_record_before_the_step_is_not_begun(project):
    mended = WINDOW.replace("before=create_return", "before=find_order").replace("order is None", "False")
    blocks = mended.replace("order.days > 30", "True").replace("order.days", "52")
    write(project / "journeys", shop_files(blocks))
    done, server = live(project, options=("--from", "1.2"))
    assert done.returncode == 1
    assert "DIVERGED" in done.stderr
    assert "before 1.2.0" in done.stderr
    assert server.requests == []


@pytest.mark.parametrize("step", ["9.1", "soon"])
def test_a_step_that_is_not_there_is_4(project, step):
    done, server = live(project, options=("--from", step))
    assert done.returncode == 4
    assert server.requests == []


def test_a_dry_run_asks_nobody_and_is_not_green(project):
    done, server = live(project, options=("--trials", "4", "--dry-run"))
    assert done.returncode == 5
    assert "4 in all with claude-sonnet-5-5, 12 requests" in done.stderr
    assert "about $" in done.stderr
    assert server.requests == []


def test_what_it_may_cost_can_be_asked_without_credentials(project):
    done = trial(project, None, "--dry-run")
    assert done.returncode == 5
    assert "1 in all with claude-sonnet-5-5, 3 requests" in done.stderr


def test_a_script_never_replaces_a_model_without_credentials(project):
    done = trial(project, None)
    assert done.returncode == 4
    assert "no credentials for a live model" in done.stderr


def test_replay_has_no_option_of_a_trial_and_a_trial_none_of_a_replay(project):
    done = replay(project, None, "--trials", "3")
    assert done.returncode == 4
    assert "No such option: --trials" in done.stderr
    done = trial(project, None, "--watch")
    assert done.returncode == 4
    assert "No such option: --watch" in done.stderr


def test_a_judge_decides_a_rubric_and_is_on_the_receipt(project):
    put(project, "late", Expectation("rubric", "1.2.1", text="the agent is kind"))
    done, server = live(project, says("No."), says("verdict: no\nbecause: it is curt"))
    assert done.returncode == 1, done.stderr
    assert "it is curt" in done.stderr
    assert "the agent is kind" in server.requests[1].body["messages"][0]["content"][0]["text"]
    live_result = json.loads((project / "transcripts/late.live.json").read_text())
    assert live_result["judged"][0]["because"] == "it is curt"
    assert live_result["judged"][0]["agrees"] is False


def test_a_judge_who_cannot_be_asked_is_a_fault_and_says_why(project):
    put(project, "late", Expectation("rubric", "1.2.1", text="the agent is kind"))
    done, _ = live(project, says("No."), HOPELESS)
    assert done.returncode == 10
    assert "the judge gave no verdict: the API key was not accepted (401)" in done.stderr


NOT_RETURNED = {"Shop.orders.OL-1.returned": False}


def test_how_the_world_ends_is_decided_in_the_world_of_the_trial(project):
    put(project, "late", Expectation("final_world", "1.2.1", args=NOT_RETURNED))
    done, _ = live(project, says("No."))
    assert done.returncode == 0, done.stderr
    done, _ = live(project, says("No."), calls(RETURN), says("Done."), options=("--trials", "2"))
    assert done.returncode == 1
    assert "1 of 2 trials passed; trial 2: does not hold: the world ends with" in done.stderr


def test_a_recording_that_ends_in_the_right_world_never_showed_the_mistake(project):
    returned = {"Shop.orders.OL-1.returned": True}
    put(project, "late", Expectation("final_world", "1.2.1", args=returned))
    done, server = live(project)
    assert done.returncode == 4
    assert "this transcript never showed the mistake" in done.stderr
    assert server.requests == []


def test_what_a_customer_is_called_in_the_transcript_is_found_in_the_world(project):
    """Both have the substitute: the model asks for what it was told."""
    fixture = project / "journeys/shop/fixtures/base.json"
    fixture.write_text(fixture.read_text().replace("OL-1", "anna.berg@mail.de"))
    known = Redactor().redact_text("anna.berg@mail.de")
    put(project, "late", Expectation("must_not_call", "1.2.1", tool="create_return"))
    _, server = live(project, calls(("find_order", {"order_number": known})), says("It is there."))
    told = server.requests[1].body["messages"][-1]["content"][0]
    assert '"days":52' in told["content"]
    assert known in told["content"]


def test_a_guard_is_the_same_deeds_in_other_words(project):
    (project / "transcripts/late.json").unlink()
    put(project, "golden")
    done, _ = live(project, calls(RETURN), says("It is on its way."), says("No."), options=("--trials", "2"))
    assert done.returncode == 1
    assert 'recorded {"args":{"order_number":"OL-1"},"tool":"create_return"}' in done.stderr
    assert "1 of 2 trials passed" in done.stderr


def test_a_journey_that_ends_its_process_costs_its_trials_alone(project):
    put(project, "more")
    leaves = """
    @returns.policy(before_reply=True)
    def leaves(reply):
        '''It goes.'''
        import os
        if "bye" in reply:
            os._exit(3)
    """
    write(project / "journeys", shop_files(leaves))
    done, _ = live(project, says("bye"), calls(RETURN), says("Done."))
    assert done.returncode == 4
    assert "1 ERROR" in done.stderr
    assert "1 PASS" in done.stderr
    assert "journey code ended its process" in done.stderr


def test_a_journey_that_hangs_is_ended_after_the_timeout_and_named(project):
    hangs = """
    @returns.policy(before_reply=True)
    def hangs(reply):
        '''It never ends.'''
        while True:
            pass
    """
    write(project / "journeys", shop_files(hangs))
    done, _ = live(project, says("No."), options=("--timeout", "3"))
    assert done.returncode == 4
    assert "journey code blocked for 3 s and was stopped" in done.stderr
    assert trial(project, None, "--dry-run", "--timeout", "0").returncode == 4


def test_the_report_for_a_machine_has_every_trial(project):
    done, _ = live(project, says("No."), HOPELESS, options=("--trials", "2", "--json", "-"))
    told = json.loads(done.stdout)["transcripts"][0]["live"]
    assert (told["asked"], told["counted"], told["passed"], told["faults"]) == (2, 1, 1, 1)
    assert [t["outcome"] for t in told["trials"]] == ["pass", "fault"]
    assert told["tokens"] > 0


def test_a_receipt_says_who_when_how_often_and_on_what(project):
    live(project, says("No."), says("No."), options=("--trials", "2"))
    live_result = json.loads((project / "transcripts/late.live.json").read_text())
    assert live_result["model"] == "claude-sonnet-5-5"
    assert live_result["server"].startswith("127.0.0.1:")
    assert (live_result["asked"], live_result["counted"], live_result["passed"]) == (2, 2, 2)
    assert {"date", "prompt", "code", "expects", "expectation"} <= live_result.keys()


def test_a_receipt_that_cannot_be_written_costs_no_other_transcript_its_trials(project):
    put(project, "other", Expectation("must_not_call", "1.2.1", tool="create_return"))
    (project / "transcripts/late.live.json").mkdir()
    done, server = live(project, says("No."), says("No."), options=("--quiet",))
    assert "late.live.json: cannot be written" in done.stderr
    assert "2 transcripts: 2 PASS" in done.stderr
    assert done.returncode == 4
    assert (project / "transcripts/other.live.json").is_file()
    assert server.left == 0


def test_the_rehearsal_leaves_no_receipt(project):
    done, _ = live(project, options=("--model", "rehearsal"))
    assert "1 transcript" in done.stderr
    assert not list(project.rglob("*.live.json"))


# stored live results, without a model


NO_LOOK = WINDOW.replace("before=create_return", "before=find_order").replace("order is None", "True")


@pytest.fixture(scope="module")
def first_asked(tmp_path_factory):
    """Where the first test that needs `asked` leaves a copy of it for the others."""
    return tmp_path_factory.mktemp("asked")


@pytest.fixture
def asked(project, first_asked, monkeypatch):
    """The project once its model was asked twice and passed twice; its server is the one of today."""
    url = first_asked / "url"
    if not url.exists():
        done, server = live(project, says("No."), says("No."), options=("--trials", "2"))
        assert done.returncode == 0, done.stderr
        shutil.copytree(project, first_asked / "project")
        url.write_text(server.url)
    shutil.copytree(first_asked / "project", project, dirs_exist_ok=True)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", url.read_text())
    return project


def test_what_only_a_model_can_say_is_neither_red_nor_green_and_says_how_to_ask(project):
    done = replay(project, None)
    assert done.returncode == 10
    assert "no live result is stored" in done.stderr
    assert "next: this needs a live model: workbench trial" in done.stderr
    assert replay(project, None, "--use-live-results").returncode == 10


def test_the_last_receipt_is_shown_and_changes_nothing_by_itself(asked):
    done = replay(asked, None)
    assert done.returncode == 10
    assert "2 of 2 trials passed, for the current prompt" in done.stderr


def test_a_receipt_that_fits_and_passed_ends_in_0_and_is_counted_apart(asked):
    done = replay(asked, None, "--use-live-results")
    assert done.returncode == 0, done.stderr
    assert "1 transcript: 1 CACHED" in done.stderr


def test_a_changed_sentence_in_the_prompt_makes_it_void(asked):
    manual = asked / "journeys/shop/returns/manual.md"
    manual.write_text(manual.read_text() + "\nBe quick.\n")
    done = replay(asked, None, "--use-live-results")
    assert done.returncode == 10
    assert "for a prompt that has changed" in done.stderr


def test_a_live_result_of_another_server_counts_for_nothing(asked, monkeypatch):
    """What a script on this machine said is not what the model says."""
    monkeypatch.delenv("ANTHROPIC_BASE_URL")
    done = replay(asked, None, "--use-live-results")
    assert done.returncode == 10
    assert "at 127.0.0.1:" in done.stderr
    assert "another server than api.anthropic.com" in done.stderr


def test_a_live_result_of_another_model_than_the_project_names_counts_for_nothing(asked):
    (asked / "workbench.toml").write_text('model = "claude-haiku-5-5"\n')
    done = replay(asked, None, "--use-live-results")
    assert done.returncode == 10
    assert "another model than claude-haiku-5-5" in done.stderr
    (asked / "workbench.toml").write_text('model = "claude"\n')
    assert replay(asked, None, "--use-live-results").returncode == 0


def test_a_changed_expectation_makes_it_void(asked):
    put(asked, "late", Expectation("model_says", "1.2.1", text="too late"))
    done = replay(asked, None, "--use-live-results")
    assert done.returncode == 10
    assert "for another expectation" in done.stderr


def test_code_that_changed_is_said(asked):
    journey = asked / "journeys/shop/returns/journey.py"
    journey.write_text(journey.read_text() + "\n# a comment\n")
    done = replay(asked, None, "--use-live-results")
    assert done.returncode == 0
    assert "the agent's files have changed since" in done.stderr


def test_a_live_result_after_a_divergence_holds_for_the_same_code_alone(asked):
    """Beyond the difference nobody knows what a model would be asked with."""
    write(asked / "journeys", shop_files(NO_LOOK))
    with Loopback(says("No.")) as server:
        assert trial(asked, server).returncode == 0
        assert replay(asked, server, "--use-live-results").returncode == 0
        write(asked / "journeys", shop_files(NO_LOOK, "# a comment"))
        done = replay(asked, server, "--use-live-results")
    assert done.returncode == 10, done.stderr
    assert "the agent's files have changed since" in done.stderr


def test_a_live_result_of_failed_trials_counts_for_nothing(project):
    _, server = live(project, says("No."), calls(RETURN), says("Done."), options=("--trials", "2"))
    done = replay(project, server, "--use-live-results")
    assert done.returncode == 10
    assert "1 of 2 trials passed, for the current prompt" in done.stderr


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": "workbench.live-result/9"}'])
def test_a_broken_receipt_is_told_and_counts_for_nothing(asked, text):
    (asked / "transcripts/late.live.json").write_text(text)
    done = replay(asked, None, "--use-live-results")
    assert done.returncode == 10
    assert "transcripts/late.live.json: not a live result" in done.stderr


def test_a_live_result_of_another_transcript_counts_for_nothing(asked):
    put(asked, "other", Expectation("must_not_call", "1.2.1", tool="create_return"))
    (asked / "transcripts/late.live.json").rename(asked / "transcripts/other.live.json")
    done = replay(asked, None, "--use-live-results", "transcripts/other.json")
    assert done.returncode == 10
    assert "another transcript, late" in done.stderr
