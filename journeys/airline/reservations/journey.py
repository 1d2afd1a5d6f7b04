"""Reservations: the tools of the airline. They have no bodies, only recorded results."""

from __future__ import annotations

from typing import Annotated

from workbench import Journey

from .records import Cabin, FlightOn, Offer, Passenger, Payment, Reservation, TripType, User, YesNo

reservations = Journey("reservations", goal="Book, change or cancel a trip, or put right one that went wrong")

Airport = Annotated[str, "three letters, for example JFK"]
Date = Annotated[str, "YYYY-MM-DD"]
UserId = Annotated[str, "for example sara_doe_496"]
ReservationId = Annotated[str, "for example ZFA04Y"]
PaymentId = Annotated[str, "an id from the profile, for example gift_card_7815826"]
Total = Annotated[int, "all checked bags of the reservation"]
Paid = Annotated[int, "those of them that are paid for"]


@reservations.tool(replay_only=True)
def get_user_details(user_id: UserId) -> User:
    """Look up a customer's profile."""


@reservations.tool(replay_only=True)
def get_reservation_details(reservation_id: ReservationId) -> Reservation:
    """Look up a reservation."""


@reservations.tool(replay_only=True)
def search_direct_flight(origin: Airport, destination: Airport, date: Date) -> list[Offer]:
    """Find flights without a stop on a date."""


@reservations.tool(replay_only=True)
def search_onestop_flight(origin: Airport, destination: Airport, date: Date) -> list[list[Offer]]:
    """Find trips with one stop on a date, each a pair of flights."""


@reservations.tool(replay_only=True)
def list_all_airports() -> dict[str, str]:
    """List every airport with its city."""


@reservations.tool(replay_only=True)
def calculate(expression: Annotated[str, "numbers, + - * / and brackets"]) -> float:
    """Work out a sum."""


@reservations.tool(replay_only=True)
def think(thought: str) -> str:
    """Think something through in writing; nothing is looked up and nothing changes."""


@reservations.tool(writes=True, replay_only=True)
def book_reservation(
    user_id: UserId,
    origin: Airport,
    destination: Airport,
    flight_type: TripType,
    cabin: Cabin,
    flights: Annotated[list[FlightOn], "every flight of the trip, in order"],
    passengers: list[Passenger],
    payment_methods: Annotated[list[Payment], "what is paid with which method"],
    total_baggages: Total,
    nonfree_baggages: Paid,
    insurance: YesNo,
) -> Reservation:
    """Book a trip."""


@reservations.tool(writes=True, replay_only=True)
def update_reservation_flights(
    reservation_id: ReservationId,
    cabin: Cabin,
    flights: Annotated[list[FlightOn], "every flight of the trip, also those that stay"],
    payment_id: PaymentId,
) -> Reservation:
    """Change the flights or the cabin of a reservation."""


@reservations.tool(writes=True, replay_only=True)
def update_reservation_baggages(
    reservation_id: ReservationId, total_baggages: Total, nonfree_baggages: Paid, payment_id: PaymentId
) -> Reservation:
    """Change the checked bags of a reservation."""


@reservations.tool(writes=True, replay_only=True)
def update_reservation_passengers(reservation_id: ReservationId, passengers: list[Passenger]) -> Reservation:
    """Change who flies on a reservation."""


@reservations.tool(writes=True, replay_only=True)
def cancel_reservation(reservation_id: ReservationId) -> Reservation:
    """Cancel a whole reservation and pay it back."""


@reservations.tool(writes=True, replay_only=True)
def send_certificate(user_id: UserId, amount: Annotated[float, "dollars"]) -> str:
    """Give a customer a travel certificate."""


@reservations.tool(replay_only=True, hands_off=True)
def transfer_to_human_agents(summary: Annotated[str, "what the customer needs, and why"]) -> str:
    """Hand the customer over to a person."""
