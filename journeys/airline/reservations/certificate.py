"""Policies on certificates for customers with a cancelled or delayed trip."""

from __future__ import annotations

import re

from workbench import Block, Conversation, ToolCall

from . import facts
from .journey import get_reservation_details, reservations, send_certificate
from .records import Reservation

ASKS = re.compile(
    r"compensat|certificate|voucher|refund|reimburs|credit(?! card)|money back|\bmake (it|this|up)\b",
    re.IGNORECASE,
)
CANCELLED = re.compile(r"cancel", re.IGNORECASE)
FOR_CANCELLED, FOR_DELAYED = 100, 50


@reservations.policy(before=send_certificate)
def only_when_asked(call: ToolCall, conversation: Conversation) -> Block | None:
    """A certificate answers a customer who asked for something; it is never given unasked.

    Why: a gift nobody asked for costs money and does not calm anyone.
    """
    if any(ASKS.search(text) for text in conversation.user_messages):
        return None
    return Block("the customer has not asked for compensation")


@reservations.policy(before=send_certificate)
def right_certificate(call: ToolCall, conversation: Conversation) -> Block | None:
    """100 dollars a passenger for a cancelled flight, 50 for a delayed one; members, insured and business only.

    Why: the gesture belongs to those who paid for more than the seat, in the size of what they lost.
    """
    profile = facts.user(conversation, call["user_id"])
    if profile is None:
        return None  # known_profile reports it
    theirs = _spoken_of(
        [r for r in conversation.results(get_reservation_details) if _is_of(r, call["user_id"])], conversation
    )
    if not theirs:
        return Block("look up the reservation that went wrong first")
    member = profile.membership != "regular"
    owed = [r for r in theirs if member or r.insurance == "yes" or r.cabin == "business"]
    if not owed:
        return Block(
            "a regular member without insurance or business class gets none", membership=profile.membership
        )
    each = [FOR_DELAYED] + [FOR_CANCELLED] * any(CANCELLED.search(text) for text in conversation.user_messages)
    right = sorted({rate * len(r.passengers) for r in owed for rate in each})
    if call["amount"] not in right:
        return Block(f"{call['amount']} dollars is not what is due", right=right)
    return None


def _is_of(held: object, user_id: str) -> bool:
    return isinstance(held, Reservation) and held.user_id == user_id


def _spoken_of(found: list[Reservation], conversation: Conversation) -> list[Reservation]:
    """Return the reservations named by id or flight; all of them if none was named."""
    said = "\n".join(text for _, text in conversation.messages)
    named = [r for r in found if r.reservation_id in said or any(leg.flight_number in said for leg in r.flights)]
    return named or found
