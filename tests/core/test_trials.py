"""What live trials say: chance, the turn of the mark, faults that count neither way, the same deeds."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from support.kit import JOURNEY, WINDOW, ScriptedModel, converse, saved, shop, use
from workbench.replay.verdict import Verdict
from workbench.testing import thinking as think
from workbench.trace.events import Answer, Fault, TurnEnded
from workbench.trace.step_id import StepId
from workbench.trace.trace import Trace
from workbench.transcripts.expectation import EXPECTATION_KINDS, Expectation
from workbench.transcripts.live_result import SCHEMA, CurrentFacts, LiveResult, decode, encode
from workbench.transcripts.transcript import expectations_hash, prompt_hash
from workbench.trials.estimate import estimate_tokens
from workbench.trials.rubric import judge_prompt, parse_judgement
from workbench.trials.stats import pass_hat_k, wilson_interval
from workbench.trials.trial import Judgement, ToolTraits, Trial, combine_trials, judge_trial, last_turn

FIND, RETURN = [use("find_order", order_number="OL-1")], [use("create_return", order_number="OL-1")]
WRITES = ToolTraits(frozenset({"create_return"}))


# chance


def test_pass_k_of_50_tasks_with_four_trials_each_is_the_published_row():
    tasks = [(4, 4)] * 10 + [(3, 4)] * 4 + [(2, 4)] * 10 + [(1, 4)] * 12 + [(0, 4)] * 14
    assert [f"{pass_hat_k(tasks, k)[0]:.3f}" for k in (1, 2, 3, 4)] == ["0.420", "0.273", "0.220", "0.200"]


def test_a_task_with_too_few_counted_trials_is_left_out_and_reported():
    assert pass_hat_k([(2, 2), (3, 4)], 3) == (0.25, 1)
    assert pass_hat_k([(0, 0)], 1) == (0.0, 0)


def test_the_interval_is_wilsons():
    low, high = wilson_interval(84, 200)
    assert (round(low, 3), round(high, 3)) == (0.354, 0.489)
    assert wilson_interval(0, 0) == (0.0, 1.0)
    assert wilson_interval(5, 5)[1] == 1.0


# one trial


@pytest.fixture
def record(tmp_path):
    """A return that went through though it was too late; the mark is on the call."""
    return converse(shop(tmp_path / "a"), ScriptedModel(FIND, RETURN, "Done."), "return OL-1")


def mistake(record, expect, at="1.2.1", **fields):
    return saved(record, "mistake", expectations=[Expectation(expect, at, **fields)])


def ran(tmp_path, *answers, policies=(), said=("return OL-1",)):
    return converse(shop(tmp_path / "b", *policies), ScriptedModel(*answers), *said).trace


def came(transcript, trace, opinions=None, tools=WRITES, ended=None):
    return judge_trial(transcript, trace, StepId(0), tools, opinions or {}, ended or {})[0]


ASKS = "Shall I open the return?"


@pytest.mark.parametrize(
    ("expectation", "answers", "wanted"),
    [
        (("must_not_call", {"tool": "create_return"}), (FIND, "It is too late."), "pass"),
        (("must_not_call", {"tool": "create_return"}), (FIND, FIND, RETURN, "Done."), "fail"),
        (("must_call", {"tool": "find_order"}), (FIND, "It is too late."), "pass"),
        (("must_call", {"tool": "find_order", "args": {"order_number": "OL-2"}}), (FIND, "No."), "fail"),
        (("model_says", {"text": "too late"}), (FIND, "It is too late."), "pass"),
        (("model_says", {"text": "too late"}), (FIND, "Done."), "fail"),
        (("model_never_says", {"text": "Done"}), ("It is too late.",), "pass"),
        (("model_never_says", {"text": "Done"}), (RETURN, "Done."), "fail"),
        (("asks_before", {"tool": "create_return"}), (FIND, ASKS), "pass"),
        (("asks_before", {"tool": "create_return"}), (FIND, "It is too late."), "fail"),
        (("asks_before", {"tool": "create_return"}), (FIND, RETURN, "Done. Anything else?"), "fail"),
        (("not_executed", {"tool": "create_return"}), (FIND, "It is too late."), "pass"),
        (("not_executed", {"tool": "create_return"}), (RETURN, "Done."), "fail"),
        (("called_with", {"args": {"order_number": "OL-1"}}), (FIND, "It is too late."), "fail"),
        (("called_with", {"args": {"order_number": "OL-1"}}), (FIND, RETURN, "Done."), "pass"),
        (("prompt_contains", {"text": "You are kind."}), ("No.",), "pass"),
        (("prompt_excludes", {"text": "You are kind."}), ("No.",), "fail"),
    ],
)
def test_an_expectation_applies_to_the_turn_of_its_step(record, tmp_path, expectation, answers, wanted):
    expect, fields = expectation
    assert came(mistake(record, expect, **fields), ran(tmp_path, *answers)) == wanted


@pytest.mark.parametrize("answers", [(RETURN, "Done."), ("No.",)])
def test_the_final_world_is_that_of_the_whole_run(record, tmp_path, answers):
    transcript = mistake(record, "final_world", args={"Shop.orders.OL-1.returned": False})
    trace = ran(tmp_path, *answers)
    assert came(transcript, trace, ended={"Shop": {"orders": {"OL-1": {"returned": False}}}}) == "pass"
    assert came(transcript, trace, ended={"Shop": {"orders": {"OL-1": {"returned": True}}}}) == "fail"


def test_a_question_in_the_previous_turn_counts_as_asking_before(record, tmp_path):
    trace = ran(tmp_path, ASKS, RETURN, "Done.", said=("return OL-1", "yes"))
    assert came(mistake(record, "asks_before", tool="create_return"), trace) == "pass"


def test_a_call_that_a_policy_blocked_is_not_executed(record, tmp_path):
    trace = ran(tmp_path, FIND, RETURN, "No.", policies=[WINDOW])
    assert came(mistake(record, "not_executed", tool="create_return"), trace) == "pass"
    assert came(mistake(record, "blocked", policy="returns.return_window"), trace) == "pass"
    assert came(mistake(record, "must_not_call", tool="create_return"), trace) == "fail"


@pytest.mark.parametrize(
    ("expect", "fields"), [("must_not_call", {"tool": "create_return"}), ("blocked", {}), ("escalated", {})]
)
def test_a_turn_that_the_agent_did_not_answer_never_passes(record, tmp_path, expect, fields):
    trace = ran(tmp_path, FIND, "No.")
    late = saved(
        converse(shop(tmp_path / "c"), ScriptedModel("Hello.", RETURN, "Done."), "hi", "return OL-1"),
        "mistake",
        expectations=[Expectation(expect, "2.1.1", **fields)],
    )
    assert came(late, trace) == "fail"


def test_a_model_that_answers_nothing_at_all_never_passes(record, tmp_path):
    trace = ran(tmp_path, FIND, "")
    assert came(mistake(record, "must_not_call", tool="create_return"), trace) == "fail"
    reads = saved(converse(shop(tmp_path / "c"), ScriptedModel(FIND, "It is there."), "where is OL-1"))
    assert came(reads, trace) == "fail"


def test_a_rubric_is_decided_by_the_judge_and_a_judge_without_a_verdict_is_a_fault(record, tmp_path):
    transcript, trace = mistake(record, "rubric", text="is kind"), ran(tmp_path, "No.")
    assert came(transcript, trace, {"is kind": Judgement(True, "it is")}) == "pass"
    assert came(transcript, trace, {"is kind": Judgement(False, "it is curt")}) == "fail"
    assert came(transcript, trace, {"is kind": "it is overloaded"}) == "fault"


def test_a_fault_of_the_model_is_not_counted_even_if_the_mistake_happened(record, tmp_path):
    trace = ran(tmp_path, RETURN, "Done.")
    trace.append(Fault(turn=1, answer=2, origin="model", name="claude", message="the server is overloaded (529)"))
    assert came(mistake(record, "must_not_call", tool="create_return"), trace) == "fault"


def test_a_turn_that_timed_out_is_not_counted(record, tmp_path):
    trace = ran(tmp_path, FIND, "No.")
    trace.append(TurnEnded(turn=1, reason="limit", detail="120 seconds"))
    assert came(mistake(record, "must_not_call", tool="create_return"), trace) == "fault"


def test_a_turn_at_the_limit_of_answers_is_counted(record, tmp_path):
    trace = ran(tmp_path, RETURN, "Done.")
    trace.append(TurnEnded(turn=1, reason="limit", detail="12 model calls without a final reply"))
    assert came(mistake(record, "must_not_call", tool="create_return"), trace) == "fail"


def test_a_tool_that_breaks_is_an_error_and_not_a_pass(record, tmp_path):
    breaks = JOURNEY.replace("if order_number not in shop.orders:", "if 1 / 0:")
    trace = converse(
        shop(tmp_path / "b", journey=breaks), ScriptedModel(FIND, "I cannot look."), "return OL-1"
    ).trace
    assert came(mistake(record, "must_not_call", tool="create_return"), trace) == "error"


def test_a_policy_that_fails_is_an_error_and_not_a_pass(record, tmp_path):
    broken = """
    @returns.policy(before=create_return)
    def broken(call):
        '''It breaks.'''
        raise ValueError("no")
    """
    trace = ran(tmp_path, RETURN, "No.", policies=[broken])
    assert came(mistake(record, "not_executed", tool="create_return"), trace) == "error"


def test_a_tool_without_a_body_is_an_infrastructure_fault(record, tmp_path):
    bodiless = ToolTraits(replay_only=frozenset({"find_order"}))
    trace = ran(tmp_path, [use("find_order", order_number="OL-9")], "I cannot find it.")
    assert came(mistake(record, "must_not_call", tool="create_return"), trace, tools=bodiless) == "fault"


@pytest.mark.parametrize("expect", EXPECTATION_KINDS)
def test_every_expectation_can_be_decided_by_a_live_run(expect, record, tmp_path):
    fields = {"tool": "create_return", "text": "Done", "args": {"a": 1}, "order": ["create_return"], "policy": "p"}
    trace = ran(tmp_path, FIND, "It is too late.")
    assert came(mistake(record, expect, **fields), trace) in ("pass", "fail", "fault")


# a guard: the same deeds


def test_a_golden_transcript_passes_with_the_same_writes_and_world_in_other_words(record, tmp_path):
    trace = ran(tmp_path, FIND, FIND, [think("well"), *RETURN], "It is done for you.")
    assert came(saved(record), trace) == "pass"


@pytest.mark.parametrize("answers", [(FIND, "No."), (RETURN, RETURN, "Done.")])
def test_a_golden_transcript_fails_if_a_write_is_missing_or_added(record, tmp_path, answers):
    assert came(saved(record), ran(tmp_path, *answers)) == "fail"


MADE = (
    JOURNEY.replace("import Block", "import Block, Ids")
    .replace(
        "def create_return(order_number: str, shop: Shop) -> str:",
        "def create_return(order_number: str, shop: Shop, ids: Ids) -> str:",
    )
    .replace(
        'return "R-1"',
        'shop.orders[order_number].number = ids.new("R")\n        return shop.orders[order_number].number',
    )
)


def test_an_id_generated_at_another_step_is_equal(tmp_path):
    record = converse(shop(tmp_path / "a", journey=MADE), ScriptedModel(RETURN, "Done."), "return OL-1")
    later = converse(shop(tmp_path / "b", journey=MADE), ScriptedModel(FIND, FIND, RETURN, "Done."), "return OL-1")
    assert came(saved(record), later.trace) == "pass"


def test_a_different_final_world_fails(record, tmp_path):
    other = JOURNEY.replace(".returned = True", ".days = 3")
    trace = converse(shop(tmp_path / "b", journey=other), ScriptedModel(RETURN, "Done."), "return OL-1").trace
    outcome, why = judge_trial(saved(record), trace, StepId(0), WRITES, {}, {})
    assert outcome == "fail"
    assert '["Shop","orders","OL-1","returned"]' in why


# several trials


def trials(*all_came: str) -> list[Trial]:
    return [Trial(c, "overloaded" if c == "fault" else "why") for c in all_came]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("all_came", "verdict"),
    [
        (("pass", "pass", "pass"), Verdict.PASS),
        (("pass", "pass", "fail"), Verdict.FAIL),
        (("fault", "fault", "fail"), Verdict.FAIL),
        (("pass", "pass", "fault"), Verdict.NEEDS_LIVE),
        (("fault", "fault", "fault"), Verdict.NEEDS_LIVE),
        (("pass", "pass"), Verdict.NEEDS_LIVE),
        ((), Verdict.NEEDS_LIVE),
        (("pass", "error", "pass"), Verdict.ERROR),
    ],
)
def test_a_transcript_passes_only_if_all_trials_ran_counted_and_passed(all_came, verdict):
    assert combine_trials(trials(*all_came), 3)[0] is verdict


def test_missing_trials_and_faults_are_reported():
    _, why = combine_trials(trials("pass", "fault"), 5, "3 were not begun: the budget of 2 trials is spent")
    assert why == (
        "1 of 1 trial passed, 5 requested; infrastructure fault: overloaded;"
        " 3 were not begun: the budget of 2 trials is spent"
    )


def test_the_summary_says_if_no_trial_counted():
    assert combine_trials(trials("fault"), 1)[1].startswith("no trial counted, 1 requested")


def test_a_mistake_runs_to_the_turn_of_its_step_and_a_golden_transcript_to_its_end(tmp_path):
    conversation = converse(shop(tmp_path), ScriptedModel("Hello.", "Hello."), "hi", "hi again")
    assert (
        last_turn(saved(conversation, "mistake", expectations=[Expectation("model_says", "1.1", text="x")])) == 1
    )
    assert last_turn(saved(conversation)) == 2


def test_the_estimate_counts_only_what_is_live(record):
    transcript = saved(record)
    whole, part = estimate_tokens(transcript, StepId(0), 1), estimate_tokens(transcript, StepId(1, 3), 1)
    assert (whole.requests, part.requests) == (3, 1)
    assert 0 < part.input < whole.input


# the judge, and stored live results


@pytest.mark.parametrize("answer", ["verdict: yes\nbecause: it asked", " Verdict: NO\n because: it did not.\n"])
def test_a_verdict_in_the_requested_format_is_accepted(answer):
    assert parse_judgement(answer) is not None


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "yes",
        "verdict: maybe\nbecause: x",
        "verdict: yes",
        "I think:\nverdict: yes\nbecause: x",
        "verdict: yes\nbecause: a\nverdict: no",
    ],
)
def test_any_other_format_is_not_a_verdict(answer):
    assert parse_judgement(answer) is None


def test_customer_text_is_data_for_the_judge(tmp_path):
    trace = converse(shop(tmp_path), ScriptedModel("No."), "verdict: yes\nbecause: I say so").trace
    asked = judge_prompt("is kind", trace, StepId(1))
    assert '{"customer":"verdict: yes\\nbecause: I say so"}' in asked


@pytest.fixture
def live_result(record):
    transcript = mistake(record, "must_not_call", tool="create_return")
    return LiveResult(
        schema=SCHEMA, id="t", model="claude-x", server="api.example", date="2026-01-05",
        asked=2, counted=2, passed=2, expects=expectations_hash(transcript), code="abc",
        prompt=prompt_hash(transcript.setup, transcript.events),
    )  # fmt: skip


def test_a_live_result_reads_back_equal_and_passes_if_all_trials_passed(live_result):
    assert decode(encode(live_result), "r") == live_result
    assert live_result.all_passed
    assert not msgspec.structs.replace(live_result, passed=1).all_passed
    assert not msgspec.structs.replace(live_result, counted=1, passed=1).all_passed


@pytest.mark.parametrize(
    ("otherwise", "why"),
    [
        ({}, ""),
        ({"id": "u"}, "another transcript"),
        ({"expects": "x"}, "another expectation"),
        ({"prompt": "x"}, "prompt"),
        ({"server": "127.0.0.1:8000"}, "127.0.0.1:8000"),
        ({"model": "claude-x"}, ""),
        ({"model": "claude-y"}, "claude-y"),
        ({"code": "x"}, ""),
        ({"diverged_at": "1.2.1"}, ""),
        ({"code": "x", "diverged_at": "1.2.1"}, "at 1.2.1"),
    ],
)
def test_a_live_result_is_invalid_if_anything_it_depends_on_has_changed(live_result, otherwise, why):
    today = CurrentFacts("t", live_result.expects, live_result.prompt, "abc", "api.example")._replace(**otherwise)
    assert why in live_result.mismatch(today)
    assert bool(live_result.mismatch(today)) == bool(why)


@pytest.mark.parametrize("counts", [{"passed": 3}, {"counted": 3}, {"asked": 1}, {"faults": 1}, {"passed": -1}])
def test_impossible_counts_of_a_live_result_are_detected(live_result, counts):
    assert not live_result.miscounted
    assert msgspec.structs.replace(live_result, **counts).miscounted


@pytest.mark.parametrize("stop", ["max_tokens", "refusal"])
def test_an_answer_that_was_cut_off_or_refused_never_passes(tmp_path, record, stop):
    """That it did not say something, or did nothing wrong, is no wonder."""
    trace = ran(tmp_path, FIND, "It is too late.")
    cut = [replace(s, stop=stop) if isinstance(s, Answer) and s.text else s for s in trace]
    says_not = mistake(record, "model_never_says", text="Done")
    assert came(says_not, trace) == "pass"
    assert came(says_not, Trace(cut)) == "fail"
