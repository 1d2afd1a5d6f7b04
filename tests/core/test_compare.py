"""Two runs on one index: what counts as a difference, and what is named as its cause."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from support.kit import JOURNEY, WINDOW, ScriptedModel, converse, shop, shop_files, use, write
from workbench.errors import UsageError
from workbench.replay.rerun import rerun
from workbench.runtime.loader import load
from workbench.testing import thinking as think
from workbench.trace.events import Prompt, ToolResult, TurnEnded, UserMessage
from workbench.trace.setup import Setup
from workbench.trace.trace import Trace
from workbench.workspace.causes import causes
from workbench.workspace.comparison import Side, compare

LOOK, RETURN = [use("find_order", order_number="OL-1")], [use("create_return", order_number="OL-1")]
LATE = LOOK, RETURN, "Done."


def talked(folder, *answers, said=("return OL-1",), policies=(), **changes):
    return converse(shop(folder, *policies, **changes), ScriptedModel(*(answers or LATE)), *said)


def side(conversation, name="the record"):
    return Side(name, name, name, conversation.setup, conversation.trace)


def compared(one, other):
    return compare(side(one, "the base"), side(other, "this one"))


def today(conversation, folder, *policies, **changes):
    """A conversation beside its own run on other code."""
    ran = asyncio.run(
        rerun(shop(folder / "now", *policies, **changes).agent, conversation.setup, list(conversation.trace))
    )
    return compare(
        side(conversation), Side("now", "today's code", "now", conversation.setup, ran.trace, rerun=True)
    )


def rows(of):
    return [pair.status for pair in of.pairs]


def named(of):
    return [cause.what for cause in causes(of)]


# one index


def test_two_equal_runs_have_no_differences(tmp_path):
    found = compared(talked(tmp_path / "a"), talked(tmp_path / "b"))
    assert rows(found) == ["same"] * 4
    assert found.first == -1
    assert named(found) == []


def test_a_call_interrupted_during_a_policy_is_not_described_as_allowed(tmp_path):
    open_then = WINDOW.replace("> 30", "> 90")
    conversation = talked(tmp_path / "then", policies=[open_then])
    events = [s for s in conversation.trace if (s.answer, s.call) <= (2, 1) and not isinstance(s, TurnEnded)][:-2]
    conversation.trace = Trace([*events, TurnEnded(turn=1, reason="killed")], conversation.trace.blobs)
    found = today(conversation, tmp_path, WINDOW)
    assert found.first == -1


def test_a_step_of_one_run_is_unaligned_and_later_steps_align_again(tmp_path):
    found = compared(talked(tmp_path / "a"), talked(tmp_path / "b", LOOK, LOOK, RETURN, "Done."))
    assert rows(found) == ["same", "same", "right", "same", "same"]
    assert found.first == 2


def test_calls_of_one_tool_align_despite_different_arguments(tmp_path):
    other = [use("find_order", order_number="OL-2")]
    found = compared(talked(tmp_path / "a"), talked(tmp_path / "b", other, RETURN, "Done."))
    assert rows(found) == ["same", "differs", "same", "same"]
    assert found.pairs[1].why == "different arguments"


def test_later_differences_are_consequences_of_the_first(tmp_path):
    found = compared(
        talked(tmp_path / "a"), talked(tmp_path / "b", [use("find_order", order_number="OL-2")], "No.")
    )
    assert rows(found) == ["same", "differs", "left", "differs"]
    assert [found.is_consequence(i) for i in range(4)] == [False, False, True, True]


def test_a_different_thought_or_call_id_is_not_a_difference(tmp_path):
    again = [think("hm"), use("find_order", "other", order_number="OL-1")]
    found = compared(talked(tmp_path / "a"), talked(tmp_path / "b", again, RETURN, "Done."))
    assert rows(found) == ["same", "drift", "same", "same"]
    assert found.first == -1


def test_a_turn_of_one_run_is_shown_as_the_end_of_the_other(tmp_path):
    longer = talked(tmp_path / "b", *LATE, "You are welcome.", said=("return OL-1", "thanks"))
    found = compared(talked(tmp_path / "a"), longer)
    assert rows(found)[4:] == ["right", "right"]
    assert named(found) == ["the base ends here; this one continues"]


def test_a_turn_with_a_different_end_differs_in_its_last_step(tmp_path):
    conversation = talked(tmp_path)
    cut = [*conversation.trace.events[:-1], TurnEnded(turn=1, reason="interrupted")]
    found = compare(
        side(conversation), Side("b", "this one", "b", conversation.setup, Trace(cut, conversation.trace.blobs))
    )
    assert rows(found) == ["same", "same", "same", "differs"]
    assert named(found) == ["turn 1: the turn ended differently: replied → interrupted"]


def test_a_truncated_recording_is_not_a_difference(tmp_path):
    conversation = talked(tmp_path)
    cut = Trace(conversation.trace.events[:-1], conversation.trace.blobs)
    assert compare(side(conversation), Side("b", "this one", "b", conversation.setup, cut)).first == -1


def test_the_next_difference_is_found_in_both_directions_and_drift_only_without_one(tmp_path):
    found = compared(talked(tmp_path / "a"), talked(tmp_path / "b", LOOK, LOOK, RETURN, "Sorry."))
    assert found.next_difference(0, True) == 2
    assert found.next_difference(2, True) == 4
    assert found.next_difference(4, True) == -1
    assert found.next_difference(4, False) == 2
    drifted = compared(talked(tmp_path / "c"), talked(tmp_path / "d", [think("hm"), *LOOK], RETURN, "Done."))
    assert drifted.next_difference(0, True) == 1


# what cannot be compared


def test_a_run_without_steps_is_not_compared(tmp_path):
    conversation = talked(tmp_path)
    with pytest.raises(UsageError, match="no steps"):
        compare(side(conversation), Side("b", "this one", "b", conversation.setup, Trace()))


def test_runs_of_two_agents_are_not_compared(tmp_path):
    conversation = talked(tmp_path)
    with pytest.raises(UsageError, match=r"shop.*bank"):
        compare(side(conversation), Side("b", "this one", "b", Setup(agent="bank"), conversation.trace))


def test_a_run_is_not_compared_with_itself(tmp_path):
    conversation = talked(tmp_path)
    with pytest.raises(UsageError, match="same conversation"):
        compare(side(conversation), side(conversation))


# causes: code


def test_a_new_policy_is_named_with_its_line(tmp_path):
    found = today(talked(tmp_path), tmp_path, WINDOW)
    assert rows(found) == ["same", "same", "differs", "left"]
    cause = causes(found)[0]
    assert cause.what == "the policy returns.return_window exists in today's code only"
    assert cause.source.startswith("shop/returns/journey.py:")


def test_a_policy_with_a_changed_rule_is_named_with_both_rules(tmp_path):
    then = talked(tmp_path, LOOK, RETURN, "No.", policies=[WINDOW])
    found = today(then, tmp_path, WINDOW.replace("close 30 days", "close 60 days").replace("> 30", "> 60"))
    cause = causes(found)[0]
    assert cause.what == "the policy returns.return_window was changed: block → allow"
    assert "close 30 days" in cause.before
    assert "close 60 days" in cause.after


def test_a_changed_reason_under_the_same_rule_means_changed_code(tmp_path):
    then = talked(tmp_path, LOOK, RETURN, "No.", policies=[WINDOW])
    found = today(then, tmp_path, WINDOW.replace("> 30", "> 60"))
    assert named(found) == [
        "the policy returns.return_window decides differently: block → allow; its code was changed"
    ]


def test_an_edited_rule_without_a_changed_action_is_drift(tmp_path):
    then = talked(tmp_path, LOOK, RETURN, "No.", policies=[WINDOW])
    found = today(then, tmp_path, WINDOW.replace("worn shoes", "shoes"))
    assert rows(found) == ["same", "same", "drift", "same"]
    assert named(found) == ["the policy returns.return_window was changed"]


def test_a_hidden_tool_is_named_with_the_condition_that_hid_it(tmp_path):
    hides = JOURNEY.replace("@returns.tool(writes=True)", "@returns.tool(writes=True, when=lately)").replace(
        "    @returns.tool\n", "    def lately(conversation):\n        return False\n\n    @returns.tool\n"
    )
    found = today(talked(tmp_path), tmp_path, journey=hides)
    cause = causes(found)[0]
    assert cause.what == "the tool create_return is in the record only: hidden there by the condition lately"
    assert cause.source.startswith("shop/returns/journey.py:")


def test_a_changed_schema_is_named(tmp_path):
    stricter = JOURNEY.replace("def find_order(order_number: str,", "def find_order(order_number: int,")
    cause = causes(today(talked(tmp_path), tmp_path, journey=stricter))[0]
    assert (cause.kind, cause.what) == ("tool", "the tool find_order was changed")
    assert '"string"' in cause.before
    assert '"integer"' in cause.after


# causes: prompt and model


def test_a_different_answer_on_a_changed_prompt_is_attributed_to_the_change(tmp_path):
    files = shop_files()
    files["shop/returns/manual.md"] = "# Returns\nLook nothing up.\n\n## Then\nOpen the return.\n"
    edited = load(write(tmp_path / "b" / "journeys", files), "shop")
    found = compared(talked(tmp_path / "a"), converse(edited, ScriptedModel(RETURN, "Done."), "return OL-1"))
    cause = causes(found)[0]
    assert cause.what == "the prompt's “returns manual: Returns” was changed"
    assert cause.source == "shop/returns/manual.md:1"
    assert "Look nothing up." in cause.after


def test_a_different_answer_on_the_same_prompt_is_the_choice_of_the_model(tmp_path):
    found = compared(talked(tmp_path / "a"), talked(tmp_path / "b", RETURN, "Done."))
    assert named(found) == ["the model answered differently to the same prompt and messages"]


def test_a_different_answer_after_a_different_thought_is_reported(tmp_path):
    found = compared(talked(tmp_path / "a"), talked(tmp_path / "b", [think("hm"), *LOOK], "No."))
    assert "earlier thinking" in named(found)[0]


def test_a_different_model_is_named_first(tmp_path):
    model = ScriptedModel(RETURN, "Done.")
    model.name = "other"
    found = compared(talked(tmp_path / "a"), converse(shop(tmp_path / "b"), model, "return OL-1"))
    assert named(found) == ["different model: scripted → other"]


def test_without_recorded_prompts_the_cause_is_unknown(tmp_path):
    there = talked(tmp_path / "a")
    bare = Trace([s for s in there.trace if not isinstance(s, Prompt)], there.trace.blobs)
    found = compare(Side("a", "the base", "a", there.setup, bare), side(talked(tmp_path / "b", "No.")))
    assert named(found) == ["unknown: the base has no recorded prompt"]


def test_disabled_parts_are_named_first(tmp_path):
    conversation = talked(tmp_path, LOOK, RETURN, "No.", policies=[WINDOW])
    ran = asyncio.run(rerun(shop(tmp_path / "off").agent, conversation.setup, list(conversation.trace)))
    now = Side(
        "now", "today's code", "now", conversation.setup, ran.trace, True, ("policy returns.return_window",)
    )
    assert named(compare(side(conversation), now))[0] == "disabled in today's code: policy returns.return_window"


# causes: customer and world


def test_a_different_customer_message_is_the_cause(tmp_path):
    found = compared(talked(tmp_path / "a"), talked(tmp_path / "b", "Which one?", said=("return my shoes",)))
    assert found.first == 0
    cause = causes(found)[0]
    assert (cause.before, cause.after) == ("return OL-1", "return my shoes")


def test_a_different_setup_is_the_cause_of_a_different_result(tmp_path):
    a, b = talked(tmp_path / "a"), talked(tmp_path / "b", journey=JOURNEY.replace('"R-1"', '"R-2"'))
    b.setup = msgspec.structs.replace(b.setup, seed=7)
    assert named(compared(a, b))[0] == "the setup has a different seed"


def test_a_different_result_of_the_same_call_is_caused_by_code_or_world(tmp_path):
    a, b = talked(tmp_path / "a"), talked(tmp_path / "b", journey=JOURNEY.replace('"R-1"', '"R-2"'))
    cause = causes(compared(a, b))[0]
    assert (
        cause.what == "create_return returned a different result for the same call: its code or the world differs"
    )
    assert cause.tool == "create_return"


def test_a_result_missing_in_the_recording_is_not_attributed_to_the_tool(tmp_path):
    conversation = talked(tmp_path)
    conversation.trace = Trace(
        [s for s in conversation.trace if not isinstance(s, ToolResult) or s.tool != "find_order"]
    )
    assert "the recording has no result of find_order here" in named(today(conversation, tmp_path))


def test_a_comparison_uses_both_runs_as_they_are(tmp_path):
    a, b = talked(tmp_path / "a"), talked(tmp_path / "b")
    found = compared(a, b)
    b.trace.append(UserMessage(turn=2, text="more"))
    assert rows(found) == ["same"] * 4
