"""A tape whose results are checked: tools that allow it run again, in the sandbox, and are compared with it.

What a tool gives now must be what it gave, in its value and in what it changed;
see `alike` for what is told apart from a difference. The run stops at the first
that is not. At the place a person has marked the result of today counts, and
the expectation judges it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from ..authoring.tool import Tool
from ..engine.sandbox import Ran, Sandbox
from ..trace.describe import apart
from ..trace.events import Exchange
from ..trace.step_id import Place
from .equivalence import Alike
from .tape import Tape


class Unlike(msgspec.Struct, frozen=True):
    """A tool that no longer gives its recorded result.

    `kind` raised: it broke, or said no, where the tape has a result.
    """

    place: Place
    kind: Literal["raised", "stale"]
    recorded: str
    now: str
    why: str
    where: str = ""


class Recheck:
    """A Runner. `found` are the tools that gave something else; `ran` the places where one ran at all.

    `bare`: the record holds no changes of the world (it was imported), so only values are compared.
    """

    def __init__(self, tape: Tape, sandbox: Sandbox, judged: Place | None, bare: bool) -> None:
        self.tape = tape
        self.sandbox = sandbox
        self.judged = judged
        self.bare = bare
        self.found: list[Unlike] = []
        self.ran: set[Place] = set()
        self._alike = Alike(sandbox.world.made)

    async def run(self, tool: Tool, args: dict[str, Any], place: Place) -> Ran:
        taped = await self.tape.run(tool, args, place)
        if not tool.runs_again or (taped.outcome == "missing" and place != self.judged):
            self.sandbox.world.replay(taped.changed)
            return taped
        self.ran.add(place)
        move = self.tape.move_at(place)
        if self.sandbox.world.http is not None:
            self.sandbox.world.http.expect(move.exchanges if move else ())
        ran = await self.sandbox.run(tool, args, place)
        if place == self.judged:
            return ran
        missed = self.sandbox.world.http.missed if self.sandbox.world.http else []
        if missed:
            self.found.append(Unlike(place, "raised", *_told(taped, ran), missed[0], tool.source))
            return taped
        why = self._unlike(tool, taped, ran)
        writes = None if why or self.bare else self._alike.writes_unlike(taped.changed, ran.changed)
        if writes is not None:
            then, written = apart(writes.then, writes.now)
            why = f"{tool.name} writes otherwise: {writes.why}"
            self.found.append(Unlike(place, "stale", then, written, why, tool.source))
            return taped
        why = why or _unmade(tool, move.exchanges if move else (), ran.exchanges)
        if not why:
            return ran
        raised = taped.outcome == "ok" and ran.outcome in ("fault", "error")
        broke = f"{ran.value}: {ran.fault.message}" if ran.fault else ran.value
        where = ran.fault.where if ran.fault else tool.source
        kind: Literal["raised", "stale"] = "raised" if raised else "stale"
        now = msgspec.structs.replace(ran, value=broke)
        self.found.append(Unlike(place, kind, *_told(taped, now), why, where))
        return taped

    def _unlike(self, tool: Tool, taped: Ran, ran: Ran) -> str:
        if taped.outcome != ran.outcome:
            return f"{tool.name} {_CAME[ran.outcome]} where the tape has {taped.outcome}"
        why = self._alike.unlike(taped.value, ran.value, tool.unordered)
        return f"the result of {tool.name} is another: {why}" if why else ""


def _unmade(tool: Tool, then: Sequence[Exchange], now: Sequence[Exchange]) -> str:
    if len(now) >= len(then):
        return ""
    made = Counter((e.method, e.url) for e in now)
    left = Counter((e.method, e.url) for e in then) - made
    return f"{tool.name} no longer asks: " + ", ".join(f"{method} {url}" for method, url in left)


_CAME = {
    "ok": "gave a result",
    "error": "said no",
    "fault": "broke",
    "rejected": "rejected its arguments",
}


def _told(then: Ran, now: Ran) -> tuple[str, str]:
    one, other = apart(repr(then.value), repr(now.value))
    return f"{then.outcome}: {one}", f"{now.outcome}: {other}"
