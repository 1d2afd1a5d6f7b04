"""Every way a replay could be green and prove nothing, one test each: docs/false-passes.md lists them.

Those that take a command to show are in tests/cli/test_false_passes.py.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from support.kit import JOURNEY, WINDOW, ScriptedModel, converse, saved, shop, use, write
from workbench.errors import JourneyError, TranscriptError
from workbench.replay.case import Case, supersede
from workbench.replay.judge import replay
from workbench.replay.verdict import Options, Verdict
from workbench.runtime.loader import load
from workbench.trace.events import Answer, PolicyDecision, Prompt, Reply, ToolResult, TurnEnded
from workbench.trace.setup import Setup
from workbench.transcripts.codec import decode, encode
from workbench.transcripts.expectation import Expectation
from workbench.transcripts.header import header_of
from workbench.transcripts.importers.importing import import_bytes
from workbench.transcripts.transcript import SCHEMA, Annotation, Transcript

LATE = [use("find_order", order_number="OL-1")], [use("create_return", order_number="OL-1")], "Done."


def late_return(folder, *policies, **changes):
    """A conversation in which a pair of 52 days was taken back."""
    return converse(shop(folder / "then", *policies, **changes), ScriptedModel(*LATE), "return OL-1")


def mistake(conversation, kind="not_executed", at="1.2.1", **fields):
    return saved(
        conversation, "mistake", expectations=[Expectation(kind, at, **fields)], annotations=[Annotation(at)]
    )


def guard(conversation, *expectations):
    return saved(conversation, expectations=list(expectations))


def today(folder, *policies, **changes):
    return shop(folder / "now", *policies, **changes).agent


def without(transcript, *kinds, **places):
    """The transcript without steps of these kinds (at these places)."""
    steps = [
        s
        for s in transcript.events
        if not (isinstance(s, kinds) and all(getattr(s, k) == v for k, v in places.items()))
    ]
    return msgspec.structs.replace(transcript, events=steps)


def refused(transcript, words, edit=None):
    """Reading the file says so."""
    data: Any = json.loads(encode(transcript))
    if edit is not None:
        edit(data)
    with pytest.raises(TranscriptError, match=words) as error:
        decode(json.dumps(data).encode(), "x.json")
    assert error.value.where


def policy(hook: str, body: str, name: str = "rule", more: str = "") -> str:
    lines = "\n".join(f"        {line}" for line in body.splitlines())
    wants = {
        "before": "call, conversation",
        "after": "call, result, conversation",
        "before_reply": "reply",
        "on_message": "message",
    }
    at = hook if "=" in hook else f"{hook}=True"
    return (
        "\n    from workbench import Escalate, Rewrite\n"
        f"\n    @returns.policy({at}{more})\n    def {name}({wants[hook.split('=')[0]]}):\n"
        f"        '''A rule.'''\n{lines}\n"
    )


# nothing was compared


def test_a_recording_without_an_answer_and_without_a_decision(tmp_path):
    bare = without(guard(late_return(tmp_path)), Answer, ToolResult, Reply, Prompt)
    assert replay(bare, today(tmp_path)).verdict is Verdict.ERROR


def test_a_conversation_with_nothing_but_the_agents_greeting(tmp_path):
    steps = [Answer(turn=0, answer=1, blocks=[{"type": "text", "text": "Hello!"}])]
    hello = Transcript(schema=SCHEMA, id="t", kind="golden", agent="shop", setup=Setup(agent="shop"), events=steps)
    outcome = replay(hello, today(tmp_path))
    assert (outcome.verdict, outcome.steps) == (Verdict.ERROR, 0)


def test_an_imported_log_without_decisions(tmp_path):
    log = [
        {"role": "user", "content": "return OL-1"},
        {
            "role": "assistant",
            "tool_calls": [
                {"id": "1", "function": {"name": "create_return", "arguments": '{"order_number": "1"}'}}
            ],
        },
        {"role": "tool", "tool_call_id": "1", "content": "R-1"},
    ]
    (imported,) = import_bytes(json.dumps(log).encode(), "shop", "log.json")
    assert replay(imported, today(tmp_path)).verdict is Verdict.PASS
    assert replay(imported, today(tmp_path / "b", WINDOW)).verdict is Verdict.FAIL


def test_a_recording_without_events(tmp_path):
    refused(guard(late_return(tmp_path)), "no conversation", lambda d: d.update(events=[]))


# the mistake was never shown


def test_a_mistake_that_its_recording_does_not_show(tmp_path):
    conversation = converse(shop(tmp_path / "then", WINDOW), ScriptedModel(*LATE[:2], "No."), "return OL-1")
    outcome = replay(mistake(conversation), today(tmp_path, WINDOW))
    assert outcome.verdict is Verdict.ERROR
    assert "does not show" in outcome.why


def test_a_call_that_has_no_result_in_the_recording_either(tmp_path):
    stricter = JOURNEY.replace("def create_return(order_number: str,", "def create_return(order_number: int,")
    conversation = late_return(tmp_path, journey=stricter)
    outcome = replay(mistake(conversation), today(tmp_path, WINDOW))
    assert outcome.verdict is Verdict.ERROR
    assert "had no result" in outcome.why


def test_a_text_to_be_redacted_that_is_not_in_the_recording(tmp_path):
    typo = mistake(late_return(tmp_path), "redacted", "1.1.1", text="OL-7")
    changes = policy("after=find_order", "return Rewrite({'number': 'hidden', 'days': 1}, 'private')")
    assert replay(typo, today(tmp_path, changes)).verdict is Verdict.ERROR


def test_a_prompt_that_is_not_in_the_recording(tmp_path):
    lacks = mistake(late_return(tmp_path), "prompt_contains", text="The limit is 30 days")
    for cut in (without(lacks, Prompt), msgspec.structs.replace(lacks, blobs={})):
        outcome = replay(cut, with_manual(tmp_path, "The limit is 30 days"))
        assert outcome.verdict is Verdict.ERROR
        assert "not decided" in outcome.why


def with_manual(folder, words):
    loaded = shop(folder / "now")
    write(loaded.root, {"shop/returns/manual.md": f"# Returns\n{words}\n"})
    return load(loaded.root, "shop").agent


# the fix is none


def test_a_policy_that_fails(tmp_path):
    broken = WINDOW.replace("order.days > 30", "order.dayz > 30")
    assert replay(mistake(late_return(tmp_path)), today(tmp_path, broken)).verdict is Verdict.ERROR


def test_a_policy_that_fails_and_stopped_the_call_in_the_recording_too(tmp_path):
    conversation = converse(shop(tmp_path / "then", WINDOW), ScriptedModel(*LATE[:2], "No."), "return OL-1")
    broken = WINDOW.replace("order.days > 30", "order.dayz > 30")
    assert replay(guard(conversation), today(tmp_path, broken)).verdict is Verdict.ERROR


def test_a_condition_that_fails(tmp_path):
    broken = policy(
        "before=create_return", "return Block('no')", more=", when=lambda conversation: conversation.nothing"
    )
    assert replay(mistake(late_return(tmp_path)), today(tmp_path, broken)).verdict is Verdict.ERROR


def test_a_policy_that_catches_its_own_error_and_therefore_allows(tmp_path):
    swallows = policy(
        "before=create_return",
        "try:\n    return Block(conversation.nothing)\nexcept AttributeError:\n    return None",
    )
    assert replay(mistake(late_return(tmp_path)), today(tmp_path, swallows)).verdict is Verdict.FAIL


def test_a_tool_that_no_longer_exists(tmp_path):
    gone = JOURNEY.replace("    @returns.tool(writes=True)\n", "")
    assert replay(mistake(late_return(tmp_path)), today(tmp_path, journey=gone)).verdict is Verdict.FAIL


def test_a_schema_that_rejects_the_call_instead_of_a_policy(tmp_path):
    stricter = JOURNEY.replace("def create_return(order_number: str,", "def create_return(order_number: int,")
    assert replay(mistake(late_return(tmp_path)), today(tmp_path, journey=stricter)).verdict is Verdict.FAIL


def test_a_block_by_another_policy_than_the_named_one(tmp_path):
    named = mistake(late_return(tmp_path), "blocked", policy="returns.other")
    assert replay(named, today(tmp_path, WINDOW)).verdict is Verdict.FAIL


def test_a_policy_that_its_condition_hides(tmp_path):
    hidden = policy(
        "before=create_return", "return Block('no')", more=", when=lambda conversation: conversation.turn > 9"
    )
    assert replay(mistake(late_return(tmp_path)), today(tmp_path, hidden)).verdict is Verdict.FAIL


def test_a_policy_at_a_tool_that_does_not_exist(tmp_path):
    with pytest.raises(JourneyError, match="does not exist"):
        today(tmp_path, policy("before='create_retrun'", "return Block('no')"))


def test_a_policy_that_awaits_and_is_not_declared_async(tmp_path):
    waits = "\n    import asyncio\n" + policy("before=create_return", "return asyncio.sleep(0, Block('no'))")
    with pytest.raises(JourneyError, match="async def"):
        replay(mistake(late_return(tmp_path)), today(tmp_path, waits))


def test_a_rewrite_that_changes_nothing(tmp_path):
    rewritten = mistake(late_return(tmp_path), "rewritten", policy="returns.rule")
    same = policy("before=create_return", "return Rewrite(dict(call.args), 'as it was')")
    assert replay(rewritten, today(tmp_path, same)).verdict is Verdict.FAIL
    other = policy("before=create_return", "return Rewrite({'order_number': 'OL-2'}, 'another')")
    assert replay(rewritten, today(tmp_path / "b", other)).verdict is Verdict.PASS


def test_a_text_that_only_has_another_json_notation(tmp_path):
    says = JOURNEY.replace("return shop.orders[order_number]", "return Order('OL-\"1\"', 52)")
    conversation = late_return(tmp_path, journey=says)
    shown = mistake(conversation, "redacted", "1.1.1", text='"1"')
    other = policy(
        "after=find_order", "return Rewrite({'number': result.number, 'days': 0}, 'the day is private')"
    )
    assert replay(shown, today(tmp_path, other)).verdict is Verdict.FAIL


def test_an_order_that_holds_because_an_unrelated_or_correctly_timed_call_was_blocked(tmp_path):
    stops = policy("before=find_order", "return Block('no')")
    order = {"order": ["find_order", "create_return", "find_order"]}
    first = mistake(late_return(tmp_path), "order", "1.1.1", **order)
    assert replay(first, today(tmp_path, stops)).verdict is Verdict.FAIL
    other = mistake(late_return(tmp_path), "order", "1.1.1", order=["create_return", "hand_off"])
    assert replay(other, today(tmp_path, stops)).verdict is Verdict.FAIL
    early = converse(shop(tmp_path / "then"), ScriptedModel(LATE[1], "Done."), "return OL-1")
    late = mistake(early, "order", "1.1.1", order=["find_order", "create_return"])
    assert replay(late, today(tmp_path / "b", WINDOW)).verdict is Verdict.PASS


def test_a_text_that_is_missing_because_the_recording_has_no_result(tmp_path):
    private = mistake(late_return(tmp_path), "redacted", "1.1.1", text="52")
    other = policy("before=find_order", "return Rewrite({'order_number': 'OL-2'}, 'another')")
    assert replay(private, today(tmp_path, other)).verdict is Verdict.ERROR


def test_a_rewritten_call_that_another_policy_blocks(tmp_path):
    asked = mistake(late_return(tmp_path), "called_with", args={"order_number": "OL-2"})
    other = policy("before=create_return", "return Rewrite({'order_number': 'OL-2'}, 'another')")
    assert replay(asked, today(tmp_path, other)).verdict is Verdict.PASS
    held = policy("before=create_return", "return Block('no')", "no")
    assert replay(asked, today(tmp_path / "b", other, held)).verdict is Verdict.FAIL


def test_a_withheld_result_of_a_call_that_should_be_allowed(tmp_path):
    blocks = policy("before=find_order", "return Block('no')")
    conversation = converse(shop(tmp_path / "then", blocks), ScriptedModel(LATE[0], "No."), "return OL-1")
    withholds = policy("after=find_order", "return Block('no')")
    # the tape holds no result to withhold, so it is the guard of a good look-up that shows it
    assert replay(mistake(conversation, "allowed", "1.1.1"), today(tmp_path, withholds)).verdict is Verdict.PASS
    good = guard(late_return(tmp_path), Expectation("allowed", "1.1.1"))
    assert replay(good, today(tmp_path, withholds)).verdict is Verdict.FAIL


def test_true_if_1_is_expected(tmp_path):
    counts = JOURNEY.replace(
        "order_number: str, shop: Shop) -> str", "order_number: int | bool, shop: Shop) -> str"
    )
    counts = counts.replace("shop.orders[order_number].returned = True", "pass")
    look, back = LATE[0], [use("create_return", order_number=7)]
    conversation = converse(
        shop(tmp_path / "then", journey=counts), ScriptedModel(look, back, "Done."), "return it"
    )
    one = mistake(conversation, "called_with", args={"order_number": 1})
    flag = policy("before=create_return", "return Rewrite({'order_number': True}, 'another')")
    assert replay(one, today(tmp_path, flag, journey=counts)).verdict is Verdict.FAIL


MEDDLES = {
    "the call": ("before=create_return", "call.args['order_number'] = 'OL-2'"),
    "what was called before": ("before=create_return", "conversation.calls[0].args['order_number'] = 'OL-2'"),
    "what that gave": ("before=create_return", "conversation.calls[0].value['days'] = 2"),
    "a result by name": ("before=create_return", "conversation.results('find_order')[0]['days'] = 2"),
    "a result": ("after=find_order", "result['days'] = 2"),
    "something in a result": ("before=create_return", "conversation.result(find_order)['more'].append(1)"),
    "the customer": ("on_message", "conversation.customer['vip'] = True"),
}


@pytest.mark.parametrize(("hook", "body"), MEDDLES.values(), ids=MEDDLES)
def test_a_policy_that_modifies_its_arguments_instead_of_returning_a_rewrite(tmp_path, hook, body):
    """Neither the run nor the record has it: who else reads there reads what was."""
    loose = JOURNEY.replace("-> Order:", "-> dict:")
    loose = loose.replace("return shop.orders[order_number]", "return {'days': 52, 'more': []}")
    meddles = policy(hook, body).replace("rule(message)", "rule(message, conversation)")
    late = WINDOW.replace("order.days", "order['days']")
    conversation = late_return(tmp_path, journey=loose)
    marked = mistake(conversation, "blocked", policy="returns.return_window")
    before = encode(marked)
    agent = today(tmp_path, meddles, late, journey=loose)
    assert replay(marked, agent).verdict is Verdict.PASS
    assert encode(marked) == before
    recorded = converse(shop(tmp_path / "live", meddles, journey=loose), ScriptedModel(*LATE), "return OL-1")
    assert [s.blocks for s in recorded.trace if isinstance(s, Answer)] == [
        s.blocks for s in conversation.trace if isinstance(s, Answer)
    ]


def test_a_rewrite_that_json_cannot_store(tmp_path):
    endless = policy("before_reply", "return Rewrite({'n': 10**5000}, 'more than that')")
    rewritten = mistake(late_return(tmp_path), "rewritten", "1.3.0")
    assert replay(rewritten, today(tmp_path, endless)).verdict is Verdict.ERROR


# an expectation that asks nothing, or about something else


@pytest.mark.parametrize(
    ("expect", "fields"),
    [
        ("reply_excludes", {}),
        ("redacted", {}),
        ("called_with", {}),
        ("order", {}),
        ("prompt_excludes", {"text": ""}),
        ("result", {}),
    ],
)
def test_an_expectation_without_content(tmp_path, expect, fields):
    refused(mistake(late_return(tmp_path), expect, **fields), "needs")


def test_a_text_of_only_blanks(tmp_path):
    refused(guard(late_return(tmp_path), Expectation("reply_contains", "1.3.0", text=" ")), "needs")


@pytest.mark.parametrize("words", ["Look the\norder up first.", "Look the order  up first."])
def test_a_text_that_only_has_other_line_breaks(tmp_path, words):
    """What the prompt must not say is not gone because a paragraph was filled anew."""
    marked = mistake(late_return(tmp_path), "prompt_excludes", "1.1.1", text="Look the order up first.")
    assert replay(marked, with_manual(tmp_path / "a", "Be quick.")).verdict is Verdict.PASS
    assert replay(marked, with_manual(tmp_path / "b", words)).verdict is Verdict.FAIL


def test_an_expectation_that_ignores_all_its_arguments(tmp_path):
    nothing = mistake(
        late_return(tmp_path), "called_with", args={"order_number": "OL-2"}, fields={"order_number": "ignore"}
    )
    refused(nothing, "ignores all")


@pytest.mark.parametrize("pattern", ["", ".*", "(OL)?", "x*|y"])
def test_a_pattern_that_matches_everything(tmp_path, pattern):
    all = guard(
        late_return(tmp_path), Expectation("called_with", "1.2.1", args={"order_number": "a"}, match="regex")
    )
    refused(all, "matches everything", lambda d: d["expectations"][0]["args"].update(order_number=pattern))


def test_an_order_of_one_tool(tmp_path):
    refused(mistake(late_return(tmp_path), "order", order=["create_return"]), "at least two tools")


def test_an_order_with_a_tool_that_the_agent_does_not_have(tmp_path):
    typo = mistake(late_return(tmp_path), "order", order=["find_odrer", "create_return"])
    outcome = replay(typo, today(tmp_path, policy("before=create_return", "return Block('no')")))
    assert outcome.verdict is Verdict.ERROR
    assert "no tool find_odrer" in outcome.why


def test_an_expectation_about_another_tool_than_that_of_the_step(tmp_path):
    refused(mistake(late_return(tmp_path), "not_executed", "1.1.1", tool="create_return"), "calls find_order")


@pytest.mark.parametrize(
    ("expect", "at", "fields"),
    [
        ("not_executed", "1.3.0", {}),
        ("executed", "1.0.0", {}),
        ("reply_excludes", "1.2.1", {"text": "x"}),
        ("reply_contains", "1.0.0", {"text": "x"}),
    ],
)
def test_an_expectation_about_a_call_at_a_step_without_one(tmp_path, expect, at, fields):
    refused(mistake(late_return(tmp_path), expect, at, **fields), "but step")


@pytest.mark.parametrize("at", ["1.9.1", "0.0.0", "-1.0.0", "1.2", "01.2.1", "nowhere", ""])
def test_an_annotation_at_a_step_that_does_not_exist(tmp_path, at):
    refused(mistake(late_return(tmp_path), "not_executed", at), "not at a step")


def test_an_expectation_of_a_golden_transcript_that_needs_a_model_or_the_world(tmp_path):
    conversation = late_return(tmp_path)
    live = guard(conversation, Expectation("must_not_call", "1.2.1", tool="find_order"))
    world = guard(conversation, Expectation("result", "1.2.1", tool="create_return", text="R-1"))
    agent = today(tmp_path)
    assert replay(live, agent).verdict is Verdict.NEEDS_LIVE
    assert replay(world, agent).verdict is Verdict.NEEDS_TOOLS


def test_an_expectation_of_a_golden_transcript_that_cannot_be_decided(tmp_path):
    unsent = without(
        guard(late_return(tmp_path), Expectation("reply_excludes", "1.3.0", text="x")), Reply, TurnEnded
    )
    agent = today(tmp_path, policy("before_reply", "return Block('no')"))
    assert replay(unsent, agent).verdict is not Verdict.PASS
    nothing_said = guard(late_return(tmp_path), Expectation("redacted", "1.1.1", text="OL-7"))
    assert replay(nothing_said, today(tmp_path / "b")).verdict is Verdict.ERROR


# beyond the difference

FIRST = policy("before=find_order", "return Block('no')", "no_look")


def test_an_expectation_after_a_divergence(tmp_path):
    outcome = replay(mistake(late_return(tmp_path)), today(tmp_path, FIRST, WINDOW))
    assert outcome.verdict is Verdict.DIVERGED
    assert outcome.steps == 1


def superseding(folder, early, agent, late=None):
    """The verdicts on an early mark of a recording, and on a late one."""
    late = late or mistake(late_return(folder))
    cases = [Case(str(n), header_of(t), replay(t, agent)) for n, t in enumerate((early, late))]
    supersede(cases)
    return [case.verdict for case in cases]


def test_a_divergence_excused_by_an_annotation_about_the_prompt(tmp_path):
    early = mistake(late_return(tmp_path), "prompt_contains", "1.1.1", text="The limit is 30 days")
    loaded = shop(tmp_path / "now", FIRST)
    write(loaded.root, {"shop/returns/manual.md": "# Returns\nThe limit is 30 days\n"})
    agent = load(loaded.root, "shop").agent
    assert superseding(tmp_path, early, agent) == [Verdict.PASS, Verdict.DIVERGED]


def test_a_divergence_excused_by_an_annotation_at_another_call_of_the_answer(tmp_path):
    both = [use("find_order", "a", order_number="OL-2"), use("find_order", "b", order_number="OL-1")]
    conversation = converse(shop(tmp_path / "then"), ScriptedModel(both, LATE[1], "Done."), "return it")
    agent = today(tmp_path, FIRST)
    early = mistake(conversation, "blocked", "1.1.2")
    assert superseding(tmp_path, early, agent, mistake(conversation)) == [Verdict.PASS, Verdict.DIVERGED]


def test_a_divergence_excused_by_an_annotation_of_another_conversation(tmp_path):
    early = mistake(late_return(tmp_path), "blocked", "1.1.1")
    other = msgspec.structs.replace(early, recording_id="another")
    assert superseding(tmp_path, other, today(tmp_path, FIRST)) == [Verdict.PASS, Verdict.DIVERGED]


def test_a_call_next_to_a_blocked_one_is_not_judged(tmp_path):
    calls = [use("create_return", "a", order_number="OL-1"), use("create_return", "b", order_number="OL-1")]
    conversation = converse(shop(tmp_path / "then"), ScriptedModel(LATE[0], calls, "Done."), "twice")
    agent = today(tmp_path, WINDOW.replace("order.days > 30", "order.days > 30 and len(conversation.calls) > 1"))
    outcome = replay(guard(conversation), agent)
    assert (outcome.verdict, outcome.steps) == (Verdict.FAIL, 3)


# the tape


def test_a_tool_that_runs_in_a_replay(tmp_path):
    bomb = JOURNEY.replace("return shop.orders[order_number]", "raise SystemExit('it ran')")
    outcome = replay(guard(late_return(tmp_path)), today(tmp_path, journey=bomb))
    assert outcome.verdict is Verdict.PASS


def test_a_result_that_is_not_in_the_recording(tmp_path):
    cut = without(guard(late_return(tmp_path)), ToolResult, answer=1)
    assert replay(cut, today(tmp_path)).verdict is Verdict.FAIL


def test_a_result_for_other_arguments(tmp_path):
    other = policy("before=find_order", "return Rewrite({'order_number': 'OL-2'}, 'another')")
    outcome = replay(guard(late_return(tmp_path)), today(tmp_path, other))
    assert outcome.verdict is Verdict.FAIL


def test_arguments_rewritten_from_1_to_true(tmp_path):
    counts = JOURNEY.replace(
        "order_number: str, shop: Shop) -> str", "order_number: int | bool, shop: Shop) -> str"
    )
    counts = counts.replace("shop.orders[order_number].returned = True", "pass")
    one = policy("before=create_return", "return Rewrite({'order_number': 1}, 'one')")
    back = [use("create_return", order_number=7)]
    conversation = converse(
        shop(tmp_path / "then", one, journey=counts), ScriptedModel(back, "Done."), "return it"
    )
    assert replay(guard(conversation), today(tmp_path, one, journey=counts)).verdict is Verdict.PASS
    true = one.replace(": 1}", ": True}")
    assert replay(guard(conversation), today(tmp_path / "b", true, journey=counts)).verdict is Verdict.FAIL


def test_a_recorded_answer_that_was_never_used(tmp_path):
    agent = """
        from workbench import Agent, Limits
        from .returns.journey import returns
        agent = Agent("shop", journeys=[returns], limits=Limits(model_calls=2))
    """
    outcome = replay(guard(late_return(tmp_path)), today(tmp_path, agent=agent))
    assert outcome.verdict is Verdict.FAIL
    assert "never used" in outcome.first_difference.why


def test_an_answer_that_is_used_in_the_next_turn(tmp_path):
    conversation = converse(shop(tmp_path / "then"), ScriptedModel("one", "two"), "a", "b")
    stop = policy("on_message", "return Block('no a') if message == 'a' else None")
    outcome = replay(guard(conversation), today(tmp_path, stop))
    assert (outcome.verdict, str(outcome.first_difference.step_id)) == (Verdict.FAIL, "1.0.0")


def test_a_turn_that_ends_for_another_reason(tmp_path):
    escalates = policy("before_reply", "return Escalate('a person')")
    assert replay(guard(late_return(tmp_path)), today(tmp_path, escalates)).verdict is Verdict.FAIL


def test_a_recorded_reply_that_differs_from_its_answer(tmp_path):
    told = guard(late_return(tmp_path))
    events = [msgspec.structs.replace(s, text="No.") if isinstance(s, Reply) else s for s in told.events]
    assert replay(msgspec.structs.replace(told, events=events), today(tmp_path)).verdict is Verdict.FAIL


def test_a_reply_that_is_rewritten_differently(tmp_path):
    polite = policy("before_reply", "return Rewrite(reply + ' Thanks.', 'be polite')")
    conversation = late_return(tmp_path, polite)
    ruder = polite.replace("Thanks", "Next")
    assert replay(guard(conversation), today(tmp_path, ruder)).verdict is Verdict.FAIL


def test_a_tool_that_its_condition_now_hides(tmp_path):
    hidden = JOURNEY.replace("(writes=True)", "(writes=True, when=lambda conversation: conversation.turn > 9)")
    assert replay(guard(late_return(tmp_path)), today(tmp_path, journey=hidden)).verdict is Verdict.FAIL


def test_a_golden_transcript_whose_block_is_missing(tmp_path):
    conversation = converse(shop(tmp_path / "then", WINDOW), ScriptedModel(*LATE[:2], "No."), "return OL-1")
    assert replay(guard(conversation), today(tmp_path)).verdict is Verdict.FAIL


# the prompt


def test_a_prompt_that_has_changed(tmp_path):
    agent = with_manual(tmp_path, "Be quick.")
    recorded = guard(late_return(tmp_path))
    assert replay(recorded, agent).prompt_changed_from == 1
    assert replay(without(recorded, Prompt), agent).prompt_changed_from == 1
    assert replay(recorded, agent, Options(strict_drift=True)).verdict is Verdict.DRIFTED


# the file


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda d: d.update(schema="workbench.transcript/99"), "newer Workbench"),
        (lambda d: d.update(titel="x"), "titel"),
        (lambda d: d["setup"].update(custmer={"name": "Mia"}), "custmer"),
        (lambda d: d["events"][0].update(txt="x"), "txt"),
        (lambda d: d["setup"].update(agent="other"), "`setup.agent` is 'other'"),
    ],
)
def test_a_file_with_content_that_we_would_not_read(tmp_path, edit, words):
    refused(guard(late_return(tmp_path)), words, edit)


def at(data, kind, **place):
    return next(s for s in data["events"] if s["event"] == kind and all(s.get(k) == v for k, v in place.items()))


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda d: d["events"].insert(4, at(d, "result")), "duplicate result"),
        (lambda d: d["events"].insert(-1, at(d, "reply")), "duplicate reply"),
        (lambda d: d["events"].insert(-1, at(d, "answer")), "follows answer"),
        (lambda d: d["events"].append(at(d, "reply")), "after its end"),
        (lambda d: at(d, "result").update(call=7), "no such call"),
        (lambda d: at(d, "result").update(tool="create_return"), "but find_order was called"),
        (lambda d: at(d, "reply").update(answer=9), "no such answer"),
        (lambda d: at(d, "decision").update(call=7), "no such call"),
        (lambda d: at(d, "decision").update(hook="on_message"), "kind"),
        (lambda d: d["events"].pop(0), "without a customer message"),
        (lambda d: at(d, "user").update(turn=2), "turn 2 follows turn 0"),
    ],
)
def test_an_event_that_is_duplicate_or_at_a_missing_step(tmp_path, edit, words):
    conversation = late_return(tmp_path, policy("before=create_return", "return None"))
    refused(guard(conversation), words, edit)


def test_a_duplicate_field_in_the_file(tmp_path):
    data = encode(guard(late_return(tmp_path)))
    twice = data.replace(b'  "kind": "golden",\n', b'  "kind": "mistake",\n  "kind": "golden",\n')
    for text in (twice, json.dumps(json.loads(data)).replace('"kind"', '"kind": "mistake", "kind"', 1).encode()):
        with pytest.raises(TranscriptError, match="duplicate field 'kind'"):
            decode(text, "x.json")


def test_a_text_that_does_not_match_its_hash(tmp_path):
    def forge(data):
        next(e for e in data["blobs"].values() if "Look the order" in str(e))["text"] = "Be kind."

    refused(guard(late_return(tmp_path)), "does not match its hash", forge)


def test_a_recording_of_another_agent(tmp_path):
    conversation = late_return(tmp_path)
    events = [
        msgspec.structs.replace(s, blocks=[use("book_flight")]) if isinstance(s, Answer) and s.calls else s
        for s in conversation.trace
        if not isinstance(s, ToolResult)
    ]
    outcome = replay(msgspec.structs.replace(guard(conversation), events=events), today(tmp_path))
    assert outcome.verdict is Verdict.ERROR
    assert "recorded with another agent" in outcome.why


def test_a_recording_that_ends_in_the_middle_of_a_turn(tmp_path):
    cut = guard(late_return(tmp_path, WINDOW.replace("> 30", "> 90")))
    events = [s for s in cut.events if (s.answer, s.call) < (2, 1) or isinstance(s, PolicyDecision)]
    outcome = replay(msgspec.structs.replace(cut, events=events), today(tmp_path, WINDOW))
    assert outcome.verdict is Verdict.FAIL  # the decision that let the call pass is on record


def test_a_new_block_next_to_a_policy_that_an_interruption_cut_short(tmp_path):
    """The one had let it pass and blocks today; the other, which does too, had not been asked when it stopped."""

    def both(first, second):
        at = "before=create_return"
        return policy(at, f"return {first}", "first"), policy(at, f"return {second}", "second")

    cut = guard(late_return(tmp_path, *both(None, None)))
    asked = next(n for n, s in enumerate(cut.events) if isinstance(s, PolicyDecision))
    cut = msgspec.structs.replace(cut, events=cut.events[: asked + 1])
    assert replay(cut, today(tmp_path / "a", *both(None, "Block('no')"))).verdict is Verdict.PASS
    assert replay(cut, today(tmp_path / "b", *both("Block('no')", "Block('no')"))).verdict is Verdict.FAIL
    other = "Rewrite({'order_number': 'OL-2'}, 'another')"
    assert replay(cut, today(tmp_path / "c", *both(other, "Block('no')"))).verdict is Verdict.FAIL
    to = [
        msgspec.structs.replace(s, effect="rewrite", replacement={"order_number": "OL-9"})
        if s is cut.events[-1]
        else s
        for s in cut.events
    ]
    assert (
        replay(msgspec.structs.replace(cut, events=to), today(tmp_path / "d", *both(other, "Block('no')"))).verdict
        is Verdict.FAIL
    )


# chance and memory


def test_a_policy_that_decides_at_random(tmp_path):
    tosses = """
    turns = [None, Block("no")]
    """ + policy("before=create_return", "turns.reverse()\nreturn turns[0]")
    outcome = replay(guard(late_return(tmp_path)), today(tmp_path, tosses), Options(repeat=True))
    assert outcome.verdict is Verdict.FLAKY
