"""Policies on changes of a reservation."""

from __future__ import annotations

import re

from workbench import Block, Conversation, ToolCall

from . import facts
from .journey import reservations, update_reservation_flights, update_reservation_passengers
from .records import Reservation
from .trip import starts_and_ends

# these patterns match lower-case lines
CABIN_WORDS = ("upgrad", "downgrad", "cabin", "economy", "business")
CABIN = re.compile(r"\b(basic economy|economy|business)\b")
ONE_FLIGHT = re.compile(
    r"\b(?:for|on)\W+(?:just\W+|only\W+)?(?:that|this|one|the|my|your)\W+"
    r"(?:(?:segment|leg)\b|(?:first|second|outbound|outgoing|departing|inbound|return)\W+(?:segment|leg|flight|trip)\b)"
)
WHOLE = re.compile(
    r"\b(?:all|both|every|entire|whole)\b[^.?!]*"
    r"\b(?:passengers?|segments?|legs?|flights?|reservation|trip|of (?:you|us|them))\b"
)
MOVES = r"(?:upgrad\w+|downgrad\w+|cabin|class|business|economy)\W+(?:\w+\W+){0,4}?"  # before a name
MOVED = r"\W+(?:to|into|in|will be)\W+(?:\w+\W+){0,4}?(?:business|economy|basic)\b"  # after a name


@reservations.policy(before=update_reservation_flights)
def basic_economy_keeps_its_flights(call: ToolCall, conversation: Conversation) -> Block | None:
    """In basic economy the flights cannot change; the cabin can, with the same flights.

    Why: the fare is sold as unchangeable. Who wants other flights pays for a
    better cabin first, and sees that price before choosing.
    """
    held = facts.reservation(conversation, call["reservation_id"])
    if held is None or held.cabin != "basic_economy":
        return None
    before, after = {leg.on for leg in held.flights}, set(facts.flights_of(call))
    if before != after:
        return Block(
            "basic economy flights cannot be changed: change the cabin first, with the same flights",
            cabin=held.cabin,
            new=sorted(f"{number} on {date}" for number, date in after - before),
            dropped=sorted(f"{number} on {date}" for number, date in before - after),
        )
    return None


@reservations.policy(before=update_reservation_flights)
def same_trip(call: ToolCall, conversation: Conversation) -> Block | None:
    """A change keeps where the trip starts and ends, and whether it is one way or a round trip.

    Why: another trip is another booking, at another price; the system does not check it.
    """
    held = facts.reservation(conversation, call["reservation_id"])
    if held is None:
        return None
    wrong = starts_and_ends(
        facts.flights_of(call), facts.routes(conversation), held.origin, held.destination, held.flight_type
    )
    if wrong:
        return Block(f"a change must keep the trip: {wrong}", trip=f"{held.origin} to {held.destination}")
    return None


@reservations.policy(before=update_reservation_flights)
def one_cabin(call: ToolCall, conversation: Conversation) -> Block | None:
    """A cabin is for everyone and every flight of a reservation; consent for one is no consent for all.

    Why: the change is charged for all of them, so a customer who was asked
    about one passenger or one flight would pay for what they never agreed to.
    """
    held = facts.reservation(conversation, call["reservation_id"])
    if held is None or held.cabin == call["cabin"]:
        return None
    agreed = _agreed_for_a_part(held, call, conversation)
    if agreed:
        return Block("the cabin changes for everyone and every flight: ask again for the whole", agreed=agreed)
    return None


def _agreed_for_a_part(held: Reservation, call: ToolCall, conversation: Conversation) -> str:
    """Return the words about a part of the reservation, unless later words are about all of it."""
    part = ""
    flights = [flight["flight_number"].lower() for flight in call["flights"]]
    for speaker, text in conversation.messages:
        for line in _about_cabins(text):
            if WHOLE.search(line):
                part = ""
            elif (len(flights) > 1 and ONE_FLIGHT.search(line)) or (
                speaker == "agent" and (_some_passengers(held, line) or _other_cabin(flights, call["cabin"], line))
            ):
                part = line.strip()
    return part


def _about_cabins(text: str) -> list[str]:
    lower = text.lower()
    if not any(word in lower for word in CABIN_WORDS):
        return []
    return [line for line in lower.splitlines() if any(word in line for word in CABIN_WORDS)]


def _some_passengers(held: Reservation, line: str) -> bool:
    """Return whether the line moves some passengers to another cabin, but does not name all of them."""
    named = [name for name in (p.name.lower() for p in held.passengers) if name in line]
    if not named or len(named) == len(held.passengers):
        return False
    return any(re.search(f"{MOVES}{re.escape(name)}|{re.escape(name)}{MOVED}", line) for name in named)


def _other_cabin(flights: list[str], cabin: str, line: str) -> bool:
    if not any(number in line for number in flights):
        return False
    cabins = {word.replace(" ", "_") for word in CABIN.findall(line)}
    return len(cabins) == 1 and cabin not in cabins


@reservations.policy(before=update_reservation_passengers)
def same_number_of_passengers(call: ToolCall, conversation: Conversation) -> Block | None:
    """Passengers may be replaced, but as many fly as were booked.

    Why: seats are sold by number. Not even a person can change it, so handing over helps nobody.
    """
    held = facts.reservation(conversation, call["reservation_id"])
    if held is not None and len(held.passengers) != len(call["passengers"]):
        return Block(
            "the number of passengers cannot change", booked=len(held.passengers), asked=len(call["passengers"])
        )
    return None
