"""Policies on checked bags."""

from __future__ import annotations

from workbench import Block, Conversation, ToolCall

from . import facts
from .journey import book_reservation, reservations, update_reservation_baggages

FREE = {
    "regular": {"basic_economy": 0, "economy": 1, "business": 2},
    "silver": {"basic_economy": 1, "economy": 2, "business": 3},
    "gold": {"basic_economy": 2, "economy": 3, "business": 3},
}


@reservations.policy(before=[book_reservation, update_reservation_baggages])
def bags_are_charged_right(call: ToolCall, conversation: Conversation) -> Block | None:
    """Each passenger's free bags follow from membership and cabin; the rest is paid for, no more and no less.

    Why: the system charges whatever number it is told.
    """
    if call.tool == book_reservation.name:
        owner, cabin, passengers, paid = call["user_id"], call["cabin"], len(call["passengers"]), 0
    else:
        held = facts.reservation(conversation, call["reservation_id"])
        if held is None:
            return None
        owner, cabin, passengers, paid = held.user_id, held.cabin, len(held.passengers), held.nonfree_baggages
    profile = facts.user(conversation, owner)
    tiers = [profile.membership] if profile is not None else list(FREE)
    due = {max(paid, call["total_baggages"] - passengers * FREE[tier][cabin], 0) for tier in tiers}
    if len(due) > 1:
        return Block("what is charged for the bags depends on the membership: look the profile up first")
    if call["nonfree_baggages"] not in due:
        return Block(
            f"{due.pop()} of the {call['total_baggages']} bags must be paid for, not {call['nonfree_baggages']}",
            membership=tiers[0] if profile is not None else "any",
            cabin=cabin,
            passengers=passengers,
        )
    return None


@reservations.policy(before=update_reservation_baggages)
def bags_are_only_added(call: ToolCall, conversation: Conversation) -> Block | None:
    """Bags can be added, never taken off.

    Why: a bag that was paid for, or counted into the weight, stays.
    """
    held = facts.reservation(conversation, call["reservation_id"])
    if held is not None and call["total_baggages"] < held.total_baggages:
        return Block("bags cannot be taken off", booked=held.total_baggages, asked=call["total_baggages"])
    return None
