"""Check that a list of flights is a trip."""

from __future__ import annotations

from .records import On


def starts_and_ends(
    flights: list[On], routes: dict[str, tuple[str, str]], origin: str, destination: str, flight_type: str
) -> str:
    """Return why `flights` are not a trip from `origin` to `destination`, or "". Unknown flights pass."""
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
