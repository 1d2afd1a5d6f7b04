"""Policies on cancellations."""

from __future__ import annotations

from datetime import datetime, timedelta

from workbench import Block, Conversation, ToolCall

from . import facts
from .journey import cancel_reservation, reservations

GRACE = timedelta(hours=24)


@reservations.policy(before=cancel_reservation)
def who_may_cancel(call: ToolCall, conversation: Conversation) -> Block | None:
    """Cancel within 24 hours of booking, in business class, or with travel insurance; otherwise not at all.

    Why: cheaper fares are cheap because they are final. Whether an insured
    customer's reason counts is for the agent to judge, it takes understanding;
    that there is insurance at all is a fact. No tool here shows that the airline
    itself cancelled a flight, so that case goes to a person.
    """
    held = facts.reservation(conversation, call["reservation_id"])
    if held is None or held.cabin == "business" or held.insurance == "yes":
        return None
    booked = datetime.fromisoformat(held.created_at).replace(tzinfo=conversation.now.tzinfo)
    if conversation.now - booked <= GRACE:
        return None
    return Block(
        f"{held.cabin} without insurance, booked more than 24 hours ago: it cannot be cancelled",
        booked=held.created_at,
        now=conversation.now,
        cabin=held.cabin,
        insurance=held.insurance,
    )


@reservations.policy(before=cancel_reservation)
def nothing_flown(call: ToolCall, conversation: Conversation) -> Block | None:
    """Only a trip of which no flight has been used can be cancelled; for others hand over to a person.

    Why: a cancellation pays back the whole trip, also the part that was flown.
    """
    held = facts.reservation(conversation, call["reservation_id"])
    if held is None:
        return None
    today = conversation.now.date().isoformat()
    flown = [f"{leg.flight_number} on {leg.date}" for leg in held.flights if leg.date < today]
    if flown:
        return Block("a part of the trip has been flown: hand the customer over", flown=flown, today=today)
    return None
