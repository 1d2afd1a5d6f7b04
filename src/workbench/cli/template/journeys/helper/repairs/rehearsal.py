"""The rehearsal of repairs: a script that stands in for the model, so that all the rest runs with no key."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from workbench import Ask, Call, CallFailed, Rehearsal, Say, Scene, Slot

from .journey import book_repair, free_times, repairs

__all__ = ["repairs"]  # agent.py imports the journey from here, so that it comes with its script

repairs.rehearsal = script = Rehearsal()


@script.intent("my bike is broken", "repair my bicycle", "book a repair", "the brakes do not work", "a flat tire")
def book(scene: Scene) -> Generator[Any, Any, None]:
    """Offer what is free, book what is chosen."""
    times = yield Call(free_times, "what is free?")
    if not times:
        yield Say("I am sorry, nothing is free this week.", why="nothing is free")
    code = Slot("time", {time.code: [time.words, time.words.split()[0]] for time in times})
    chosen = yield Ask(
        code, f"We could take it in on {' or '.join(time.words for time in times)}. Which suits you?"
    )
    try:
        booking = yield Call(book_repair, f"{chosen} was chosen", time=chosen)
    except CallFailed as no:
        yield Say(
            f"I am sorry, that does not work: {no.reason}. Another day, perhaps?", why=f"blocked: {no.reason}"
        )
        return
    yield Say(f"Done: {booking.number}. See you on {booking.time.words}!", why="booked")
