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

from ..authoring.builtin import LOOK_UP
from ..authoring.tool import Tool
from ..engine.sandbox import Sandbox, ToolRun
from ..trace.describe import differing_excerpts
from ..trace.events import HttpExchange
from ..trace.step_id import StepId
from .equivalence import GeneratedIds, ValueComparer
from .run_request import RunRequest
from .substitutes import Substitutes
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
    """Run tools in the sandbox and compare them with the tape. Implements ToolRunner.

    `request.setup.imported`: no world changes were recorded, so only values are compared.
    """

    def __init__(self, tape: Tape, sandbox: Sandbox, request: RunRequest) -> None:
        self.tape = tape
        self.sandbox = sandbox
        self.judged_step = request.judged_step
        self.values_only = request.setup.imported
        self._wants_world = request.final_world
        self._substitutes = Substitutes(sandbox.world.start, request.events)
        self.mismatches: list[ToolMismatch] = []
        """The tools whose results differ, in order."""
        self.executed: set[StepId] = set()
        """The steps at which a tool ran."""
        self._ids = GeneratedIds(sandbox.world.generated, self._is_new)
        self._comparer = ValueComparer(self._ids if self.values_only else None)
        self._at = StepId(0)

    async def run(self, tool: Tool, args: dict[str, Any], step_id: StepId) -> ToolRun:
        recorded = await self.tape.run(tool, args, step_id)
        if not tool.reexecutable or (recorded.outcome == "missing" and step_id != self.judged_step):
            self.sandbox.world.apply(self._substitutes.original_changes(recorded.changed))
            return recorded
        self.executed.add(step_id)
        if tool.name == LOOK_UP and step_id != self.judged_step:
            return recorded  # the rerun compares what a search finds
        self._at = step_id
        step = self.tape.step_at(step_id)
        exchanges = step.exchanges if step else ()
        if self.sandbox.world.http is not None:
            self.sandbox.world.http.expect(exchanges, self._substitutes)
        current = await self.sandbox.run(tool, self._substitutes.original(args), step_id)
        if step_id == self.judged_step:
            return self._substitutes.redacted_run(current)
        pairs = self._ids.snapshot()
        mismatch = self._mismatch(step_id, tool, recorded, current, exchanges)
        if mismatch is not None:  # it may be equal to what was redacted
            self._ids.restore(pairs)
            current = self._substitutes.redacted_run(current)
            mismatch = self._mismatch(step_id, tool, recorded, current, exchanges)
        if mismatch is None:
            return current
        self.mismatches.append(mismatch)
        return recorded

    def final_world(self) -> dict[str, Any]:
        """Return the world as a transcript would store it, if an expectation is about it."""
        if not self._wants_world:
            return {}
        found: dict[str, Any] = self._substitutes.redacted(self.sandbox.world.state())
        return found

    def _mismatch(
        self, step_id: StepId, tool: Tool, recorded: ToolRun, current: ToolRun, exchanges: Sequence[HttpExchange]
    ) -> ToolMismatch | None:
        """Return the first difference: an unknown request, the value, the world, or a request that is missing."""
        unmatched = self.sandbox.world.http.unmatched if self.sandbox.world.http else []
        if unmatched:
            return ToolMismatch(step_id, "raised", *_excerpts(recorded, current), unmatched[0], tool.source)
        why = self._value_difference(tool, recorded, current)
        if not why and not self.values_only:
            kinds = {kind.__name__: kind for kind in tool.injected.values()}
            writes = self._comparer.write_difference(recorded.changed, current.changed, kinds)
            if writes is not None:
                then, now = differing_excerpts(writes.recorded, writes.current)
                why = f"{tool.name} changes the world differently: {writes.why}"
                return ToolMismatch(step_id, "stale", then, now, why, tool.source)
        why = why or _missing_requests(tool, exchanges, current.exchanges)
        if not why:
            return None
        fault = current.fault
        raised = recorded.outcome == "ok" and current.outcome in ("fault", "error")
        shown = msgspec.structs.replace(current, value=f"{current.value}: {fault.message}") if fault else current
        where = fault.where if fault else tool.source
        return ToolMismatch(step_id, "raised" if raised else "stale", *_excerpts(recorded, shown), why, where)

    def _value_difference(self, tool: Tool, recorded: ToolRun, current: ToolRun) -> str:
        if recorded.outcome != current.outcome:
            return f"{tool.name} {OUTCOME_WORDS[current.outcome]}; the recording has: {recorded.outcome}"
        kind = tool.returns if current.outcome == "ok" else str
        why = self._comparer.first_difference(recorded.value, current.value, tool.unordered, kind=kind)
        return f"the result of {tool.name} differs: {why}" if why else ""

    def _is_new(self, text: str) -> bool:
        """Return whether no step before the current call has this text."""
        earlier = (step for step_id, step in self.tape.steps.items() if step_id < self._at)
        return not any(text in repr((s.message, s.call, s.result, s.reply)) for s in earlier)


OUTCOME_WORDS = {
    "ok": "returned a result",
    "error": "raised a tool error",
    "fault": "failed",
    "rejected": "rejected its arguments",
}


def _missing_requests(tool: Tool, recorded: Sequence[HttpExchange], current: Sequence[HttpExchange]) -> str:
    if len(current) >= len(recorded):
        return ""
    missing = Counter((e.method, e.url) for e in recorded) - Counter((e.method, e.url) for e in current)
    return f"{tool.name} no longer requests: " + ", ".join(f"{method} {url}" for method, url in missing)


def _excerpts(recorded: ToolRun, current: ToolRun) -> tuple[str, str]:
    then, now = differing_excerpts(repr(recorded.value), repr(current.value))
    return f"{recorded.outcome}: {then}", f"{current.outcome}: {now}"
