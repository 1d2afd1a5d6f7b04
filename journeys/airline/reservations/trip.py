"""Whether a list of flights makes a trip."""

from __future__ import annotations

from .records import On


def starts_and_ends(
    flights: list[On], routes: dict[str, tuple[str, str]], origin: str, destination: str, flight_type: str
) -> str:
    """Why `flights` are no trip from `origin` to `destination`, or "". Flights nobody looked up are not judged."""
    legs = [routes[number] for number, _ in flights if number in routes]
    if len(legs) != len(flights) or not legs:
        return ""
    start, end = legs[0][0], legs[-1][1]
    back = origin if flight_type == "round_trip" else destination
    if start != origin:
        return f"it would start in {start}, not in {origin}"
    if end != back:
        return f"it would end in {end}, not in {back}"
    if destination not in {leg[1] for leg in legs}:
        return f"it would never reach {destination}"
    return ""
