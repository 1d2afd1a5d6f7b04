"""What a conversation has shown so far: the profile, the reservation as it stands now, the flights found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from workbench import Happened, Talk

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
from .records import FlightOn, Leg, Offer, Reservation, User

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


def user(talk: Talk, user_id: str) -> User | None:
    """The profile of a customer, if it was looked up."""
    found = talk.result(get_user_details, user_id=user_id)
    return found if isinstance(found, User) else None


def reservation(talk: Talk, reservation_id: str) -> Reservation | None:
    """A reservation as the last lookup or change left it, if there was one.

    The airline's record keeps showing the cabin of the booking; the last
    change of flights says which cabin it is now.
    """
    found: Reservation | None = None
    for call in reversed(talk.calls):
        if not _is_about(call, reservation_id):
            continue
        if found is None:
            found = _decoded(call)
        if found is not None and call.tool == update_reservation_flights.name:
            return replace(found, cabin=call.args["cabin"])
    return found


def seen_legs(talk: Talk) -> Iterator[Leg]:
    """Every flight that a lookup, a booking or a change has shown on a reservation."""
    for call in talk.calls:
        if call.ok and call.tool in GIVES_RESERVATION:
            shown = _decoded(call)
            if shown is not None:
                yield from shown.flights


def offers(talk: Talk) -> dict[FlightOn, Offer]:
    """The flights that searches found, by number and date; the latest search counts."""
    found: dict[FlightOn, Offer] = {}
    for call in talk.calls:
        if not call.ok:
            continue
        if call.tool == search_direct_flight.name:
            rows = search_direct_flight.decode(call.value)
        elif call.tool == search_onestop_flight.name:
            rows = [part for trip in search_onestop_flight.decode(call.value) for part in trip]
        else:
            continue
        for row in rows:
            if isinstance(row, Offer):
                found[FlightOn(row.flight_number, row.date or call.args["date"])] = row
    return found


def routes(talk: Talk) -> dict[str, tuple[str, str]]:
    """From where to where each flight number goes, as far as the conversation has shown it."""
    shown = {leg.flight_number: (leg.origin, leg.destination) for leg in seen_legs(talk)}
    return shown | {on.flight_number: (offer.origin, offer.destination) for on, offer in offers(talk).items()}


def flights_of(call: Any) -> list[FlightOn]:
    """The flights a call asks for."""
    return [FlightOn(flight["flight_number"], flight["date"]) for flight in call["flights"]]


def _is_about(call: Happened, reservation_id: str) -> bool:
    return (
        call.ok
        and call.tool in GIVES_RESERVATION
        and isinstance(call.value, dict)
        and call.value.get("reservation_id") == reservation_id
    )


def _decoded(call: Happened) -> Reservation | None:
    found = get_reservation_details.decode(call.value)
    return found if isinstance(found, Reservation) else None
