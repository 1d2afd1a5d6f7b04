"""Compare the side effects of two runs."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from ..trace.events import HandedOff
from ..trace.trace import Trace
from ..transcripts.predicates import JudgedRun


def effect_difference(recorded: Trace, now: Trace, writes: frozenset[str]) -> str:
    """Explain why two runs had different effects, or return "".

    Effects are calls that write, with their arguments, in order; the state of the
    world after them; a hand-off to a human. Reads and texts do not count.
    """
    before, after = _Effects(recorded, writes), _Effects(now, writes)
    for old, new in zip([*before.calls, ""], [*after.calls, ""], strict=False):
        if old != new:
            return f"different actions: recorded {old or 'nothing more'}; now {new or 'nothing more'}"
    if before.world != after.world:
        path = next(p for p in {**before.world, **after.world} if before.world.get(p) != after.world.get(p))
        return f"the final world differs at {path}"
    if before.handed_off != after.handed_off:
        return f"handed off to a human {'in the recording' if before.handed_off else 'this time'} only"
    return ""


class _Effects:
    """The effects of a run; generated ids are renamed by their order, because step ids differ between runs."""

    def __init__(self, trace: Trace, writes: frozenset[str]) -> None:
        run = JudgedRun(trace)
        steps = list(run.steps.values())
        self._names: dict[str, str] = {}
        step_ids = [f"{m.step_id.turn}{m.step_id.answer:02}{m.step_id.call:02}" for m in steps if m.executed]
        self._id = re.compile(rf"\b([A-Za-z]\w*)-(?:{'|'.join(step_ids)})(?:-\d+)?\b") if step_ids else None
        self.calls: list[str] = []
        self.world: dict[str, str] = {}
        for step in steps:
            result = step.result
            if not step.executed or step.call is None or result is None:
                continue
            if step.call.tool in writes or result.changed:
                self.calls.append(self._plain({"tool": step.call.tool, "args": step.args}))
            for change in result.changed:
                after = None if change.after is msgspec.UNSET else [change.after]
                self.world[self._plain(change.path)] = self._plain(after)
        self.handed_off = any(isinstance(event, HandedOff) for event in trace)

    def _plain(self, value: Any) -> str:
        text = msgspec.json.encode(_numbers(value), order="sorted").decode()
        return self._id.sub(self._name, text) if self._id else text

    def _name(self, match: re.Match[str]) -> str:
        return self._names.setdefault(match[0], f"{match[1]}-new{len(self._names) + 1}")


def _numbers(value: Any) -> Any:
    """Convert whole floats to integers: 25.0 equals 25."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {k: _numbers(v) for k, v in value.items()}
    return [_numbers(v) for v in value] if isinstance(value, list) else value
