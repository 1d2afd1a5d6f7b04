"""Conversations about speakers, played by the rehearsal: seven systems, branches, a limit on tries."""

from __future__ import annotations

import pytest

from support.talking import JOURNEYS, FinishedConversation, talk_with
from workbench.runtime.loader import load
from workbench.trace.events import ToolResult


def mara(*says: str) -> FinishedConversation:
    """A Tidal with old firmware, a Brook that is offline and broken."""
    return talk_with("support", "loyal", *says)


def jon(*says: str) -> FinishedConversation:
    """A Tidal whose update breaks off."""
    return talk_with("support", "regular", *says)


def ada(*says: str) -> FinishedConversation:
    """A new Brook, SP-4404, not set up yet."""
    return talk_with("support", "new", *says)


def tom(*says: str) -> FinishedConversation:
    """A broken Brook, out of warranty."""
    return talk_with("support", "lapsed", *says)


def test_a_silent_speaker_enters_the_speaker_journey() -> None:
    assert mara("my speaker is silent").entered == ["speaker"]


def test_account_and_devices_are_looked_up_in_one_answer() -> None:
    conversation = mara("my speaker is silent")
    assert [str(s.step_id) for s in conversation.trace if isinstance(s, ToolResult)][1:] == ["1.2.1", "1.2.2"]


def test_only_the_town_of_an_address_is_visible() -> None:
    assert mara("my speaker is silent").value("find_account")["address"] == "Freiburg"


def test_the_agent_asks_which_of_two_speakers_is_meant() -> None:
    assert mara("my speaker has no sound").reply == "Which one is it: Tidal or Brook?"


def test_the_agent_does_not_ask_about_a_single_speaker() -> None:
    assert "Let us look at your Tidal" in jon("my speaker has no sound").reply


def test_a_speaker_with_old_firmware_plays_after_an_update() -> None:
    conversation = mara("my speaker has no sound", "Tidal", "yes", "yes")
    assert conversation.calls[2:] == ["check_network ok", "latest_firmware ok", "update_firmware ok"]
    assert "old firmware" in conversation.reply


def test_a_speaker_that_is_silent_after_the_update_is_diagnosed_and_reset() -> None:
    conversation = mara("my speaker has no sound", "Tidal", "yes", "no, still silent", "yes it does")
    assert conversation.calls[-2:] == ["run_diagnostics ok", "reset_speaker ok"]
    assert "A reset was all it needed" in conversation.reply


def test_a_speaker_that_is_silent_after_the_reset_is_handed_off() -> None:
    assert mara("my speaker has no sound", "Tidal", "yes", "no", "no").handed_off


def test_an_offline_speaker_is_paired_before_anything_else() -> None:
    conversation = mara("my speaker has no sound", "Brook", "yes", "yes, it blinks")
    assert conversation.calls[2:4] == ["check_network ok", "reconnect ok"]


def test_a_broken_amplifier_is_replaced_when_the_customer_agrees() -> None:
    conversation = mara("my speaker has no sound", "Brook", "yes", "yes", "yes")
    assert conversation.calls[-2:] == ["replacements_left ok", "send_replacement ok"]


def test_no_replacement_is_sent_if_the_customer_refuses() -> None:
    conversation = mara("my speaker has no sound", "Brook", "yes", "yes", "no")
    assert "send_replacement ok" not in conversation.calls
    assert conversation.handed_off


def test_a_speaker_without_power_is_handed_off() -> None:
    conversation = jon("my speaker is dead", "no", "no")
    assert conversation.calls[-1] == "hand_off ok"


def test_an_unplugged_speaker_is_checked_once_it_has_power() -> None:
    assert "check_network ok" in jon("my speaker is dead", "no", "yes, now it is on").calls


def test_a_broken_update_is_tried_twice() -> None:
    conversation = jon("my speaker is broken", "yes")
    assert conversation.calls.count("update_firmware error") == 2
    assert "Shall I look inside the speaker instead?" in conversation.reply


def test_insisting_on_a_third_try_is_blocked() -> None:
    conversation = jon("my speaker is broken", "yes", "just do it anyway")
    assert conversation.blocked_by == ["speaker.two_tries"]
    assert "tried 2 times already" in conversation.reply


def test_without_the_policy_the_third_try_happens() -> None:
    loaded = load(JOURNEYS, "support")
    speaker = loaded.agent.journeys["speaker"]
    speaker.policies = [p for p in speaker.policies if p.name != "two_tries"]
    conversation = talk_with(loaded, "regular", "my speaker is broken", "yes", "just do it anyway")
    assert conversation.calls.count("update_firmware error") == 3


def test_a_reset_after_two_updates_is_blocked() -> None:
    conversation = jon("my speaker is broken", "yes", "yes")
    assert conversation.calls[-2:] == ["reset_speaker blocked", "hand_off ok"]


def test_a_replacement_out_of_warranty_is_blocked() -> None:
    assert tom("speaker not working", "yes", "yes").blocked_by == ["speaker.warranty"]


def test_a_technician_is_offered_for_a_speaker_out_of_warranty() -> None:
    conversation = tom("speaker not working", "yes", "yes")
    assert "Thursday 9:00 or Friday 14:00" in conversation.reply


def test_a_visit_is_booked_at_the_chosen_time() -> None:
    assert tom("speaker not working", "yes", "yes", "Friday please").args("book_visit")["slot"] == "Friday 14:00"


def test_visits_are_not_available_before_the_diagnostics() -> None:
    conversation = tom("speaker not working", "yes")
    prompts = [s for s in conversation.trace if hasattr(s, "hidden")]
    assert "free_visits" in [h.name for h in prompts[1].hidden]
    assert "free_visits" not in [h.name for h in prompts[-1].hidden]


def test_a_new_speaker_is_registered_paired_and_updated() -> None:
    conversation = ada("set up my new speaker", "SP-4404", "it blinks, yes", "yes")
    assert [c for c in conversation.calls if not c.startswith(("check", "latest"))] == [
        "register_device ok",
        "reconnect ok",
        "update_firmware ok",
    ]


def test_the_speaker_of_another_customer_cannot_be_registered() -> None:
    assert "registered to somebody else" in ada("set up my new speaker SP-4401").reply


def test_an_unknown_serial_number_is_reported() -> None:
    assert "there is no speaker SP-9999" in ada("set up my new speaker SP-9999").reply


def test_a_customer_without_a_speaker_sees_that_none_is_registered() -> None:
    assert "no speaker under your account" in ada("my speaker has no sound").reply


def test_nothing_is_changed_for_a_guest_who_insists() -> None:
    conversation = talk_with("support", "guest", "set up my speaker SP-4404", "just do it anyway")
    assert conversation.blocked_by == ["signed_in"]


def test_a_speaker_with_smoke_is_handed_off_immediately() -> None:
    conversation = jon("my speaker is silent and there is smoke")
    assert conversation.decided("escalate") == ["danger"]
    assert conversation.reply.startswith("Please unplug it")


def test_a_change_of_subject_enters_the_other_journey() -> None:
    conversation = mara("my speaker has no sound", "I want to return OL-1001")
    assert conversation.entered == ["speaker", "returns"]


def test_three_messages_that_are_not_understood_cause_a_hand_off() -> None:
    assert mara("my speaker has no sound", "purple", "monday", "seven").handed_off


@pytest.mark.parametrize("answer", ["yes", "Yes, it is", "yep", "ok", "the light is on"])
def test_yes_has_many_forms(answer: str) -> None:
    assert "check_network ok" in jon("my speaker has no sound", answer).calls


@pytest.mark.parametrize("answer", ["no", "nope", "it isn't", "not really", "it is off"])
def test_no_has_many_forms(answer: str) -> None:
    assert "Plug it in" in jon("my speaker has no sound", answer).reply
