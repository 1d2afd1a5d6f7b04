"""The radio rehearsal: subscription, payment, radio, signal, and whether it plays."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from workbench import Ask, Call, CallFailed, Confirm, HandOff, Rehearsal, Say, Scene, Slot

from .journey import HOUR, check_payment, find_radio, find_subscription, radio, send_refresh

__all__ = ["radio"]  # agent.py imports the journey from here, so that it comes with its script

radio.rehearsal = script = Rehearsal()

Part = Generator[Any, Any, Any]

RADIO = Slot(
    "radio id",
    r"\bCR[- ]?(\d{5})\b",
    format="CR-{}",
    bare_pattern=r"\b(\d{5})\b",
    ask="What is the id of your radio? Turn to channel 0: it shows something like CR-48213.",
)


@script.intent(
    "refresh my radio", "my radio lost its channels", "no channels on the car radio", "car radio does not play",
    "my car radio is silent", "radio says not subscribed", "send the refresh signal", "radio reception is gone",
    "activate my radio",
)  # fmt: skip
def refresh(scene: Scene) -> Part:
    """Refresh a car radio."""
    yield from paid(scene)
    found = yield from the_radio(scene)
    last = found.last_refresh
    if last is not None and scene.now - last < HOUR and not scene.insists:
        yield Say(
            f"Your {found.car} was refreshed at {last:%H:%M}, and it can take an hour. If it is still silent at"
            f" {last + HOUR:%H:%M}, write again and I send a new signal.",
            why="refreshed less than an hour ago: wait",
        )
    if not scene.insists and not (
        yield Confirm(f"Is the radio of your {found.car} on, and the car under open sky?", why="before the signal")
    ):
        yield Say(
            "Drive into the open and switch the radio on; then write “refresh my radio” again.", why="not ready"
        )
    try:
        yield Call(
            send_refresh, "the customer insists" if scene.insists else "all checked: send", radio_id=found.radio_id
        )
    except CallFailed as no:
        yield Say(
            f"I tried, but I am not allowed to: {no.reason}. Leave the radio on meanwhile, that often helps.",
            why=f"a policy blocked it: {no.reason}",
        )
    if (yield Confirm("The signal is on its way. Give it a minute: does it play now?", why="does it play?")):
        yield Say("Good. Drive safely, and enjoy the music.", why="it plays: done")
    yield HandOff(f"{found.radio_id} stays silent after a refresh", why="one signal an hour: a person is better")


@script.intent("cancel my subscription", "upgrade my subscription", "pay my subscription", "radio bill wrong")
def not_ours(scene: Scene) -> Part:
    """Contracts are for people."""
    yield HandOff("a question about the radio contract", why="contracts are for people")


def paid(scene: Scene) -> Part:
    """The subscription must be active and paid; where the customer insists, that is left to the policy."""
    if not scene.customer:
        yield Say("Please sign in first: then I can see your subscription.", why="not signed in")
    subscription = yield Call(find_subscription, "find the subscription", customer_id=scene.customer["id"])
    payment = yield Call(check_payment, "is it paid?", subscription=subscription.number)
    if scene.insists:
        return
    if payment.paid_until < scene.now.date():
        yield Say(
            f"Your subscription {subscription.number} was paid until {payment.paid_until} and € {payment.owed:.2f}"
            " are open. As soon as that is paid, I can refresh the radio.",
            why=f"paid until {payment.paid_until}: no refresh",
        )
    if subscription.status != "active":
        yield Say(
            f"Your subscription {subscription.number} is {subscription.status}.", why="not active: no refresh"
        )


def the_radio(scene: Scene) -> Part:
    """The radio, looked up; it must belong to the subscription."""
    radio_id = yield Ask(RADIO)
    try:
        found = yield Call(find_radio, "which car is it in?", radio_id=radio_id)
    except CallFailed:
        yield Say(f"I cannot find a radio {radio_id}. Could you look at channel 0 again?", why="wrong id")
    subscription = yield Call(find_subscription, "is it theirs?", customer_id=scene.customer["id"])
    if radio_id not in subscription.radios and not scene.insists:
        yield Say(
            f"{radio_id} is not part of your subscription. Could you look at channel 0 again?",
            why="another subscription's radio: no refresh",
        )
    return found
