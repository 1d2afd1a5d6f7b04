"""Find values of the machine in what a run decided, which cannot be pinned: paths and addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from ..trace.events import AnyEvent, PolicyDecision
from .monitor import Violation

_ADDRESS = re.compile(rb" at 0x[0-9a-f]{6,}")


def find_leaks(
    recorded: Sequence[AnyEvent], events: Iterable[int | AnyEvent], root: str, sources: dict[str, str]
) -> Iterator[Violation]:
    """Yield the decisions that contain the path of journeys/ (`root`) or an address in memory.

    `sources` has the line of each policy by full name. An event that is a number equals a recorded one.
    """
    for one in events:
        event = recorded[one] if isinstance(one, int) else one
        if isinstance(event, PolicyDecision):
            where = sources.get(event.policy, "agent.py:1")
            text = msgspec.json.encode(event)
            if f"{root}/".encode() in text:
                what = f"undeclared input: a decision of {event.policy} contains the path of the project"
                yield Violation("environment", what, where, "use a path relative to the agent's folder")
            if _ADDRESS.search(text):
                what = f"undeclared input: a decision of {event.policy} contains an address in memory"
                yield Violation("environment", what, where, "use a field of the object instead of its repr()")
