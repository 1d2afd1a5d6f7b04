"""Booking a repair: two tools on the workshop's calendar, and the rules that code enforces."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Annotated

from workbench import Allow, Block, Conversation, Ids, Journey, ToolCall, ToolError, world

repairs = Journey("repairs", goal="Book a repair for a bicycle")


@dataclass
class Time:
    """A time at which a mechanic can take a bicycle in."""

    code: str
    day: date
    words: str
    taken: bool = False


@dataclass
class Booking:
    number: str
    time: Time


@world
class Calendar:
    """The workshop's calendar; injected into tools by type and never shown to the model."""

    times: dict[str, Time] = field(default_factory=dict)


# tools


@repairs.tool
def free_times(calendar: Calendar) -> list[Time]:
    """The times that are free."""
    return [time for time in calendar.times.values() if not time.taken]


@repairs.tool(writes=True)
def book_repair(time: Annotated[str, "the code of a time"], calendar: Calendar, ids: Ids) -> Booking:
    """Book a time for one bicycle."""
    wanted = calendar.times.get(time)
    if wanted is None or wanted.taken:
        raise ToolError(f"{time} is not free")
    wanted.taken = True
    return Booking(ids.new("B"), wanted)


# policies


@repairs.policy(before=book_repair)
def a_day_ahead(call: ToolCall, conversation: Conversation) -> Allow | Block:
    """A repair is booked at least a day ahead.

    Why: parts are ordered in the evening. A bicycle that comes the same day
    stands in the way, and its owner has to come twice.
    """
    times: list[Time] = conversation.result(free_times) or []
    time = next((t for t in times if t.code == call["time"]), None)
    if time is None:
        return Block("look up the free times first")
    days = (time.day - conversation.now.date()).days
    if days < 1:
        return Block("a repair has to be booked at least a day ahead", day=time.day, now=conversation.now)
    return Allow(f"{days} days ahead", day=time.day)


@repairs.policy(before=book_repair)
def one_each(conversation: Conversation) -> Block | None:
    """One booking in a conversation.

    Why: two bookings for one bicycle leave a mechanic waiting.
    """
    done: list[Booking] = conversation.results(book_repair)
    return Block(f"{done[0].time.words} is booked already", booked=done[0].number) if done else None
