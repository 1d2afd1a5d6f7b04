"""Facts that a conversation has shown so far: the profile, the current reservation, the flights found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from workbench import Conversation, PastCall, ToolCall

from .journey import (
    book_reservation,
    cancel_reservation,
    get_reservation_details,
    get_user_details,
    search_direct_flight,
    search_onestop_flight,
    update_reservation_baggages,
    update_reservation_flights,
    update_reservation_passengers,
)
from .records import On, Reservation, User

GIVES_RESERVATION = {
    tool.name
    for tool in (
        get_reservation_details,
        book_reservation,
        update_reservation_flights,
        update_reservation_baggages,
        update_reservation_passengers,
        cancel_reservation,
    )
}


def user(conversation: Conversation, user_id: str) -> User | None:
    """Return the profile of a customer, if it was looked up."""
    found = conversation.result(get_user_details, user_id=user_id)
    return found if isinstance(found, User) else None


def reservation(conversation: Conversation, reservation_id: str) -> Reservation | None:
    """Return a reservation as of the last lookup or change, if there was one.

    The airline's record keeps showing the cabin of the booking; the last
    change of flights says which cabin it is now.
    """
    found: Reservation | None = None
    for call in reversed(conversation.calls):
        if not _is_about(call, reservation_id):
            continue
        found = found or _given(call)
        if found is not None and call.tool == update_reservation_flights.name:
            return replace(found, cabin=call.args["cabin"])
    return found


def shown_flights(conversation: Conversation) -> dict[On, tuple[str, str]]:
    """Return every flight that a reservation has shown, with its origin and destination."""
    found: dict[On, tuple[str, str]] = {}
    for call in conversation.calls:
        if call.ok and call.tool in GIVES_RESERVATION and isinstance(call.value, dict):
            for leg in call.value.get("flights", ()):
                found[leg["flight_number"], leg["date"]] = (leg["origin"], leg["destination"])
    return found


def offers(conversation: Conversation) -> dict[On, dict[str, Any]]:
    """Return the flights that searches found, by number and date; the latest search counts."""
    found: dict[On, dict[str, Any]] = {}
    for call in conversation.calls:
        if call.ok and call.tool == search_direct_flight.name:
            rows = call.value
        elif call.ok and call.tool == search_onestop_flight.name:
            rows = [part for trip in call.value for part in trip]
        else:
            continue
        for row in rows:
            found[row["flight_number"], row.get("date") or call.args["date"]] = row
    return found


def routes(conversation: Conversation) -> dict[str, tuple[str, str]]:
    """Return the origin and destination of each flight number that the conversation has shown."""
    shown = {number: ends for (number, _), ends in shown_flights(conversation).items()}
    found = {number: (row["origin"], row["destination"]) for (number, _), row in offers(conversation).items()}
    return shown | found


def flights_of(call: ToolCall) -> list[On]:
    """Return the flights that a call requests."""
    return [(flight["flight_number"], flight["date"]) for flight in call["flights"]]


def _is_about(call: PastCall, reservation_id: str) -> bool:
    if not call.ok or call.tool not in GIVES_RESERVATION:
        return False
    if call.tool != book_reservation.name:
        return bool(call.args["reservation_id"] == reservation_id)
    booked = _given(call)
    return booked is not None and booked.reservation_id == reservation_id


def _given(call: PastCall) -> Reservation | None:
    """Return the reservation in the result of a call, if there is one."""
    found = call.decoded(get_reservation_details)
    return found if isinstance(found, Reservation) else None
