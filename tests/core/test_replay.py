"""What a replay may and may not call green."""

from __future__ import annotations

import msgspec
import pytest

from support.kit import JOURNEY, WINDOW, ScriptedModel, converse, saved, shop, use
from workbench.errors import JourneyError, NoAnswer
from workbench.replay.case import Case, supersede
from workbench.replay.judge import replay
from workbench.replay.verdict import Verdict
from workbench.runtime.loader import load
from workbench.trace.events import Reply, ToolResult, TurnEnded
from workbench.transcripts.expectation import Expectation
from workbench.transcripts.header import header_of
from workbench.transcripts.transcript import Annotation

LATE = [use("find_order", order_number="OL-1")], [use("create_return", order_number="OL-1")], "Done."


def late_return(folder, *policies):
    """A conversation in which a pair of 52 days was taken back."""
    return converse(shop(folder / "then", *policies), ScriptedModel(*LATE), "return OL-1")


def mistake(folder, kind="not_executed", at="1.2.1", **fields):
    conversation = late_return(folder)
    expectation = Expectation(kind, at, **fields)
    return saved(conversation, "mistake", expectations=[expectation], annotations=[Annotation(at)])


def today(folder, *policies, **changes):
    return shop(folder / "now", *policies, **changes).agent


def test_a_golden_transcript_passes_on_unchanged_code(tmp_path):
    outcome = replay(saved(late_return(tmp_path)), today(tmp_path))
    assert outcome.verdict is Verdict.PASS
    assert outcome.steps == 3


def test_no_tool_body_runs_in_a_replay(tmp_path):
    bomb = JOURNEY.replace("return shop.orders[order_number]", "raise SystemExit('it ran')")
    assert replay(saved(late_return(tmp_path)), today(tmp_path, journey=bomb)).verdict is Verdict.PASS


def test_a_golden_transcript_fails_if_a_policy_newly_blocks_and_names_both_sides(tmp_path):
    outcome = replay(saved(late_return(tmp_path)), today(tmp_path, WINDOW))
    assert outcome.verdict is Verdict.FAIL
    assert str(outcome.first_difference.step_id) == "1.2.1"
    assert outcome.first_difference.recorded.endswith("executed")
    assert "return_window" in outcome.first_difference.now
    assert "52 days" in outcome.first_difference.now
    assert outcome.changed == ("policy returns.return_window (new)",)


def test_a_mistake_fails_while_it_is_still_made_and_passes_once_a_policy_stops_it(tmp_path):
    transcript = mistake(tmp_path)
    assert replay(transcript, today(tmp_path)).verdict is Verdict.FAIL
    assert replay(transcript, shop(tmp_path / "fixed", WINDOW).agent).verdict is Verdict.PASS


def test_a_block_by_another_policy_than_the_named_one_fails(tmp_path):
    transcript = mistake(tmp_path, "blocked", policy="returns.other")
    assert replay(transcript, today(tmp_path, WINDOW)).verdict is Verdict.FAIL


def test_a_policy_that_fails_is_an_error_and_never_the_fix(tmp_path):
    broken = WINDOW.replace("if order.days > 30:", "if order.dayz > 30:")
    outcome = replay(mistake(tmp_path), today(tmp_path, broken))
    assert outcome.verdict is Verdict.ERROR
    assert "dayz" in outcome.why


def test_a_tool_that_no_longer_exists_is_never_the_fix(tmp_path):
    gone = JOURNEY.replace("    @returns.tool(writes=True)\n", "")
    outcome = replay(mistake(tmp_path), today(tmp_path, journey=gone))
    assert outcome.verdict is Verdict.FAIL


def test_a_mistake_that_its_recording_does_not_show_is_an_error(tmp_path):
    conversation = converse(shop(tmp_path / "then", WINDOW), ScriptedModel(*LATE[:2], "No."), "return OL-1")
    transcript = saved(
        conversation,
        "mistake",
        expectations=[Expectation("not_executed", "1.2.1")],
        annotations=[Annotation("1.2.1")],
    )
    outcome = replay(transcript, today(tmp_path, WINDOW))
    assert outcome.verdict is Verdict.ERROR
    assert "does not show" in outcome.why


FIRST = """
    @returns.policy(before=find_order)
    def no_look(call, conversation):
        '''Nobody looks.'''
        return Block("no")
"""


def test_a_divergence_before_the_annotated_step_is_diverged(tmp_path):
    outcome = replay(mistake(tmp_path), today(tmp_path, FIRST))
    assert outcome.verdict is Verdict.DIVERGED


def test_nothing_after_the_difference_is_replayed_or_counted(tmp_path):
    assert replay(mistake(tmp_path), today(tmp_path, FIRST)).steps == 1


def test_a_diverged_mistake_is_superseded_if_an_earlier_mistake_of_the_recording_passes(tmp_path):
    conversation = late_return(tmp_path)
    early = saved(
        conversation, "mistake", expectations=[Expectation("blocked", "1.1.1")], annotations=[Annotation("1.1.1")]
    )
    late = saved(
        conversation,
        "mistake",
        expectations=[Expectation("not_executed", "1.2.1")],
        annotations=[Annotation("1.2.1")],
    )
    agent = today(tmp_path, FIRST)
    cases = [Case(t.title, header_of(t), replay(t, agent)) for t in (early, late)]
    supersede(cases)
    assert [case.verdict for case in cases] == [Verdict.PASS, Verdict.SUPERSEDED]


def test_all_calls_of_an_answer_are_judged_before_the_run_stops(tmp_path):
    calls = [use("create_return", "a", order_number="OL-1"), use("create_return", "b", order_number="OL-1")]
    looked = [use("find_order", order_number="OL-1")]
    conversation = converse(shop(tmp_path / "then"), ScriptedModel(looked, calls, "Done."), "twice")
    second = saved(
        conversation,
        "mistake",
        expectations=[Expectation("not_executed", "1.2.2")],
        annotations=[Annotation("1.2.2")],
    )
    assert replay(second, today(tmp_path, WINDOW)).verdict is Verdict.PASS


def test_what_only_a_model_can_decide_neither_passes_nor_fails(tmp_path):
    transcript = mistake(tmp_path, "must_not_call", tool="create_return")
    assert replay(transcript, today(tmp_path)).verdict is Verdict.NEEDS_LIVE


def test_what_only_a_tool_can_decide_needs_tools(tmp_path):
    transcript = mistake(tmp_path, "result", tool="create_return", text="R-2")
    assert replay(transcript, today(tmp_path)).verdict is Verdict.NEEDS_TOOLS


def test_a_policy_that_blocked_wrongly_is_fixed_once_the_call_may_run(tmp_path):
    conversation = converse(shop(tmp_path / "then", WINDOW), ScriptedModel(*LATE[:2], "No."), "return OL-1")
    wrong = saved(
        conversation,
        "mistake",
        expectations=[Expectation("executed", "1.2.1")],
        annotations=[Annotation("1.2.1", cause="policy")],
    )
    assert replay(wrong, today(tmp_path, WINDOW)).verdict is Verdict.FAIL
    assert replay(wrong, shop(tmp_path / "fixed").agent).verdict is Verdict.PASS


def test_a_prompt_that_changes_within_a_conversation_is_no_drift(tmp_path):
    appears = """
    def found(conversation):
        return conversation.result(find_order) is not None

    @returns.tool(when=found)
    def rate() -> str:
        return "5"
    """
    conversation = converse(shop(tmp_path / "then", appears), ScriptedModel(*LATE), "return OL-1")
    outcome = replay(saved(conversation), today(tmp_path, appears))
    assert outcome.verdict is Verdict.PASS
    assert outcome.prompt_changed_from == 0


def test_an_edited_manual_is_drift_and_counted_as_a_changed_prompt(tmp_path):
    transcript = saved(late_return(tmp_path))
    loaded = shop(tmp_path / "now")
    manual = tmp_path / "now" / "journeys" / "shop" / "returns" / "manual.md"
    manual.write_text("# Returns\nBe quick.\n")
    outcome = replay(transcript, load(loaded.root, "shop").agent)
    assert outcome.verdict is Verdict.PASS
    assert outcome.prompt_changed_from == 1


def test_a_renamed_policy_with_the_same_effect_is_drift(tmp_path):
    conversation = converse(shop(tmp_path / "then", WINDOW), ScriptedModel(*LATE[:2], "No."), "return OL-1")
    renamed = WINDOW.replace("def return_window", "def window")
    assert replay(saved(conversation), today(tmp_path, renamed)).verdict is Verdict.PASS


def test_an_unused_recorded_answer_is_a_difference(tmp_path):
    transcript = saved(late_return(tmp_path))
    agent = """
        from workbench import Agent, Limits
        from .returns.journey import returns
        agent = Agent("shop", journeys=[returns], limits=Limits(model_calls=2))
    """
    outcome = replay(transcript, today(tmp_path, agent=agent))
    assert outcome.verdict is Verdict.FAIL
    assert "never used" in outcome.first_difference.why


def test_an_unused_answer_is_never_used_in_the_next_turn(tmp_path):
    conversation = converse(shop(tmp_path / "then"), ScriptedModel("one", "two"), "a", "b")
    stop = """
    @returns.policy(on_message=True)
    def stop(message, conversation):
        '''No a.'''
        if message == "a":
            return Block("no a")
    """
    outcome = replay(saved(conversation), today(tmp_path, stop))
    assert outcome.verdict is Verdict.FAIL
    assert str(outcome.first_difference.step_id) == "1.0.0"


def test_a_truncated_conversation_replays_up_to_its_end(tmp_path):
    conversation = late_return(tmp_path)
    events = [s for s in conversation.trace if not isinstance(s, TurnEnded | Reply)][:-1]
    transcript = saved(conversation)
    assert replay(msgspec.structs.replace(transcript, events=events), today(tmp_path)).verdict is Verdict.PASS


def test_a_rewritten_call_has_no_recorded_result(tmp_path):
    rewrite = """
    from workbench import Rewrite

    @returns.policy(before=find_order)
    def other(call, conversation):
        '''Look at another.'''
        return Rewrite({"order_number": "OL-2"}, "rather this")
    """
    outcome = replay(saved(late_return(tmp_path)), today(tmp_path, rewrite))
    assert outcome.verdict is Verdict.FAIL
    assert str(outcome.first_difference.step_id) == "1.1.1"


def test_a_changed_schema_that_rejects_a_recorded_call_is_a_divergence(tmp_path):
    stricter = JOURNEY.replace("def find_order(order_number: str,", "def find_order(order_number: int,")
    outcome = replay(saved(late_return(tmp_path)), today(tmp_path, journey=stricter))
    assert outcome.verdict is Verdict.FAIL
    assert outcome.first_difference.why == "the schema changed"


def test_a_turn_that_ended_with_a_model_error_replays_to_the_same_end(tmp_path):
    conversation = converse(
        shop(tmp_path / "then"), ScriptedModel(NoAnswer("model_error", "down"), "Back."), "hi", "hello?"
    )
    assert replay(saved(conversation), today(tmp_path)).verdict is Verdict.PASS


def test_a_golden_transcript_without_an_answer_is_an_error(tmp_path):
    conversation = converse(shop(tmp_path / "then"), ScriptedModel(NoAnswer("model_error", "down")), "hi")
    assert replay(saved(conversation), today(tmp_path)).verdict is Verdict.ERROR


def test_two_replays_of_one_transcript_give_the_same_result(tmp_path):
    transcript, agent = mistake(tmp_path), today(tmp_path, WINDOW)
    assert replay(transcript, agent) == replay(transcript, agent)


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        ({"args": {"order_number": "OL-2"}}, Verdict.PASS),
        ({"args": {"order_number": "OL-3"}}, Verdict.FAIL),
        ({"args": {"order_number": "^OL-2$"}, "match": "regex"}, Verdict.PASS),
        ({"args": {"order_number": "OL-2"}, "match": "exact"}, Verdict.PASS),
    ],
)
def test_arguments_are_compared_by_the_match_of_the_expectation(tmp_path, fields, verdict):
    rewrite = """
    from workbench import Rewrite

    @returns.policy(before=create_return)
    def other(call, conversation):
        '''Return another.'''
        return Rewrite({"order_number": "OL-2"}, "rather this")
    """
    transcript = mistake(tmp_path, "called_with", **fields)
    assert replay(transcript, today(tmp_path, rewrite)).verdict is verdict


def test_a_missing_result_is_reported(tmp_path):
    conversation = late_return(tmp_path)
    events = [s for s in conversation.trace if not (isinstance(s, ToolResult) and s.tool == "find_order")]
    outcome = replay(msgspec.structs.replace(saved(conversation), events=events), today(tmp_path))
    assert outcome.verdict is Verdict.FAIL
    assert "no result" in outcome.first_difference.why


def test_a_blocked_call_does_not_violate_an_order(tmp_path):
    conversation = converse(
        shop(tmp_path / "then"), ScriptedModel([use("create_return", order_number="OL-1")], "Done."), "now"
    )
    order = Expectation("order", "1.1.1", order=["find_order", "create_return"])
    rash = saved(
        conversation, "mistake", expectations=[order], annotations=[Annotation("1.1.1", kind="wrong_sequence")]
    )
    assert replay(rash, today(tmp_path)).verdict is Verdict.FAIL
    assert replay(rash, shop(tmp_path / "fixed", WINDOW).agent).verdict is Verdict.PASS


def test_a_correctly_ordered_call_that_is_blocked_violates_the_order(tmp_path):
    conversation = converse(shop(tmp_path / "then", WINDOW), ScriptedModel(*LATE[:2], "No."), "return OL-1")
    order = Expectation("order", "1.2.1", order=["find_order", "create_return"])
    wrong = saved(conversation, "mistake", expectations=[order], annotations=[Annotation("1.2.1", cause="policy")])
    assert replay(wrong, today(tmp_path, WINDOW)).verdict is Verdict.FAIL
    assert replay(wrong, shop(tmp_path / "fixed").agent).verdict is Verdict.PASS


def test_an_async_condition_is_an_error_and_never_true(tmp_path):
    never = """
    async def never(conversation):
        return False

    @returns.tool(when=never)
    def rate() -> str:
        return "5"
    """
    outcome = replay(saved(late_return(tmp_path)), today(tmp_path, never))
    assert outcome.verdict is Verdict.ERROR
    assert "this one is async" in outcome.why


def test_a_recording_that_cannot_show_the_mistake_is_an_error(tmp_path):
    conversation = converse(shop(tmp_path / "then"), ScriptedModel("It is 5 euros."), "how much?")
    events = [s for s in conversation.trace if not isinstance(s, TurnEnded | Reply)]
    unsent = saved(conversation, "mistake", expectations=[Expectation("reply_excludes", "1.1.0", text="5")])
    unsent = msgspec.structs.replace(unsent, events=events)
    no_prices = """
    @returns.policy(before_reply=True)
    def no_prices(reply):
        '''No prices.'''
        return Block("no")
    """
    outcome = replay(unsent, today(tmp_path, no_prices))
    assert outcome.verdict is Verdict.ERROR
    assert "not decided" in outcome.why


def test_a_policy_that_awaits_without_async_is_an_error(tmp_path):
    waits = """
    import asyncio

    async def later():
        await asyncio.sleep(0)

    @returns.policy(before=find_order)
    def slow(call):
        '''Waits.'''
        return later()
    """
    with pytest.raises(JourneyError, match="async def"):
        replay(saved(late_return(tmp_path)), today(tmp_path, waits))


def stopped(folder, reason, *policies, decided=True):
    """A conversation that was stopped in its second call: in the tool, or (`decided` False) in a policy on it."""
    conversation = converse(shop(folder / "then", *policies), ScriptedModel(*LATE), "return OL-1")
    events = [s for s in conversation.trace if (s.answer, s.call) <= (2, 1) and not isinstance(s, TurnEnded)]
    events.pop()  # the result
    if not decided:
        events.pop()  # the decision
    return msgspec.structs.replace(saved(conversation), events=[*events, TurnEnded(turn=1, reason=reason)])


OPEN = WINDOW.replace("> 30", "> 90")


@pytest.mark.parametrize("reason", ["interrupted", "killed"])
def test_a_turn_interrupted_in_a_tool_passes_on_the_same_code(tmp_path, reason):
    outcome = replay(stopped(tmp_path, reason, OPEN), today(tmp_path, OPEN))
    assert outcome.verdict is Verdict.PASS


def test_a_policy_that_now_blocks_the_interrupted_call_is_a_difference(tmp_path):
    outcome = replay(stopped(tmp_path, "interrupted", OPEN), today(tmp_path, WINDOW))
    assert outcome.verdict is Verdict.FAIL
    assert (
        outcome.first_difference.recorded == "create_return(order_number=OL-1): interrupted before it had a result"
    )


def test_a_block_of_a_call_interrupted_during_a_policy_is_not_a_difference(tmp_path):
    outcome = replay(stopped(tmp_path, "killed", OPEN, decided=False), today(tmp_path, WINDOW))
    assert outcome.verdict is Verdict.PASS


def test_a_block_of_a_message_interrupted_during_a_policy_is_not_a_difference(tmp_path):
    polite = """
    @returns.policy(on_message=True)
    def polite(message):
        '''No shouting.'''
        return Block("no shouting") if message.isupper() else None
    """
    conversation = converse(
        shop(tmp_path / "then", polite.replace("isupper", "istitle")), ScriptedModel("Done."), "RETURN IT"
    )
    steps = [*conversation.trace.events[:2], TurnEnded(turn=1, reason="killed")]
    transcript = msgspec.structs.replace(saved(conversation), events=steps, kind="golden")
    agent = today(tmp_path, polite)
    assert replay(transcript, agent).first_difference is None


def test_an_escalation_of_a_call_interrupted_during_a_policy_is_not_a_difference(tmp_path):
    escalates = WINDOW.replace("return Block(f", "return Escalate(f")
    journey = JOURNEY.replace("Block, ", "Block, Escalate, ")
    outcome = replay(stopped(tmp_path, "killed", OPEN, decided=False), today(tmp_path, escalates, journey=journey))
    assert outcome.verdict is Verdict.PASS


def test_a_turn_that_now_ends_before_its_interruption_is_a_difference(tmp_path):
    transcript = stopped(tmp_path, "interrupted", OPEN)
    shorter = FIRST.replace("Block", "Escalate")
    journey = JOURNEY.replace("Block, ", "Block, Escalate, ")
    assert replay(transcript, today(tmp_path, shorter, journey=journey)).verdict is Verdict.FAIL


def test_a_changed_reply_of_a_policy_is_drift(tmp_path):
    say = """
    @returns.policy(on_message=True)
    def polite(message, conversation):
        '''Be polite.'''
        return Block("rude", reply="{}")
    """
    conversation = converse(shop(tmp_path / "then", say.format("Please calm down.")), ScriptedModel(), "you ...")
    outcome = replay(saved(conversation), today(tmp_path, say.format("Let us be friends.")))
    assert outcome.verdict is Verdict.PASS
    assert outcome.drift == ("1.0.0 text sent",)


def test_a_removed_policy_is_listed_as_changed(tmp_path):
    conversation = converse(shop(tmp_path / "then", WINDOW), ScriptedModel(*LATE), "return OL-1")
    outcome = replay(saved(conversation), today(tmp_path))
    assert outcome.verdict is Verdict.FAIL
    assert outcome.changed == ("policy returns.return_window (gone)",)
    assert "blocked by returns.return_window" in outcome.why
    assert "allowed now" in outcome.why


def test_a_removed_policy_that_a_mistake_expects_is_named(tmp_path):
    """It was written after the record, which never heard of it."""
    marked = mistake(tmp_path, "blocked", policy="returns.return_window")
    outcome = replay(marked, today(tmp_path))
    assert outcome.verdict is Verdict.FAIL
    assert outcome.changed == ("policy returns.return_window (gone)",)


def test_an_allowed_call_without_a_recorded_result_needs_a_new_recording(tmp_path):
    conversation = converse(shop(tmp_path / "then", WINDOW), ScriptedModel(*LATE), "return OL-1")
    assert replay(saved(conversation), today(tmp_path)).needs_recording
    stricter = WINDOW.replace("> 30", "> 40")
    assert not replay(
        saved(conversation), shop(tmp_path / "b", stricter.replace("the limit is 30", "no")).agent
    ).needs_recording
