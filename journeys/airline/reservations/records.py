"""The results of the airline's systems, as far as the policies need them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Cabin = Literal["basic_economy", "economy", "business"]
TripType = Literal["one_way", "round_trip"]
YesNo = Literal["yes", "no"]


On = tuple[str, str]  # a flight on a day: its number and its date


@dataclass(frozen=True)
class FlightOn:
    """A requested flight: its number and its date, YYYY-MM-DD."""

    flight_number: str
    date: str


@dataclass(frozen=True)
class Passenger:
    first_name: str
    last_name: str
    dob: str

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"


@dataclass(frozen=True)
class Payment:
    """An amount on one payment method of a profile; negative for a refund."""

    payment_id: str
    amount: float


@dataclass(frozen=True)
class Leg:
    """A flight of a reservation, at the price that was paid for each passenger."""

    flight_number: str
    date: str
    origin: str
    destination: str
    price: float = 0

    @property
    def on(self) -> On:
        return self.flight_number, self.date


@dataclass(frozen=True)
class Reservation:
    reservation_id: str
    user_id: str
    origin: str
    destination: str
    flight_type: TripType
    cabin: Cabin
    flights: list[Leg]
    passengers: list[Passenger]
    payment_history: list[Payment]
    created_at: str
    total_baggages: int = 0
    nonfree_baggages: int = 0
    insurance: YesNo = "no"
    status: str = ""


@dataclass(frozen=True)
class Method:
    """A payment method of a profile: `source` is credit_card, gift_card or certificate."""

    id: str
    source: str
    amount: float = 0
    last_four: str = ""


@dataclass(frozen=True)
class User:
    membership: Literal["regular", "silver", "gold"]
    payment_methods: dict[str, Method]
    reservations: list[str]
    saved_passengers: list[Passenger] = field(default_factory=list)


@dataclass(frozen=True)
class Offer:
    """A flight that a search found; a part of a one-stop trip has its own date."""

    flight_number: str
    origin: str
    destination: str
    status: str
    available_seats: dict[str, int]
    prices: dict[str, float]
    date: str = ""
