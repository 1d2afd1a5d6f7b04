"""Policies on bookings."""

from __future__ import annotations

from workbench import Block, Conversation, ToolCall

from . import facts
from .journey import book_reservation, reservations, update_reservation_flights
from .trip import starts_and_ends

MOST_PASSENGERS = 5


@reservations.policy(before=book_reservation)
def at_most_five(call: ToolCall, conversation: Conversation) -> Block | None:
    """At most five people fly on one reservation.

    Why: larger groups are sold by another desk.
    """
    count = len(call["passengers"])
    if count > MOST_PASSENGERS:
        return Block(f"{count} passengers; a reservation holds {MOST_PASSENGERS}", passengers=count)
    return None


@reservations.policy(before=book_reservation)
def flights_make_the_trip(call: ToolCall, conversation: Conversation) -> Block | None:
    """The flights of a booking go where the booking says.

    Why: the system books any list of flights it is given.
    """
    wrong = starts_and_ends(
        facts.flights_of(call),
        facts.routes(conversation),
        call["origin"],
        call["destination"],
        call["flight_type"],
    )
    return Block(f"the flights do not make this trip: {wrong}") if wrong else None


@reservations.policy(before=[book_reservation, update_reservation_flights])
def flights_were_found(call: ToolCall, conversation: Conversation) -> Block | None:
    """Only flights that a lookup has shown are booked, and only with seats for everyone.

    Why: a flight number from memory is a guess with someone else's money.
    """
    shown = facts.shown_flights(conversation)
    new = [flight for flight in facts.flights_of(call) if flight not in shown]
    if not new:
        return None
    found = facts.offers(conversation)
    held = facts.reservation(conversation, call.get("reservation_id", ""))
    seats = len(held.passengers if held is not None else call.get("passengers", []))
    for flight in new:
        offer, what = found.get(flight), " on ".join(flight)
        if offer is None:
            return Block(f"nothing has shown {what}: search for it first", flight=what)
        left = offer["available_seats"].get(call["cabin"], 0)
        if left < seats:
            return Block(f"{what} has {left} seats left in {call['cabin']}", flight=what, left=left, needed=seats)
    return None
