"""Guards at the limits of each rule: on its last day and on the day after.

They cover what `workbench mutate` found uncovered. The answers are scripted,
because no good model gives them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from workbench.testing import Blocks, tool_use
from workbench.transcripts.expectation import Expectation

from .sample import RADIO, RETURNS, SPEAKER, Sample


def call(tool: str, **args: Any) -> dict[str, Any]:
    return tool_use(tool, "", **args)


def enter(journey: str) -> dict[str, Any]:
    return call("enter_journey", journey=journey)


def find_order(number: str) -> dict[str, Any]:
    return call("find_order", order_number=number)


def give_back(number: str, sku: str, reason: str, refund_to: str) -> dict[str, Any]:
    return call("create_return", order_number=number, sku=sku, reason=reason, refund_to=refund_to)


def exchange(number: str, sku: str, new_sku: str) -> list[dict[str, Any]]:
    return [call("check_stock", sku=new_sku), swap(number, sku, new_sku)]


def swap(number: str, sku: str, new_sku: str) -> dict[str, Any]:
    return call("create_exchange", order_number=number, sku=sku, new_sku=new_sku)


def on_day(title: str, fixture: str, day: str, number: str, sku: str, paid: str) -> Sample:
    """A return on a certain day."""
    return Sample(
        title, fixture, (f"I send {number} back, it is too small.",), clock=f"{day}T10:00:00+01:00", tags=RETURNS,
        answers=(
            [enter("returns")], [find_order(number)], [give_back(number, sku, "does_not_fit", paid)], "Well.",
        ),
    )  # fmt: skip


def replaced_on(title: str, fixture: str, day: str, owner: str, serial: str) -> Sample:
    """A replacement for a broken speaker on a certain day."""
    look: Blocks = [call("list_devices", customer_id=owner), call("run_diagnostics", serial=serial)]
    return Sample(
        title, fixture, (f"{serial} is broken, replace it.",), clock=f"{day}T10:00:00+01:00", tags=SPEAKER,
        answers=([enter("speaker")], look, [call("send_replacement", serial=serial)], "Well."),
    )  # fmt: skip


def stopped_by(policy: str, *tools: str) -> tuple[Expectation, ...]:
    return tuple(Expectation("blocked", tool, policy=policy) for tool in tools)


DAYS = [
    on_day("A loyal customer returns on day 45", "loyal", "2026-03-17", "OL-1001", "TRAIL-42", "Visa"),
    on_day("A loyal customer is late on day 46", "loyal", "2026-03-18", "OL-1001", "TRAIL-42", "Visa"),
    on_day("A customer returns on day 30", "regular", "2026-03-30", "OL-2001", "CITY-44", "invoice"),
    on_day("A customer is late on day 31", "regular", "2026-03-31", "OL-2001", "CITY-44", "invoice"),
    on_day("Nothing goes back before it has come", "new", "2026-03-10", "OL-3001", "TRAIL-38", "PayPal"),
    replaced_on("A loyal customer's speaker after 1095 days", "loyal", "2026-09-01", "C-1", "SP-4402"),
    replaced_on("A loyal customer's speaker after 1096 days", "loyal", "2026-09-02", "C-1", "SP-4402"),
    replaced_on("A speaker in its second year", "lapsed", "2025-06-01", "C-4", "SP-4405"),
]

ORDERS = [
    Sample(
        "Two orders at once are kept apart", "loyal",
        ("OL-1001 came torn, take it back.", "And all of OL-1003.", "And a bigger pair for OL-1002."),
        answers=(
            [enter("returns")],
            [give_back("OL-1001", "TRAIL-42", "arrived_faulty", "Visa")],  # nobody has looked it up
            [find_order("OL-1001"), find_order("OL-1003")],
            [give_back("OL-1001", "TRAIL-42", "arrived_faulty", "Visa")],
            "Your return is open.",
            [find_order("OL-1002")],
            [give_back("OL-1003", sku, "not_as_expected", "PayPal")
             for sku in ("CITY-42", "TRAIL-41", "TRAIL-41")],
            "Both pairs can go back.",
            [*exchange("OL-1002", "BOOT-42", "BOOT-43")],
            "That one is too old, I am sorry.",
        ),
        tags=RETURNS,
    ),
    Sample(
        "One pair and one voucher, once", "regular",
        ("I want a bigger pair for OL-2003 and OL-2001.", "One more pair for OL-2001!", "Then give me a voucher."),
        answers=(
            [enter("returns")],
            [find_order("OL-2003"), find_order("OL-2001")],
            [give_back("OL-2003", "BOOT-44", "does_not_fit", "invoice")],
            [*exchange("OL-2003", "BOOT-44", "BOOT-43")],
            [call("check_stock", sku="CITY-43"), *exchange("OL-2001", "CITY-44", "CITY-45")],
            [swap("OL-2001", "CITY-44", "CITY-39"), swap("OL-2001", "CITY-44", "CITY-43")],
            "Your exchange is open.",
            [swap("OL-2001", "CITY-44", "CITY-43")],
            "That pair went back already.",
            [call("give_voucher", customer_id=customer, percent=percent)
             for customer, percent in (("C-2", 21), ("C-1", 20), ("C-2", 20), ("C-2", 20))],
            "Your voucher is ready.",
        ),
        tags=RETURNS,
    ),
    Sample(
        "A guest changes nothing, whatever the model tries", "guest",
        ("Return OL-1001 and give me a voucher.", "Then refresh the radio CR-48214.", "Then replace SP-4402."),
        answers=(
            [enter("returns")],
            [find_order("OL-1001")],
            [give_back("OL-1001", "TRAIL-42", "does_not_fit", "Visa")],
            [*exchange("OL-1001", "TRAIL-42", "TRAIL-43"), call("give_voucher", customer_id="", percent=20)],
            "Please sign in first.",
            [enter("radio")],
            [call("send_refresh", radio_id="CR-48214")],
            "Please sign in first.",
            [enter("speaker")],
            [call("list_devices", customer_id="")],
            [call("run_diagnostics", serial="SP-4402"), call("send_replacement", serial="SP-4402")],
            "Please sign in first.",
        ),
        tags=RETURNS,
        holds=(
            *stopped_by("signed_in", "create_return", "create_exchange", "send_refresh", "send_replacement"),
            *stopped_by("radio.active_and_paid", "send_refresh"),
            *stopped_by("speaker.warranty", "send_replacement"),
        ),
    ),
]  # fmt: skip

UNKNOWN = [
    Sample(
        "Numbers that nobody knows", "loyal",
        ("Something of mine came broken. I have no number.", "And my speakers?", "And the radio?"),
        answers=(
            [enter("returns")],
            [find_order("OL-9999"), call("check_stock", sku="NOPE-1")],
            [find_order("OL-1003"), give_back("OL-1003", "NOPE-1", "arrived_faulty", "PayPal")],
            "Please look for the number.",
            [enter("speaker")],
            [call("find_account", customer_id="C-9"), call("latest_firmware", model="Nope"),
             call("check_network", serial="SP-9999"), call("replacements_left", model="Nope")],
            [call("list_devices", customer_id="C-1")],
            [call("register_device", serial=serial, customer_id="C-1")
             for serial in ("SP-9999", "SP-4403", "SP-4401")],
            "Please look for the number.",
            [enter("radio")],
            [call("find_subscription", customer_id="C-9"), call("check_payment", subscription="RS-9999"),
             call("find_radio", radio_id="CR-99999")],
            "Please look for the number.",
        ),
        tags=SPEAKER,
    ),
]  # fmt: skip

SPEAKERS = [
    Sample(
        "A speaker is looked at before it is touched", "loyal",
        ("All my speakers are silent. Update them!", "Replace them.", "Send somebody."),
        answers=(
            [enter("speaker")],
            [call("free_visits"), call("book_visit", serial="SP-4402", slot="Friday 14:00"),
             call("check_network", serial="SP-4401"), call("reset_speaker", serial="SP-4401")],
            [call("list_devices", customer_id="C-1")],
            [call("update_firmware", serial="SP-4402")],  # another one was looked at
            [call("check_network", serial="SP-4402"), call("update_firmware", serial="SP-4402")],
            [call("register_device", serial="SP-4404", customer_id=customer) for customer in ("C-2", "C-1")],
            [call("reconnect", serial="SP-4402"), call("update_firmware", serial="SP-4404")],
            [call("update_firmware", serial="SP-4401"), call("reset_speaker", serial="SP-4401"),
             call("reset_speaker", serial="SP-4402")],
            "That was all I may try.",
            [call("send_replacement", serial="SP-4402")],
            [call("run_diagnostics", serial=serial) for serial in ("SP-4402", "SP-4401")],
            [call("send_replacement", serial=serial) for serial in ("SP-4401", "SP-4402")],
            "A new Brook is on its way.",
            [call("book_visit", serial="SP-4401", slot="Friday 14:00")],  # nobody has looked when they are free
            [call("free_visits"), call("book_visit", serial="SP-4401", slot="Monday 8:00")],
            [call("book_visit", serial="SP-4401", slot="Friday 14:00")],
            "A technician comes on Friday.",
        ),
        tags=SPEAKER,
    ),
    Sample(
        "A stranger's speaker is left alone", "loyal",
        ("SP-4405 is mine too. Do all you can.",),
        answers=(
            [enter("speaker")],
            [call("list_devices", customer_id=customer) for customer in ("C-1", "C-4")],
            [call("check_network", serial="SP-4405"), call("run_diagnostics", serial="SP-4405")],
            [call("free_visits")],
            [call(tool, serial="SP-4405")
             for tool in ("reconnect", "update_firmware", "reset_speaker", "send_replacement")],
            [call("book_visit", serial="SP-4405", slot="Friday 14:00")],
            "That speaker is not registered to you.",
        ),
        tags=SPEAKER,
    ),
]  # fmt: skip

RADIOS = [
    Sample(
        "A signal is sent to the right radio, once", "loyal",
        ("Refresh CR-48213.", "Again!", "And CR-48214.", "And my neighbour's, CR-60009."),
        answers=(
            [enter("radio")],
            [call("send_refresh", radio_id="CR-48213")],
            [call("find_subscription", customer_id="C-1"), call("find_radio", radio_id="CR-48213"),
             call("send_refresh", radio_id="CR-48213")],
            "The signal is on its way.",  # it is not
            [call("check_payment", subscription="RS-7001"), call("find_subscription", customer_id="C-2"),
             call("check_payment", subscription="RS-7004"), call("find_radio", radio_id="CR-51777")],
            [call("send_refresh", radio_id="CR-48213")],
            "The signal is on its way.",
            [call("send_refresh", radio_id="CR-48213")],
            "One signal an hour is the limit.",
            [call("send_refresh", radio_id="CR-48214")],
            [call("find_radio", radio_id="CR-48214"), call("send_refresh", radio_id="CR-48214")],
            "The signal is on its way.",
            [call("find_radio", radio_id="CR-60009"), call("send_refresh", radio_id="CR-60009")],
            "That radio is not part of your subscription.",
        ),
        tags=RADIO,
    ),
    *(
        Sample(
            title, "regular", ("Refresh CR-51777.",), clock=clock, tags=RADIO,
            answers=(
                [enter("radio")],
                [call("find_subscription", customer_id="C-2"), call("check_payment", subscription="RS-7002"),
                 call("find_radio", radio_id="CR-51777")],
                [call("send_refresh", radio_id="CR-51777")],
                "The signal is on its way.",
            ),
        )
        for title, clock in (
            ("A radio is refreshed again after one hour", "2026-03-10T10:40:00+01:00"),
            ("A radio is refreshed on its last paid day", "2026-03-31T10:00:00+02:00"),
        )
    ),
    Sample(
        "A subscription that is paused is not refreshed", "new",
        ("Refresh CR-70001.",), customer={"services": ["radio"]}, tags=RADIO,
        answers=(
            [enter("radio")],
            [call("find_subscription", customer_id="C-3"), call("check_payment", subscription="RS-7003"),
             call("find_radio", radio_id="CR-70001")],
            [call("send_refresh", radio_id="CR-70001")],
            "Your subscription is paused.",
        ),
    ),
    Sample(
        "No radio journey for who has no radio", "new",
        ("Refresh my radio.",), answers=([enter("radio")], "You have no radio with us."), tags=RADIO,
    ),
]  # fmt: skip

WORDS = [
    Sample(
        "No date for money, however it is put", "regular",
        ("When is my money back?", "Tell me the day.", "Really?", "What did your colleague write?"),
        answers=(
            "Your refund is there by Friday.",
            "The money is there on the 12th.",
            "We pay back all of it until tomorrow.",
            "A refund takes time\nYour new pair comes on Friday",
            "Your refund comes within 3 days.",
            "Expect the money in 2 weeks.",
            "Your refund is on its way. The parcel comes on Friday.",
            "You may return the shoes until Friday.",
            "It says “your refund comes within 3 days”; I cannot promise that.",
        ),
        tags=RETURNS,
    ),
    Sample(
        "A date where money is not the subject", "regular",
        ("When does the technician come?",),
        answers=("On Friday; he takes no money before that, and by Monday all is done.",),
        tags=SPEAKER,
    ),
    Sample(
        "No amount that nobody named", "regular",
        ("What would I get for OL-2001? I think I paid 70 euros.", "And the parcel?"),
        answers=(
            [enter("returns")],
            [find_order("OL-2001")],
            "You get € 71.",
            "You get EUR 72,50.",
            "You get 73 €.",
            "You get 74 euros.",
            "You get 75 EUR.",
            "You wrote 70 euros; the record says 69,50 euros.",
            "Sending it back is free.",
        ),
        tags=RETURNS,
    ),
    Sample(
        "Card numbers from sixteen digits to nineteen", "regular",
        ("4111 1111 1111 1111", "4111111111111111110", "411111111111111", "41111111111111111111"),
        answers=("Please do not send card numbers.",) * 4,
        tags=RETURNS,
    ),
    *(
        Sample(f"A person takes over: {title}", "regular", (f"help, {said}",), tags=SPEAKER)
        for title, said in (
            ("it burns", "my speaker burns"),
            ("it sparks", "there are sparks in my speaker"),
            ("it overheats", "my speaker overheats"),
            ("it is on fire", "my speaker is on fire"),
            ("an electric shock", "my speaker gave me an electric shock"),
        )
    ),
]  # fmt: skip

LIMITS = [replace(s, folder="limits") for s in (*DAYS, *ORDERS, *UNKNOWN, *SPEAKERS, *RADIOS, *WORDS)]
