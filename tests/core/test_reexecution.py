"""--tools=sandbox: tools run again in the sandbox, and must give what they gave."""

import textwrap
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import pytest

from support.kit import JOURNEY, WINDOW, ScriptedModel, converse, saved, shop, use
from workbench.replay.equivalence import GeneratedIds, ValueComparer
from workbench.replay.judge import replay
from workbench.replay.verdict import Options, Verdict
from workbench.runtime.loader import make_world
from workbench.transcripts.expectation import Expectation
from workbench.transcripts.transcript import Annotation

WORLD = Options(tools="sandbox")


@dataclass
class Bill:
    room: str
    total: Decimal


LATE = [use("find_order", order_number="OL-1")], [use("create_return", order_number="OL-1")], "Done."


def recorded(folder, journey=JOURNEY, script=LATE):
    return converse(shop(folder / "then", journey=journey), ScriptedModel(*script), "return OL-1")


def again(folder, transcript, journey=JOURNEY, *policies, options=WORLD):
    loaded = shop(folder / "now", *policies, journey=journey)
    return replay(transcript, loaded.agent, options, lambda setup: make_world(loaded, setup))


def but(old, new):
    """The shop's journey with one thing changed."""
    assert old in JOURNEY
    return JOURNEY.replace(old, new)


def test_tools_with_the_recorded_results_pass(tmp_path):
    assert again(tmp_path, saved(recorded(tmp_path))).verdict is Verdict.PASS


def test_a_tool_with_a_different_result_is_stale(tmp_path):
    outcome = again(tmp_path, saved(recorded(tmp_path)), but('return "R-1"', 'return "R-2"'))
    assert outcome.verdict is Verdict.STALE
    assert "was 'R-1', is 'R-2'" in outcome.why
    assert str(outcome.first_difference.step_id) == "1.2.1"


def test_without_tools_a_changed_tool_is_not_noticed(tmp_path):
    changed = but('return "R-1"', 'return "R-2"')
    assert again(tmp_path, saved(recorded(tmp_path)), changed, options=Options()).verdict is Verdict.PASS


def test_a_tool_with_different_world_changes_is_stale(tmp_path):
    changed = but(".returned = True", ".returned = False")
    outcome = again(tmp_path, saved(recorded(tmp_path)), changed)
    assert outcome.verdict is Verdict.STALE
    assert "Shop/orders/OL-1/returned" in outcome.why


WRITE = "shop.orders[order_number].returned = True"
WROTE = "Shop/orders/OL-1/returned"


@pytest.mark.parametrize(
    ("instead", "why", "then", "now"),
    [
        ("pass", f"it no longer changes {WROTE}", f"changes {WROTE} from False to True", "no change"),
        (
            f"{WRITE}; del shop.orders['OL-2']",
            "it deletes Shop/orders/OL-2, which it did not before",
            "no change",
            "deletes Shop/orders/OL-2",
        ),
        (
            f"{WRITE}; shop.orders['OL-3'] = Order('OL-3', 4)",
            "it makes Shop/orders/OL-3, which it did not before",
            "no change",
            "makes Shop/orders/OL-3: {'number': 'OL-3', 'days': 4, 'returned': False}",
        ),
        (
            "shop.orders[order_number].returned = 'yes'",
            f"it changes {WROTE} to a different value",
            f"changes {WROTE} from False to True",
            f"changes {WROTE} from False to 'yes'",
        ),
    ],
)
def test_different_world_changes_are_described_in_the_right_direction(tmp_path, instead, why, then, now):
    changed = but(WRITE, instead).replace("returned: bool =", "returned: bool | str =")
    outcome = again(tmp_path, saved(recorded(tmp_path)), changed)
    assert outcome.why.endswith(f"create_return changes the world differently: {why}")
    assert (outcome.first_difference.recorded, outcome.first_difference.now) == (then, now)


def test_a_tool_that_changes_another_object_is_stale(tmp_path):
    changed = but("shop.orders[order_number].returned = True", 'shop.orders["OL-2"].returned = True')
    assert again(tmp_path, saved(recorded(tmp_path)), changed).verdict is Verdict.STALE


def test_a_tool_that_raises_is_a_tool_error_with_its_line(tmp_path):
    outcome = again(tmp_path, saved(recorded(tmp_path)), but('return "R-1"', "return 1 / 0"))
    assert outcome.verdict is Verdict.TOOL_ERROR
    assert "ZeroDivisionError" in outcome.first_difference.now


def test_a_tool_that_now_returns_an_error_is_a_tool_error(tmp_path):
    changed = but("shop.orders[order_number].returned = True", 'raise ToolError("closed")')
    outcome = again(tmp_path, saved(recorded(tmp_path)), changed)
    assert outcome.verdict is Verdict.TOOL_ERROR
    assert "closed" in outcome.first_difference.now


def test_a_tool_that_is_not_reexecuted_keeps_its_recorded_result_and_changes(tmp_path):
    changed = but("@returns.tool\n", "@returns.tool(reexecute=False)\n").replace("OL", "OL")
    changed = changed.replace("(writes=True)", "(writes=True, reexecute=False)").replace('"R-1"', '"R-9"')
    assert again(tmp_path, saved(recorded(tmp_path)), changed).verdict is Verdict.PASS


COUNTING = """
    @returns.tool{}
    def numbers(shop: Shop) -> list[str]:
        '''All numbers.'''
        return {}
"""


def test_the_order_of_a_list_counts_unless_the_tool_declares_it_unordered(tmp_path):
    def journey(options, value):
        return JOURNEY + COUNTING.format(options, value)

    script = [use("numbers")], "Two."
    transcript = saved(recorded(tmp_path, journey("", '["a", "b"]'), script))
    assert again(tmp_path / "1", transcript, journey("", '["b", "a"]')).verdict is Verdict.STALE
    free = journey("(unordered=True)", '["b", "a"]')
    assert again(tmp_path / "2", transcript, free).verdict is Verdict.PASS
    other = journey("(unordered=True)", '["b", "b"]')
    assert again(tmp_path / "3", transcript, other).verdict is Verdict.STALE


def result_mistake(folder, **fields):
    expectation = Expectation("result", "1.2.1", tool="create_return", **fields)
    return saved(recorded(folder), "mistake", expectations=[expectation], annotations=[Annotation("1.2.1")])


def test_an_expectation_on_a_result_needs_the_world(tmp_path):
    transcript = result_mistake(tmp_path, text="R-2")
    mended = but('return "R-1"', 'return "R-2"')
    assert again(tmp_path / "1", transcript, options=Options()).verdict is Verdict.NEEDS_TOOLS
    assert again(tmp_path / "2", transcript).verdict is Verdict.FAIL
    assert again(tmp_path / "3", transcript, mended).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("at", "fields"), [("1.1.1", {"text": "nonsense"}), ("1.2.1", {"args": {"number": "R-1"}})]
)
def test_an_expected_result_may_be_text_or_fields(tmp_path, at, fields):
    guard = saved(recorded(tmp_path), expectations=[Expectation("result", at, **fields)])
    assert again(tmp_path, guard).verdict is Verdict.FAIL


MAY_NOT = JOURNEY.replace("(writes=True)", "(writes=True, reexecute=False)")


def test_the_result_of_a_tool_that_cannot_be_reexecuted_needs_tools(tmp_path):
    expected = Expectation("result", "1.2.1", text="R-1")
    guard = saved(recorded(tmp_path), expectations=[expected])
    assert again(tmp_path / "1", guard, MAY_NOT.replace('"R-1"', '"R-9"')).verdict is Verdict.NEEDS_TOOLS
    mended = MAY_NOT.replace('"R-1"', '"R-2"')
    outcome = again(tmp_path / "2", result_mistake(tmp_path, text="R-2"), mended)
    assert outcome.verdict is Verdict.NEEDS_TOOLS
    assert "re-executed" in outcome.why


def test_the_message_of_a_tool_that_fails_is_not_its_result(tmp_path):
    broken = but('return "R-1"', 'raise ValueError("R-2")')
    assert again(tmp_path, result_mistake(tmp_path, text="R-2"), broken).verdict is Verdict.FAIL


def test_an_expectation_on_the_final_world_is_decided_if_tools_run(tmp_path):
    expectation = Expectation("final_world", "1.2.1", args={"Shop.orders.OL-1.returned": False})
    transcript = saved(
        recorded(tmp_path), "mistake", expectations=[expectation], annotations=[Annotation("1.2.1")]
    )
    assert again(tmp_path / "1", transcript, options=Options()).verdict is Verdict.NEEDS_TOOLS
    assert again(tmp_path / "3", transcript, JOURNEY, WINDOW).verdict is Verdict.PASS


def test_an_unused_part_of_the_world_ends_with_its_defaults(tmp_path):
    """The fixture leaves `returned` to the class, and with the call blocked no tool has looked at the shop."""
    never = """
    @returns.policy(before=create_return)
    def never(call, conversation):
        '''Nothing is taken back.'''
        return Block("nothing is taken back")
    """
    expectation = Expectation("final_world", "1.1.1", args={"Shop.orders.OL-1.returned": False})
    record = recorded(tmp_path, script=LATE[1:])
    transcript = saved(record, "mistake", expectations=[expectation], annotations=[Annotation("1.1.1")])
    assert again(tmp_path, transcript, JOURNEY, never).verdict is Verdict.PASS


def test_the_world_changes_of_a_tool_that_cannot_be_reexecuted_need_tools(tmp_path):
    ends = Expectation("final_world", "1.2.1", args={"Shop.orders.OL-1": {"returned": True}})
    good = saved(recorded(tmp_path), expectations=[ends])
    assert again(tmp_path, good).verdict is Verdict.PASS
    outcome = again(tmp_path, good, but("(writes=True)", "(writes=True, reexecute=False)"))
    assert outcome.verdict is Verdict.NEEDS_TOOLS
    assert "re-executed" in outcome.why
    elsewhere = Expectation("final_world", "1.2.1", args={"Shop.orders.OL-2.returned": False})
    other = saved(recorded(tmp_path), expectations=[elsewhere])
    assert again(tmp_path, other, but("(writes=True)", "(writes=True, reexecute=False)")).verdict is Verdict.PASS


def imported(made, *earlier):
    """Compares values with an imported recording in which these texts appeared earlier."""
    return ValueComparer(GeneratedIds(made, lambda text: text not in earlier))


def test_in_an_unordered_list_a_mismatched_item_matches_no_id():
    alike = imported({"R-8", "R-9"})
    then = [{"id": "R-1", "of": "a"}, {"id": "R-2", "of": "b"}]
    now = [{"id": "R-9", "of": "b"}, {"id": "R-8", "of": "a"}]
    assert alike.first_difference(then, now, unordered=True) == ""
    assert alike.first_difference("R-1", "R-8") == ""
    assert alike.first_difference("R-1", "R-9") != ""


def test_a_generated_id_matches_an_imported_text_only_where_that_appears_first():
    assert imported({"R-10101"}).first_difference("RET/7", "R-10101") == ""
    assert imported({"R-10101"}, "room 3").first_difference("room 3", "R-10101") != ""
    assert imported(set()).first_difference("RET/7", "R-10101") != ""


def test_one_generated_id_matches_one_imported_text():
    alike = imported({"R-10101"})
    assert alike.first_difference(["RET/7", "RET/8"], ["R-10101", "R-10101"]) != ""


GENERATED = JOURNEY.replace("import Block", "import Block, Ids").replace(
    "order_number: str, shop: Shop) -> str", "order_number: str, shop: Shop, ids: Ids) -> str"
)


@pytest.mark.parametrize(
    ("then", "now", "verdict"),
    [
        ('ids.new("R")', 'ids.new("R")', Verdict.PASS),
        ('"R-10201"', 'ids.new("R")', Verdict.PASS),
        ('"R-7"', 'ids.new("R")', Verdict.STALE),
        ('ids.new("R")', '[ids.new("R"), ids.new("R")][1]', Verdict.STALE),
        ('ids.new("R")', 'ids.new("S")', Verdict.STALE),
    ],
)
def test_an_id_that_is_generated_at_another_position_is_stale(tmp_path, then, now, verdict):
    """Ids follow from the position of the call, so unchanged code generates the same ones."""
    transcript = saved(recorded(tmp_path, GENERATED.replace('"R-1"', then)))
    assert again(tmp_path, transcript, GENERATED.replace('"R-1"', now)).verdict is verdict


@pytest.mark.parametrize(
    ("kind", "then", "now", "equal"),
    [
        (str, "3.1", "3.10", False),
        (str, "25.0", "25.00", False),
        (str, "2026-01-05T10:00:00Z", "2026-01-05T10:00:00+00:00", False),
        (Any, "25.0", "25.00", False),
        (Decimal, "25.0", "25.00", True),
        (Decimal, "25.0", "25.01", False),
        (Decimal, "NaN", "NaN", True),
        (Decimal | None, "25.0", "25.00", True),
        (Decimal | str, "3.1", "3.10", False),
        (dict[Decimal, str], {"1.0": "a", "1.00": "b"}, {"1.0": "c", "1.00": "b"}, False),
        (Annotated[Decimal, "a price"], "25.0", "25.00", True),
        (float, 25, 25.0, True),
        (int, 1, True, False),
        (datetime, "2026-01-05T10:00:00Z", "2026-01-05T11:00:00+01:00", True),
        (datetime, "2026-01-05T10:00:00Z", "2026-01-05T10:00:00", False),
        (list[Decimal], ["1.0"], ["1.00"], True),
        (dict[str, Decimal], {"a": "1.0"}, {"a": "1.00"}, True),
        (dict[Decimal, str], {"1.0": "a"}, {"1.00": "a"}, True),
        (tuple[str, Decimal], ["1.0", "1.0"], ["1.0", "1.00"], True),
        (tuple[str, Decimal], ["1.0", "1.0"], ["1.00", "1.0"], False),
        (set[str], ["a", "b"], ["b", "a"], True),
        (list[str], ["a", "b"], ["b", "a"], False),
        (Bill, {"room": "3.1", "total": "25.0"}, {"room": "3.1", "total": "25.00"}, True),
        (Bill, {"room": "3.1", "total": "25.0"}, {"room": "3.10", "total": "25.0"}, False),
        (Bill, {"room": "3.1", "total": "25.0"}, {"room": "3.1", "total": "25.0", "more": 1}, False),
        (Bill | str, {"room": "3.1", "total": "25.0"}, {"room": "3.1", "total": "25.00"}, True),
    ],
)
def test_values_are_equal_by_their_declared_type(kind, then, now, equal):
    assert (ValueComparer().first_difference(then, now, kind=kind) == "") is equal


def test_a_text_that_is_the_same_number_is_stale(tmp_path):
    transcript = saved(recorded(tmp_path, but('"R-1"', '"3.1"')))
    outcome = again(tmp_path, transcript, but('"R-1"', '"3.10"'))
    assert (outcome.verdict, "was '3.1', is '3.10'" in outcome.why) == (Verdict.STALE, True)


BILLED = but(
    "days: int", "days: int\n        total: Decimal = Decimal('25.0')\n        room: str = '3.1'"
).replace("from dataclasses", "from decimal import Decimal\n    from dataclasses")


@pytest.mark.parametrize(
    ("then", "now", "verdict"),
    [
        ("total = Decimal('7.0')", "total = Decimal('7.00')", Verdict.PASS),
        ("total = Decimal('7.0')", "total = Decimal('7.1')", Verdict.STALE),
        ("room = '3.2'", "room = '3.20'", Verdict.STALE),
    ],
)
def test_world_changes_are_equal_by_the_declared_type_of_their_field(tmp_path, then, now, verdict):
    def writing(change):
        return BILLED.replace(".returned = True", f".{change}")

    transcript = saved(recorded(tmp_path, writing(then)))
    assert again(tmp_path, transcript, writing(now)).verdict is verdict


def test_an_expectation_on_a_world_that_was_never_wrong_is_an_error(tmp_path):
    expectation = Expectation("final_world", "1.2.1", args={"Shop.orders.OL-1.returned": True})
    transcript = saved(
        recorded(tmp_path), "mistake", expectations=[expectation], annotations=[Annotation("1.2.1")]
    )
    assert again(tmp_path, transcript).verdict is Verdict.ERROR


def test_a_policy_that_blocks_the_annotated_call_is_a_fix_with_tools_too(tmp_path):
    expectation = Expectation("not_executed", "1.2.1")
    transcript = saved(
        recorded(tmp_path), "mistake", expectations=[expectation], annotations=[Annotation("1.2.1")]
    )
    assert again(tmp_path, transcript, JOURNEY, WINDOW).verdict is Verdict.PASS


BOTH = [use("find_order", "a", order_number="OL-1"), use("create_return", "b", order_number="OL-1")], "Done."


def test_a_tool_with_another_result_next_to_the_fix_is_stale(tmp_path):
    marked = [Expectation("not_executed", "1.1.2")]
    transcript = saved(
        recorded(tmp_path, script=BOTH), "mistake", expectations=marked, annotations=[Annotation("1.1.2")]
    )
    changed = but("return shop.orders[order_number]", "return Order(order_number, 99)")
    assert again(tmp_path / "1", transcript, JOURNEY, WINDOW).verdict is Verdict.PASS
    assert again(tmp_path / "2", transcript, changed, WINDOW).verdict is Verdict.STALE


def test_a_mistake_that_is_still_made_fails_whatever_later_tools_return(tmp_path):
    marked = [Expectation("not_executed", "1.1.1")]
    transcript = saved(recorded(tmp_path), "mistake", expectations=marked, annotations=[Annotation("1.1.1")])
    assert again(tmp_path, transcript, but('return "R-1"', 'return "R-9"')).verdict is Verdict.FAIL


def test_a_corrected_result_passes_whatever_follows(tmp_path):
    expected = Expectation("result", "1.1.1", args={"days": 2})
    transcript = saved(recorded(tmp_path), "mistake", expectations=[expected], annotations=[Annotation("1.1.1")])
    mended = but("return shop.orders[order_number]", "return Order(order_number, 2)")
    assert again(tmp_path, transcript, mended.replace('"R-1"', '"R-9"')).verdict is Verdict.PASS


def test_a_replay_with_tools_starts_every_conversation_from_its_fixture(tmp_path):
    transcript = saved(recorded(tmp_path))
    loaded = shop(tmp_path / "now")
    verdicts = [
        replay(transcript, loaded.agent, WORLD, lambda setup: make_world(loaded, setup)).verdict for _ in range(2)
    ]
    assert verdicts == [Verdict.PASS, Verdict.PASS]


MEMORY = """
    seen = []

    @returns.policy(before=create_return)
    def once(call, conversation):
        '''One a process.'''
        seen.append(1)
        if len(seen) > 1:
            return Block("there was one already")
"""


def test_check_flaky_finds_state_kept_between_two_replays(tmp_path):
    transcript = saved(recorded(tmp_path, JOURNEY + textwrap.dedent(MEMORY).replace("\n", "\n    ")))
    journey = JOURNEY + textwrap.dedent(MEMORY).replace("\n", "\n    ")
    outcome = again(tmp_path, transcript, journey, options=Options(repeat=True))
    assert outcome.verdict is Verdict.FLAKY
    assert "once" in outcome.why


def test_check_flaky_finds_a_last_tool_with_a_different_second_result(tmp_path):
    journey = but("@returns.tool(writes=True)", "asked = []\n\n    @returns.tool(writes=True, hands_off=True)")
    then = journey.replace('return "R-1"', 'asked.append(1); return f"R-{len(asked)}"')
    transcript = saved(recorded(tmp_path, journey))
    outcome = again(tmp_path, transcript, then, options=Options(tools="sandbox", repeat=True))
    assert (outcome.verdict, outcome.why) == (Verdict.FLAKY, "two replays differ: the results of its tools")


@pytest.mark.parametrize(("strict", "verdict"), [(False, Verdict.PASS), (True, Verdict.DRIFTED)])
def test_drift_is_a_note_and_with_strict_drift_a_verdict(tmp_path, strict, verdict):
    conversation = recorded(tmp_path)
    changed = but("Find an order by its number.", "Find one order.")
    outcome = again(tmp_path, saved(conversation), changed, options=Options(strict_drift=strict))
    assert outcome.verdict is verdict
    assert outcome.drift == ("1.1.1 prompt",)


def test_a_recording_of_another_agent_is_distinguished_from_a_divergence(tmp_path):
    transcript = saved(recorded(tmp_path))
    changed = JOURNEY.replace("find_order", "look").replace("create_return", "make")
    outcome = again(tmp_path, transcript, changed, options=Options())
    assert outcome.verdict is Verdict.ERROR
    assert "recorded with another agent" in outcome.why


FIELDS = [
    ({"fields": {"order_number": "ignore"}, "args": {"order_number": "?"}}, True),
    ({"fields": {"order_number": "regex"}, "args": {"order_number": "^OL-.$"}}, True),
    ({"fields": {"order_number": "exact"}, "args": {"order_number": "OL"}}, False),
    ({"match": "exact", "args": {}}, False),
    ({"args": {"lines": [{"sku": 2}]}}, True),
    ({"args": {"lines": [{"sku": 2}]}, "match": "exact"}, False),
    ({"args": {"paid": 1}}, False),
]


@pytest.mark.parametrize(("fields", "fit"), FIELDS)
def test_each_argument_is_compared_by_its_match_mode(fields, fit):
    from workbench.transcripts.matching import arguments_match

    have = {"order_number": "OL-1", "lines": [{"sku": 1}, {"sku": 2, "n": 1}], "paid": True}
    assert arguments_match(Expectation("called_with", "1.1.1", **fields), have) is fit
