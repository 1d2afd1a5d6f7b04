"""Policies on payment methods, and on the choice of the customer."""

from __future__ import annotations

import re

from workbench import Block, Conversation, ToolCall

from . import facts
from .journey import book_reservation, reservations, update_reservation_baggages, update_reservation_flights
from .records import User

MOST = {"certificate": 1, "credit_card": 1, "gift_card": 3}
# these patterns match lower-case texts
CALLED = {
    "certificate": ("certificate", "voucher"),
    "credit_card": ("credit", "visa", "mastercard", "amex", " card"),
    "gift_card": ("gift card", "giftcard", "gift-card"),
}
METHOD = re.compile(r"\b(?:payment|method|card)s?\b")
ON_FILE = re.compile(r"\b(?:same|saved|stored|existing|usual|on file|in my profile|from my profile)\b")


@reservations.policy(before=book_reservation)
def payment_mix(call: ToolCall, conversation: Conversation) -> Block | None:
    """A booking takes at most one certificate, one credit card and three gift cards.

    Why: certificates are given to bring people back, one trip each.
    """
    kinds = [_kind(payment["payment_id"]) for payment in call["payment_methods"]]
    for kind, most in MOST.items():
        if kinds.count(kind) > most:
            return Block(f"a booking takes at most {most} {kind}", used=kinds)
    return None


@reservations.policy(before=[update_reservation_flights, update_reservation_baggages])
def changes_take_a_card(call: ToolCall, conversation: Conversation) -> Block | None:
    """A change is paid or refunded with one gift card or credit card, never with a certificate.

    Why: a certificate buys a new trip; the rest of it would be lost on a small difference.
    """
    if _kind(call["payment_id"]) == "certificate":
        return Block("a certificate cannot pay for a change: ask for a gift card or a credit card")
    return None


@reservations.policy(before=[book_reservation, update_reservation_flights, update_reservation_baggages])
def payment_is_in_the_profile(call: ToolCall, conversation: Conversation) -> Block | None:
    """Money only moves over payment methods of the customer's profile.

    Why: a method read out in a chat is nobody's for sure.
    """
    used = _original(call, conversation)
    new = [payment_id for payment_id in _ids(call) if payment_id not in used]
    profile = _profile(call, conversation) if new else None
    for payment_id in new:
        if profile is None:
            return Block("look the profile up first: this is not how the trip was paid", payment=payment_id)
        if payment_id not in profile.payment_methods:
            return Block(
                "not a payment method of the profile", payment=payment_id, there=[*profile.payment_methods]
            )
    return None


@reservations.policy(before=[book_reservation, update_reservation_flights])
def customer_chose_the_payment(call: ToolCall, conversation: Conversation) -> Block | None:
    """The customer says how to pay; only the way the trip was paid before needs no word.

    Why: people mind which card is charged more than what they are told about it.
    """
    used = _original(call, conversation)
    new = [payment_id for payment_id in _ids(call) if payment_id not in used]
    if not new:
        return None
    profile = _profile(call, conversation)
    said = "\n".join(text for _, text in conversation.messages).lower()
    unspoken = [payment_id for payment_id in new if not _spoken_of(payment_id, profile, said)]
    if unspoken and not _meant_what_is_on_file(conversation):
        return Block("nobody has spoken of this payment method: ask how to pay", payment=unspoken)
    return None


def _spoken_of(payment_id: str, profile: User | None, said: str) -> bool:
    """Return whether a text names the method by its kind, its last digits or its id."""
    kind = _kind(payment_id)
    heard = said if kind != "credit_card" else said.replace("gift card", "")
    if payment_id in said or any(word in heard for word in CALLED.get(kind, ())):
        return True
    method = profile.payment_methods.get(payment_id) if profile is not None else None
    return method is not None and bool(method.last_four) and method.last_four in said


def _meant_what_is_on_file(conversation: Conversation) -> bool:
    """Return whether one sentence of the customer names "the same card" or "a method from my profile"."""
    return any(
        METHOD.search(sentence) and ON_FILE.search(sentence)
        for text in conversation.user_messages
        for sentence in re.split(r"[.?!\n]", text.lower())
    )


def _kind(payment_id: str) -> str:
    return payment_id.rpartition("_")[0]


def _ids(call: ToolCall) -> list[str]:
    if call.tool == book_reservation.name:
        return [payment["payment_id"] for payment in call["payment_methods"]]
    return [call["payment_id"]]


def _profile(call: ToolCall, conversation: Conversation) -> User | None:
    if call.tool == book_reservation.name:
        return facts.user(conversation, call["user_id"])
    held = facts.reservation(conversation, call["reservation_id"])
    return None if held is None else facts.user(conversation, held.user_id)


def _original(call: ToolCall, conversation: Conversation) -> set[str]:
    """Return the payment methods used for the reservation so far."""
    held = facts.reservation(conversation, call.get("reservation_id", ""))
    return set() if held is None else {payment.payment_id for payment in held.payment_history}
