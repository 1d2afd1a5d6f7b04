"""Re-execute tools in the sandbox and compare them with the recorded results.

The result of a tool and its changes of the world must equal the recorded ones; see
`equivalence` for what is ignored. The run stops at the first mismatch. At an
annotated step the new result counts, and the expectation judges it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from ..authoring.tool import Tool
from ..engine.sandbox import Sandbox, ToolRun
from ..trace.describe import differing_excerpts
from ..trace.events import HttpExchange
from ..trace.step_id import StepId
from .equivalence import ValueComparer
from .tape import Tape


class ToolMismatch(msgspec.Struct, frozen=True):
    """A tool whose result differs from the recorded one.

    `kind`: "raised" if it failed where the recording has a result, else "stale".
    """

    step_id: StepId
    kind: Literal["raised", "stale"]
    recorded: str
    now: str
    why: str
    where: str = ""


class ReexecutingRunner:
    """A ToolRunner. `mismatches` are the tools with different results, `executed` the steps at which one ran.

    `values_only`: no world changes were recorded (an imported transcript), so only values are compared.
    """

    def __init__(self, tape: Tape, sandbox: Sandbox, judged: StepId | None, values_only: bool) -> None:
        self.tape = tape
        self.sandbox = sandbox
        self.judged_step = judged
        self.values_only = values_only
        self.mismatches: list[ToolMismatch] = []
        self.executed: set[StepId] = set()
        self._alike = ValueComparer(sandbox.world.generated)

    async def run(self, tool: Tool, args: dict[str, Any], step_id: StepId) -> ToolRun:
        recorded = await self.tape.run(tool, args, step_id)
        if not tool.reexecutable or (recorded.outcome == "missing" and step_id != self.judged_step):
            self.sandbox.world.apply(recorded.changed)
            return recorded
        self.executed.add(step_id)
        step = self.tape.step_at(step_id)
        if self.sandbox.world.http is not None:
            self.sandbox.world.http.expect(step.exchanges if step else ())
        ran = await self.sandbox.run(tool, args, step_id)
        if step_id == self.judged_step:
            return ran
        missed = self.sandbox.world.http.unmatched if self.sandbox.world.http else []
        if missed:
            self.mismatches.append(
                ToolMismatch(step_id, "raised", *_describe(recorded, ran), missed[0], tool.source)
            )
            return recorded
        why = self._unlike(tool, recorded, ran)
        writes = None if why or self.values_only else self._alike.write_difference(recorded.changed, ran.changed)
        if writes is not None:
            then, written = differing_excerpts(writes.recorded, writes.current)
            why = f"{tool.name} changes the world differently: {writes.why}"
            self.mismatches.append(ToolMismatch(step_id, "stale", then, written, why, tool.source))
            return recorded
        why = why or _unmade(tool, step.exchanges if step else (), ran.exchanges)
        if not why:
            return ran
        raised = recorded.outcome == "ok" and ran.outcome in ("fault", "error")
        broke = f"{ran.value}: {ran.fault.message}" if ran.fault else ran.value
        where = ran.fault.where if ran.fault else tool.source
        kind: Literal["raised", "stale"] = "raised" if raised else "stale"
        now = msgspec.structs.replace(ran, value=broke)
        self.mismatches.append(ToolMismatch(step_id, kind, *_describe(recorded, now), why, where))
        return recorded

    def _unlike(self, tool: Tool, recorded: ToolRun, ran: ToolRun) -> str:
        if recorded.outcome != ran.outcome:
            return f"{tool.name} {_OUTCOME_TEXTS[ran.outcome]}, recorded was {recorded.outcome}"
        why = self._alike.first_difference(recorded.value, ran.value, tool.unordered)
        return f"the result of {tool.name} differs: {why}" if why else ""


def _unmade(tool: Tool, then: Sequence[HttpExchange], now: Sequence[HttpExchange]) -> str:
    if len(now) >= len(then):
        return ""
    made = Counter((e.method, e.url) for e in now)
    left = Counter((e.method, e.url) for e in then) - made
    return f"{tool.name} no longer requests: " + ", ".join(f"{method} {url}" for method, url in left)


_OUTCOME_TEXTS = {
    "ok": "returned a result",
    "error": "raised a tool error",
    "fault": "broke",
    "rejected": "rejected its arguments",
}


def _describe(then: ToolRun, now: ToolRun) -> tuple[str, str]:
    one, other = differing_excerpts(repr(then.value), repr(now.value))
    return f"{then.outcome}: {one}", f"{now.outcome}: {other}"
