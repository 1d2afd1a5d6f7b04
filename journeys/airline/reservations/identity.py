"""Policies on lookups that must precede every write."""

from __future__ import annotations

from workbench import Block, Conversation, ToolCall

from . import facts
from .journey import (
    book_reservation,
    cancel_reservation,
    get_user_details,
    reservations,
    send_certificate,
    update_reservation_baggages,
    update_reservation_flights,
    update_reservation_passengers,
)


@reservations.policy(
    before=[
        cancel_reservation,
        update_reservation_flights,
        update_reservation_baggages,
        update_reservation_passengers,
    ]
)
def own_reservation(call: ToolCall, conversation: Conversation) -> Block | None:
    """A reservation is looked up before it is written to, and belongs to the customer.

    Why: reservation ids are short and easily mistyped, and nobody else's trip may be touched.
    """
    held = facts.reservation(conversation, call["reservation_id"])
    if held is None:
        return Block("look the reservation up first", reservation=call["reservation_id"])
    named = any(held.user_id in text for text in conversation.user_messages)
    if not named and facts.user(conversation, held.user_id) is None:
        return Block("the customer is not known to be the owner: ask for the user id", owner=held.user_id)
    return None


@reservations.policy(before=[book_reservation, send_certificate])
def known_profile(call: ToolCall, conversation: Conversation) -> Block | None:
    """The profile is looked up before something is booked for it or given to it.

    Why: membership, payment methods and passengers come from the profile, not from memory.
    """
    if facts.user(conversation, call["user_id"]) is None:
        looked_up = [c.args.get("user_id") for c in conversation.calls if c.tool == get_user_details.name and c.ok]
        return Block("look the profile up first", user=call["user_id"], looked_up=looked_up)
    return None
