"""Compare the side effects of two runs."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from ..trace.events import HandOff
from ..trace.trace import Trace
from ..transcripts.predicates import JudgedRun


def effect_difference(recorded: Trace, now: Trace, writes: frozenset[str]) -> str:
    """Explain why two runs had different effects, or return "".

    Effects are calls that write, with their arguments, in order; what they left
    in the world; whether a person took over. Reading and words do not count.
    """
    then, here = _Deeds(recorded, writes), _Deeds(now, writes)
    for was, is_ in zip([*then.calls, ""], [*here.calls, ""], strict=False):
        if was != is_:
            return f"other actions: recorded {was or 'nothing more'}; now {is_ or 'nothing more'}"
    if then.world != here.world:
        path = next(p for p in {**then.world, **here.world} if then.world.get(p) != here.world.get(p))
        return f"the world ends otherwise at {path}"
    if then.handed != here.handed:
        return "a person took over in the record only" if then.handed else "a person took over this time only"
    return ""


class _Deeds:
    """What a run did, with the ids it made named by their order: their places are not those of the record."""

    def __init__(self, trace: Trace, writes: frozenset[str]) -> None:
        run = JudgedRun(trace)
        steps = list(run.steps.values())
        self._made: dict[str, str] = {}
        stems = [f"{m.step_id.turn}{m.step_id.answer:02}{m.step_id.call:02}" for m in steps if m.executed]
        self._id = re.compile(rf"\b([A-Za-z]\w*)-(?:{'|'.join(stems)})(?:-\d+)?\b") if stems else None
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
        self.handed = any(isinstance(event, HandOff) for event in trace)

    def _plain(self, value: Any) -> str:
        text = msgspec.json.encode(_numbers(value), order="sorted").decode()
        return self._id.sub(self._name, text) if self._id else text

    def _name(self, match: re.Match[str]) -> str:
        return self._made.setdefault(match[0], f"{match[1]}-new{len(self._made) + 1}")


def _numbers(value: Any) -> Any:
    """25.0 is 25."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {k: _numbers(v) for k, v in value.items()}
    return [_numbers(v) for v in value] if isinstance(value, list) else value
