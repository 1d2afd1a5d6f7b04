"""Conversations about car radios, played by the rehearsal: a signal that cannot be called back."""

from __future__ import annotations

from support.talking import JOURNEYS, FinishedConversation, talk_with
from workbench.runtime.loader import load


def mara(*says: str) -> FinishedConversation:
    """CR-48213 and CR-48214, paid."""
    return talk_with("support", "loyal", *says)


def jon(*says: str) -> FinishedConversation:
    """CR-51777, refreshed 20 minutes ago."""
    return talk_with("support", "regular", *says)


def tom(*says: str) -> FinishedConversation:
    """CR-60009, not paid since January."""
    return talk_with("support", "lapsed", *says)


def test_a_radio_is_refreshed_and_plays() -> None:
    conversation = mara("refresh my radio", "CR-48213", "yes", "yes, it plays")
    assert conversation.calls[-1] == "send_refresh ok"
    assert "enjoy the music" in conversation.reply


def test_subscription_and_payment_are_checked_before_the_radio() -> None:
    assert mara("refresh my radio").calls == ["find_subscription ok", "check_payment ok"]


def test_the_agent_asks_for_the_radio_id_and_says_where_to_find_it() -> None:
    assert "channel 0" in mara("my car radio lost its channels").reply


def test_an_id_in_the_first_message_is_used() -> None:
    assert mara("refresh my radio cr 48213").args("find_radio") == {"radio_id": "CR-48213"}


def test_nothing_is_sent_until_the_radio_is_on_and_outdoors() -> None:
    conversation = mara("refresh my radio CR-48213")
    assert "send_refresh ok" not in conversation.calls
    assert "open sky" in conversation.reply


def test_nothing_is_sent_to_a_car_in_a_garage() -> None:
    conversation = mara("refresh my radio CR-48213", "no, it is in the garage")
    assert "send_refresh ok" not in conversation.calls


def test_an_unknown_id_can_be_corrected() -> None:
    conversation = mara("refresh my radio CR-99999", "oh, CR-48213")
    assert conversation.calls[2:4] == ["find_radio error", "find_radio ok"]


def test_the_radio_of_another_customer_is_not_refreshed() -> None:
    conversation = mara("refresh my radio CR-51777")
    assert "not part of your subscription" in conversation.reply


def test_insisting_on_the_radio_of_another_customer_is_blocked() -> None:
    assert "radio.own_radio" in mara("refresh my radio CR-51777", "just do it anyway").blocked_by


def test_a_radio_refreshed_20_minutes_ago_is_not_refreshed_again() -> None:
    conversation = jon("refresh my radio CR-51777")
    assert "send_refresh ok" not in conversation.calls
    assert "refreshed at 09:40" in conversation.reply


def test_insisting_within_the_hour_is_blocked() -> None:
    conversation = jon("refresh my radio CR-51777", "just do it anyway")
    assert conversation.blocked_by == ["radio.once_an_hour"]
    assert "refreshed 20 minutes ago" in conversation.reply


def test_a_second_signal_is_sent_without_the_policy() -> None:
    loaded = load(JOURNEYS, "support")
    radio = loaded.agent.journeys["radio"]
    radio.policies = [p for p in radio.policies if p.name != "once_an_hour"]
    conversation = talk_with(loaded, "regular", "refresh my radio CR-51777", "just do it anyway")
    assert conversation.calls[-1] == "send_refresh ok"


def test_a_signal_sent_in_this_conversation_counts_for_the_hour() -> None:
    conversation = mara("refresh my radio CR-48213", "yes", "yes", "refresh my radio again", "just do it anyway")
    assert "radio.once_an_hour" in conversation.blocked_by


def test_an_unpaid_subscription_is_not_refreshed() -> None:
    conversation = tom("refresh my radio")
    assert "€ 23.70 are open" in conversation.reply


def test_insisting_without_paying_is_blocked() -> None:
    conversation = tom("refresh my radio", "just do it anyway", "CR-60009")
    assert conversation.blocked_by == ["radio.active_and_paid"]


def test_only_the_end_of_a_bank_account_is_visible() -> None:
    assert tom("refresh my radio").value("check_payment")["account"] == "ends in 9876"


def test_a_radio_that_stays_silent_is_handed_off() -> None:
    assert mara("refresh my radio CR-48213", "yes", "no, nothing").handed_off


def test_one_conversation_can_refresh_two_radios() -> None:
    conversation = mara("refresh my radio CR-48213", "yes", "yes", "refresh my radio CR-48214 too", "yes")
    assert conversation.calls.count("send_refresh ok") == 2


def test_a_cancellation_of_the_contract_is_handed_off() -> None:
    assert mara("I want to cancel my subscription").handed_off


def test_a_customer_without_a_radio_cannot_enter_the_journey() -> None:
    conversation = talk_with("support", "new", "refresh my radio")
    assert "I cannot help with this at the moment" in conversation.reply


def test_a_customer_without_a_radio_is_not_offered_the_journey() -> None:
    assert "car radio" not in talk_with("support", "new", "hello").reply


def test_a_guest_is_asked_to_sign_in() -> None:
    assert "sign in" in talk_with("support", "guest", "refresh my radio").reply


def test_a_question_is_answered_and_the_open_question_is_repeated() -> None:
    conversation = mara("refresh my radio", "where do I find the radio id?")
    assert "The display shows CR and five digits" in conversation.reply
    assert "What is the id of your radio?" in conversation.reply


def test_a_price_is_stated_only_with_its_source() -> None:
    conversation = mara("how much is the radio subscription?")
    assert "7.90 euros" in conversation.reply
    assert "known_amounts" not in conversation.blocked_by
