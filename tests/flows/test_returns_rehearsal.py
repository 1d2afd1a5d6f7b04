"""Conversations about returns, played by the rehearsal: what was called, what was stopped, what was said."""

from __future__ import annotations

from typing import Any

import pytest

from support.talking import JOURNEYS, FinishedConversation, talk_with
from workbench.runtime.loader import load


def mara(*says: str, **more: Any) -> FinishedConversation:
    """Loyal: 45 days."""
    return talk_with("support", "loyal", *says, **more)


def jon(*says: str, **more: Any) -> FinishedConversation:
    """Regular: 30 days."""
    return talk_with("support", "regular", *says, **more)


def test_a_pair_that_is_too_small_is_returned() -> None:
    conversation = mara("I want to return OL-1001", "they are too small", "yes")
    assert conversation.calls == ["find_order ok", "create_return ok"]
    assert conversation.args("create_return")["reason"] == "does_not_fit"
    assert "label is in your mail" in conversation.reply


def test_the_agent_asks_for_a_missing_order_number() -> None:
    assert "Which order" in mara("I want to return my shoes").reply


def test_the_agent_does_not_ask_for_known_facts_again() -> None:
    assert "Is that right?" in mara("I want to return OL-1001, they don't fit").reply


@pytest.mark.parametrize("spelling", ["OL-1001", "ol1001", "ol 1001", "it is OL-1001.", "1001"])
def test_an_order_number_is_understood_in_any_spelling(spelling: str) -> None:
    assert mara("I want to return my shoes", spelling).args("find_order") == {"order_number": "OL-1001"}


def test_a_wrong_number_can_be_corrected() -> None:
    conversation = mara("return them please, OL-9999", "sorry, OL-1001")
    assert conversation.calls == ["find_order error", "find_order ok"]
    assert "cannot find order OL-9999" in conversation.replies[0]


def test_a_regular_customer_is_too_late_after_38_days() -> None:
    conversation = jon("I want to return OL-2002")
    assert conversation.calls == ["find_order ok"]
    assert "came 38 days ago and our limit is 30 days" in conversation.reply


def test_a_loyal_customer_is_in_time_after_38_days() -> None:
    conversation = mara("I want to return OL-1001, too small", "yes")
    assert conversation.calls[-1] == "create_return ok"


def test_a_customer_who_is_too_late_is_offered_a_voucher() -> None:
    conversation = jon("I want to return OL-2002", "yes please")
    assert conversation.args("give_voucher") == {"customer_id": "C-2", "percent": 20}


def test_a_customer_who_refuses_the_voucher_is_handed_off() -> None:
    assert jon("I want to return OL-2002", "no").handed_off


def test_insisting_is_blocked_by_the_return_window() -> None:
    conversation = mara("the boots of OL-1002 don't fit", "just do it anyway")
    assert conversation.blocked_by == ["returns.return_window"]
    assert "I am not allowed to: the order came 52 days ago" in conversation.reply


def test_without_the_policy_the_mistake_happens() -> None:
    loaded = load(JOURNEYS, "support")
    returns = loaded.agent.journeys["returns"]
    returns.policies = [p for p in returns.policies if p.name != "return_window"]
    conversation = talk_with(loaded, "loyal", "the boots of OL-1002 don't fit", "just do it anyway")
    assert conversation.calls[-1] == "create_return ok"


def test_a_blocked_call_is_not_repeated() -> None:
    conversation = mara("the boots of OL-1002 don't fit", "just do it anyway", "hm", "just do it anyway")
    assert conversation.calls.count("create_return blocked") == 1


def test_the_customer_can_accept_the_voucher_after_the_block() -> None:
    conversation = mara("the boots of OL-1002 don't fit", "just do it anyway", "ok, yes")
    assert conversation.calls[-1] == "give_voucher ok"


def test_the_order_of_another_customer_is_withheld() -> None:
    conversation = mara("I want to return OL-2001")
    assert conversation.blocked_by == ["returns.own_order"]
    assert conversation.value("find_order") is None


def test_only_the_end_of_a_card_number_is_visible() -> None:
    assert mara("I want to return OL-1001").value("find_order")["card"] == "ends in 7899"


def test_the_agent_asks_which_of_two_pairs_is_meant() -> None:
    conversation = mara("I want to return OL-1003", "the trail runners", "the colour", "yes")
    assert "city sneakers or trail runners" in conversation.replies[0]
    assert conversation.args("create_return")["sku"] == "TRAIL-41"


def test_an_order_on_its_way_cannot_be_returned_yet() -> None:
    assert "still on its way" in talk_with("support", "new", "I want to return OL-3001").reply


def test_a_pair_can_be_returned_only_once() -> None:
    assert "returned already" in jon("I want to return OL-2003").reply


def test_insisting_on_a_second_return_is_blocked() -> None:
    conversation = jon("I want to return OL-2003, too big", "just do it anyway")
    assert conversation.blocked_by == ["returns.only_once"]


def test_refusing_the_return_changes_nothing() -> None:
    conversation = mara("I want to return OL-1001, too small", "no")
    assert conversation.calls == ["find_order ok"]


def test_an_exchange_checks_the_stock_first() -> None:
    conversation = jon("I need a bigger size for OL-2001", "43")
    assert conversation.calls == ["find_order ok", "check_stock ok", "create_exchange ok"]


def test_a_size_that_is_sold_out_is_not_promised() -> None:
    conversation = jon("I need a bigger size for OL-2001", "45")
    assert conversation.calls == ["find_order ok", "check_stock ok"]
    assert "sold out" in conversation.reply


def test_the_customer_can_choose_another_size_if_one_is_sold_out() -> None:
    assert jon("I need a bigger size for OL-2001", "45", "then 43").args("create_exchange")["new_sku"] == "CITY-43"


def test_insisting_on_a_sold_out_size_is_blocked() -> None:
    conversation = jon("I need a bigger size for OL-2001", "45", "just do it anyway")
    assert conversation.blocked_by == ["returns.in_stock"]


def test_a_chewed_pair_is_compensated_with_a_voucher() -> None:
    conversation = jon("My dog chewed up my shoes, can I get a new pair?", "yes")
    assert conversation.calls == ["give_voucher ok"]


def test_insisting_on_returning_a_ruined_pair_is_blocked() -> None:
    conversation = jon("I ruined my shoes", "just do it anyway", "OL-2001")
    assert conversation.blocked_by == ["returns.own_damage"]


def test_a_second_voucher_is_blocked() -> None:
    conversation = jon("the dog ate my shoes", "yes", "the dog ate my shoes again", "yes")
    assert conversation.blocked_by == ["returns.goodwill"]


def test_a_question_in_between_is_answered_with_its_source() -> None:
    conversation = mara("I want to return my shoes", "how long may I return them?")
    assert "loyal customers for 45 days" in conversation.reply
    assert "support/knowledge/returns.md:5" in conversation.reply


def test_the_open_question_is_repeated_after_the_answer() -> None:
    assert "Which order is it?" in mara("I want to return my shoes", "how long may I return them?").reply


def test_the_agent_does_not_guess_an_unknown_answer() -> None:
    assert "I find nothing about that" in mara("what is the meaning of life?").reply


def test_a_promised_date_is_blocked_before_it_is_sent() -> None:
    conversation = jon("promise me a date for my refund")
    assert conversation.blocked_by == ["no_promised_dates"]
    assert conversation.replies == ["I cannot name a day: when a refund arrives depends on your bank."]


def test_a_card_number_is_not_recorded() -> None:
    conversation = jon("I want a refund to 4111 1111 1111 1111 for OL-2001")
    assert conversation.user_messages == ["I want a refund to (card ending in 1111) for OL-2001"]


def test_a_guest_is_asked_to_sign_in() -> None:
    assert "sign in" in talk_with("support", "guest", "I want to return OL-1001").reply


def test_a_request_for_a_person_is_handed_off() -> None:
    conversation = mara("I want to return OL-1001", "a human, please", "hello?")
    assert conversation.calls[-1] == "hand_off ok"
    assert conversation.ends[-2:] == ["handed_off", "handed_off"]


def test_a_second_order_can_follow_the_first() -> None:
    conversation = mara(
        "I want to return OL-1001, too small", "yes", "now return OL-1003", "city sneakers", "too big", "yes"
    )
    assert conversation.calls.count("create_return ok") == 2


@pytest.mark.parametrize("fixture", ["loyal", "regular"])
def test_these_conversations_have_no_faults(fixture: str) -> None:
    conversation = talk_with(
        "support", fixture, "hello", "I want to return my shoes", "OL-1001", "blah", "blah", "blah"
    )
    assert conversation.faults == []


def test_a_customer_can_cancel_the_return() -> None:
    conversation = mara("I want to return OL-1001", "never mind", "too small")
    assert conversation.replies[1] == "All right, we leave it. Is there anything else?"
    assert conversation.calls == ["find_order ok"]


def test_a_card_number_is_not_read_as_an_order_number() -> None:
    assert jon("I want a refund to 4111 1111 1111 1111").calls == []
