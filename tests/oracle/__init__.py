"""A second opinion: the policies alone, put to the recorded events, read as plain JSON.

A second program. It knows nothing of the engine, the tape, the follower, expectations
or verdicts, and imports nothing of Workbench. `Walk` goes through the recorded events
turn by turn, asks today's conditions and policies itself, and stops after the answer in
which they first do something else than is on record. `green` says whether a replay may
call that a PASS.
"""

from __future__ import annotations

from typing import Any

from .expects import OFFLINE, holds
from .walk import BUILT_IN, Broken, Walk

__all__ = ["green"]


def green(agent: Any, whole: dict[str, Any]) -> str:
    """Why a replay may not say PASS of a transcript (a file, as JSON), or ""."""
    try:
        walk = Walk(agent, whole)
    except Broken as error:
        return f"today's code fails: {error}"
    record = walk.record
    expected = whole.get("expectations", [])
    tools = {tool.name for tool in agent.all_tools()} | BUILT_IN.keys()
    for one in expected:
        if one["kind"] not in OFFLINE:
            return f"{one['kind']} cannot be told from a record"
        if not tools.issuperset(one.get("order", ())):
            return "an order names a tool that nobody has"
    if not any(turn and (answers or record.deeds[turn, 0, 0].said) for turn, answers in record.answers.items()):
        return "there is nothing to compare"
    if whole["kind"] == "golden":
        broken = [one["kind"] for one in expected if not holds(one, walk.deeds, walk.prompt_text)]
        return walk.parted or (f"{broken[0]} does not hold" if broken else "")
    one = expected[0]
    place = tuple(int(part) for part in one["step"].split("."))
    if holds(one, record.deeds, record.prompt_text):
        return "the record never showed the mistake"
    if walk.parted and walk.parted_at < place[:2]:
        return f"left before the mark: {walk.parted}"
    return "" if holds(one, walk.deeds, walk.prompt_text) else f"{one['kind']} does not hold"
