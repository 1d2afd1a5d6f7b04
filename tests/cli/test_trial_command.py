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
from workbench.transcripts.expectation import Expectation
from workbench.transcripts.files import write as write_transcript
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
    write_transcript(path, msgspec.structs.replace(made, id=name))


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


def test_if_all_trials_pass_the_exit_code_is_0_and_pass_k_is_printed(project):
    done, server = live(project, calls(FIND), says("Too late."), says("No."), options=("--trials", "2"))
    assert done.returncode == 0, done.stderr
    assert "1 transcript: 1 PASS" in done.stderr
    assert "pass^2  1.000  (n=2, 1 of 1 task)" in done.stderr
    assert len(server.requests) == 3
    assert server.left == 0


def test_customer_messages_and_tool_results_reach_the_model(project):
    _, server = live(project, calls(FIND), says("Too late."))
    assert server.requests[0].body["messages"][0]["content"][0]["text"] == "return OL-1"
    told = server.requests[1].body["messages"][-1]["content"][0]["content"]
    assert '"days":52' in told


def test_one_failed_trial_exits_with_1_and_is_stored(project):
    done, _ = live(project, says("No."), calls(RETURN), says("Done."), options=("--trials", "2"))
    assert done.returncode == 1
    assert "1 of 2 trials passed; trial 2: does not hold: the model does not call create_return" in done.stderr
    shown = subprocess.run(
        [sys.executable, "-m", "workbench", "show", ".workbench/live/late-2.json"],
        capture_output=True, text=True, cwd=project, timeout=60,
    )  # fmt: skip
    assert "create_return(order_number=OL-1): executed" in shown.stdout


def test_a_rejected_key_neither_passes_nor_fails_and_is_never_printed(project):
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


def test_a_fault_between_two_passes_does_not_count(project):
    done, _ = live(project, says("No."), HOPELESS, says("No."), options=("--trials", "3"))
    assert done.returncode == 10
    assert "2 of 2 trials passed, 3 requested" in done.stderr


def test_a_spent_budget_does_not_pass_and_lists_what_did_not_run(project):
    done, server = live(project, says("No."), options=("--trials", "3", "--max-trials", "1"))
    assert done.returncode == 10
    assert "2 did not start" in done.stderr
    assert "budget of 1 trial" in done.stderr
    assert "pass^1  1.000  (n=1, 1 of 1 task; 1 of 1 trial, 95% Wilson" in done.stderr
    assert "next: run it again with a larger budget" in done.stderr
    assert len(server.requests) == 1


@pytest.mark.parametrize("limit", [("--max-tokens", "10"), ("--max-cost", "0.0000001")])
def test_tokens_and_dollars_can_be_limited(project, limit):
    done, server = live(project, says("No."), options=("--trials", "2", *limit))
    assert done.returncode == 10
    assert "1 did not start" in done.stderr
    assert "the budget of" in done.stderr
    assert len(server.requests) == 1


def test_a_cost_limit_needs_a_known_price(project):
    done, server = live(project, options=("--model", "my-own", "--max-cost", "1"))
    assert done.returncode == 4
    assert "price of my-own" in done.stderr
    assert server.requests == []


def test_from_annotation_the_recording_is_used_before_the_step(project):
    done, server = live(project, says("Too late."), options=("--from", "annotation"))
    assert done.returncode == 0, done.stderr
    (asked,) = server.requests
    assert asked.body["messages"][1]["content"][0]["name"] == "find_order"


def test_a_replay_that_diverges_before_the_step_starts_no_trial(project):
    mended = WINDOW.replace("before=create_return", "before=find_order").replace("order is None", "False")
    blocks = mended.replace("order.days > 30", "True").replace("order.days", "52")
    write(project / "journeys", shop_files(blocks))
    done, server = live(project, options=("--from", "1.2"))
    assert done.returncode == 1
    assert "DIVERGED" in done.stderr
    assert "before 1.2.0" in done.stderr
    assert server.requests == []


@pytest.mark.parametrize("step", ["9.1", "soon"])
def test_a_missing_step_exits_with_4(project, step):
    done, server = live(project, options=("--from", step))
    assert done.returncode == 4
    assert server.requests == []


def test_a_dry_run_calls_no_model_and_does_not_pass(project):
    done, server = live(project, options=("--trials", "4", "--dry-run"))
    assert done.returncode == 5
    assert "4 trials with claude-sonnet-5-5, 12 requests" in done.stderr
    assert "about $" in done.stderr
    assert server.requests == []


def test_the_cost_can_be_estimated_without_credentials(project):
    done = trial(project, None, "--dry-run")
    assert done.returncode == 5
    assert "1 trial with claude-sonnet-5-5, 3 requests" in done.stderr


def test_a_script_never_replaces_a_model_without_credentials(project):
    done = trial(project, None)
    assert done.returncode == 4
    assert "no credentials for a live model" in done.stderr


def test_replay_and_trial_reject_each_others_options(project):
    done = replay(project, None, "--trials", "3")
    assert done.returncode == 4
    assert "No such option: --trials" in done.stderr
    done = trial(project, None, "--watch")
    assert done.returncode == 4
    assert "No such option: --watch" in done.stderr


def test_a_judge_decides_a_rubric_and_is_in_the_live_result(project):
    put(project, "late", Expectation("rubric", "1.2.1", text="the agent is kind"))
    done, server = live(project, says("No."), says("verdict: no\nbecause: it is curt"))
    assert done.returncode == 1, done.stderr
    assert "it is curt" in done.stderr
    assert "the agent is kind" in server.requests[1].body["messages"][0]["content"][0]["text"]
    live_result = json.loads((project / "transcripts/late.live.json").read_text())
    assert live_result["judged"][0]["because"] == "it is curt"
    assert live_result["judged"][0]["agrees"] is False


def test_an_unreachable_judge_is_a_fault_with_its_reason(project):
    put(project, "late", Expectation("rubric", "1.2.1", text="the agent is kind"))
    done, _ = live(project, says("No."), HOPELESS)
    assert done.returncode == 10
    assert "the judge gave no verdict: the API key was not accepted (401)" in done.stderr


NOT_RETURNED = {"Shop.orders.OL-1.returned": False}


def test_the_final_world_is_that_of_the_trial(project):
    put(project, "late", Expectation("final_world", "1.2.1", args=NOT_RETURNED))
    done, _ = live(project, says("No."))
    assert done.returncode == 0, done.stderr
    done, _ = live(project, says("No."), calls(RETURN), says("Done."), options=("--trials", "2"))
    assert done.returncode == 1
    assert "1 of 2 trials passed; trial 2: does not hold: the world ends with" in done.stderr


def test_a_recording_that_ends_in_the_right_world_is_an_error(project):
    returned = {"Shop.orders.OL-1.returned": True}
    put(project, "late", Expectation("final_world", "1.2.1", args=returned))
    done, server = live(project)
    assert done.returncode == 4
    assert "does not show the mistake" in done.stderr
    assert server.requests == []


def test_substitutes_of_the_transcript_exist_in_the_world(project):
    """Both have the substitute: the model asks for what it was told."""
    fixture = project / "journeys/shop/fixtures/base.json"
    fixture.write_text(fixture.read_text().replace("OL-1", "anna.berg@mail.de"))
    known = Redactor().redact_text("anna.berg@mail.de")
    put(project, "late", Expectation("must_not_call", "1.2.1", tool="create_return"))
    _, server = live(project, calls(("find_order", {"order_number": known})), says("It is there."))
    told = server.requests[1].body["messages"][-1]["content"][0]
    assert '"days":52' in told["content"]
    assert known in told["content"]


def test_a_golden_transcript_passes_with_the_same_actions_in_other_words(project):
    (project / "transcripts/late.json").unlink()
    put(project, "golden")
    done, _ = live(project, calls(RETURN), says("It is on its way."), says("No."), options=("--trials", "2"))
    assert done.returncode == 1
    assert 'recorded {"args":{"order_number":"OL-1"},"tool":"create_return"}' in done.stderr
    assert "1 of 2 trials passed" in done.stderr


def test_a_journey_that_exits_affects_only_its_own_trials(project):
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


def test_a_hung_journey_is_killed_after_the_timeout_and_named(project):
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


def test_the_json_report_contains_every_trial(project):
    done, _ = live(project, says("No."), HOPELESS, options=("--trials", "2", "--json", "-"))
    told = json.loads(done.stdout)["transcripts"][0]["live"]
    assert (told["asked"], told["counted"], told["passed"], told["faults"]) == (2, 1, 1, 1)
    assert [t["outcome"] for t in told["trials"]] == ["pass", "fault"]
    assert told["tokens"] > 0


def test_a_live_result_contains_model_server_date_counts_and_hashes(project):
    live(project, says("No."), says("No."), options=("--trials", "2"))
    live_result = json.loads((project / "transcripts/late.live.json").read_text())
    assert live_result["model"] == "claude-sonnet-5-5"
    assert live_result["server"].startswith("127.0.0.1:")
    assert (live_result["asked"], live_result["counted"], live_result["passed"]) == (2, 2, 2)
    assert {"date", "prompt", "code", "expects", "expectation"} <= live_result.keys()


def test_a_live_result_that_cannot_be_written_does_not_stop_other_transcripts(project):
    put(project, "other", Expectation("must_not_call", "1.2.1", tool="create_return"))
    (project / "transcripts/late.live.json").mkdir()
    done, server = live(project, says("No."), says("No."), options=("--quiet",))
    assert "late.live.json: cannot be written" in done.stderr
    assert "2 transcripts: 2 PASS" in done.stderr
    assert done.returncode == 4
    assert (project / "transcripts/other.live.json").is_file()
    assert server.left == 0


def test_the_rehearsal_stores_no_live_result(project):
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


def test_a_transcript_that_needs_a_model_is_undecided_and_suggests_a_trial(project):
    done = replay(project, None)
    assert done.returncode == 10
    assert "no live result is stored" in done.stderr
    assert "next: this needs a live model: workbench trial" in done.stderr
    assert replay(project, None, "--use-live-results").returncode == 10


def test_the_last_live_result_is_shown_and_changes_no_verdict(asked):
    done = replay(asked, None)
    assert done.returncode == 10
    assert "2 of 2 trials passed, for the current prompt" in done.stderr


def test_a_valid_passing_live_result_exits_with_0_and_is_counted_separately(asked):
    done = replay(asked, None, "--use-live-results")
    assert done.returncode == 0, done.stderr
    assert "1 transcript: 1 CACHED" in done.stderr


def test_a_changed_sentence_in_the_prompt_invalidates_the_live_result(asked):
    manual = asked / "journeys/shop/returns/manual.md"
    manual.write_text(manual.read_text() + "\nBe quick.\n")
    done = replay(asked, None, "--use-live-results")
    assert done.returncode == 10
    assert "for a prompt that has changed" in done.stderr


def test_a_live_result_of_another_server_is_ignored(asked, monkeypatch):
    """What a script on this machine said is not what the model says."""
    monkeypatch.delenv("ANTHROPIC_BASE_URL")
    done = replay(asked, None, "--use-live-results")
    assert done.returncode == 10
    assert "at 127.0.0.1:" in done.stderr
    assert "another server than api.anthropic.com" in done.stderr


def test_a_live_result_of_another_model_is_ignored(asked):
    (asked / "workbench.toml").write_text('model = "claude-haiku-5-5"\n')
    done = replay(asked, None, "--use-live-results")
    assert done.returncode == 10
    assert "another model than claude-haiku-5-5" in done.stderr
    (asked / "workbench.toml").write_text('model = "claude"\n')
    assert replay(asked, None, "--use-live-results").returncode == 0


def test_a_changed_expectation_invalidates_the_live_result(asked):
    put(asked, "late", Expectation("model_says", "1.2.1", text="too late"))
    done = replay(asked, None, "--use-live-results")
    assert done.returncode == 10
    assert "for another expectation" in done.stderr


def test_changed_code_is_mentioned(asked):
    journey = asked / "journeys/shop/returns/journey.py"
    journey.write_text(journey.read_text() + "\n# a comment\n")
    done = replay(asked, None, "--use-live-results")
    assert done.returncode == 0
    assert "the agent's files have changed since" in done.stderr


def test_a_live_result_after_a_divergence_applies_to_the_same_code_only(asked):
    """Beyond the difference nobody knows what a model would be asked with."""
    write(asked / "journeys", shop_files(NO_LOOK))
    with Loopback(says("No.")) as server:
        assert trial(asked, server).returncode == 0
        assert replay(asked, server, "--use-live-results").returncode == 0
        write(asked / "journeys", shop_files(NO_LOOK, "# a comment"))
        done = replay(asked, server, "--use-live-results")
    assert done.returncode == 10, done.stderr
    assert "the agent's files have changed since" in done.stderr


def test_a_live_result_of_failed_trials_is_ignored(project):
    _, server = live(project, says("No."), calls(RETURN), says("Done."), options=("--trials", "2"))
    done = replay(project, server, "--use-live-results")
    assert done.returncode == 10
    assert "1 of 2 trials passed, for the current prompt" in done.stderr


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": "workbench.live-result/9"}'])
def test_a_broken_live_result_is_reported_and_ignored(asked, text):
    (asked / "transcripts/late.live.json").write_text(text)
    done = replay(asked, None, "--use-live-results")
    assert done.returncode == 10
    assert "transcripts/late.live.json: not a live result" in done.stderr


def test_a_live_result_of_another_transcript_is_ignored(asked):
    put(asked, "other", Expectation("must_not_call", "1.2.1", tool="create_return"))
    (asked / "transcripts/late.live.json").rename(asked / "transcripts/other.live.json")
    done = replay(asked, None, "--use-live-results", "transcripts/other.json")
    assert done.returncode == 10
    assert "another transcript, late" in done.stderr
