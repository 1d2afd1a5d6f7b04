"""Rows of the steps list: one per step, or one per part of a step on narrow screens.

A `Row` has a step id and the part of the step that it shows; `step_lines.py` draws it.
Rows are built once per turn and cached, so that an event costs one turn, and a repaint
only the visible rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from ...trace.events import AnyEvent, Fault, HandedOff, PolicyDecision, TurnEnded, Usage, UserMessage
from ...trace.step_id import StepId
from ...trace.steps import Step, Turn, group_steps

Part = Literal["turn", "step", "think", "act", "policy", "fault", "handoff", "end"]

CUT_OFF = ("killed", "interrupted", "limit")  # ends that stop a tool
QUIET_ENDS = ("replied", "handed_off")  # ends that another row shows already


@dataclass(frozen=True, slots=True)
class Row:
    """A row.

    A "policy" row shows one `decision`, or, without one, all that allowed the step.
    """

    part: Part
    step_id: StepId
    step: Step | None = None
    decision: PolicyDecision | None = None
    fault: Fault | None = None
    handoff: HandedOff | None = None
    end: TurnEnded | None = None
    over: str = ""  # the reason the turn of the step ended, if it has
    usage: Usage | None = None  # of the turn, in its first row

    @property
    def stopped(self) -> bool:
        """Return whether its call was still running when the turn ended."""
        return self.step is not None and unfinished(self.step) and self.over in CUT_OFF

    @property
    def failed(self) -> bool:
        """Return whether something was stopped, rejected or failed here. A rewrite is not a failure."""
        if self.part in ("end", "fault"):
            return True
        if self.part == "handoff":
            return self.handoff is not None and self.handoff.by != "model"
        if self.part == "policy":
            return self.decision is not None and self.decision.effect in ("block", "escalate")
        held = self.step is not None and self.part in ("turn", "step", "act") and bad(self.step)
        return held or self.stopped


def unfinished(step: Step) -> bool:
    return step.call is not None and step.result is None and step.effect in ("allowed", "rewritten")


def bad(step: Step) -> bool:
    """Return whether a step did not take effect: blocked, rejected or failed."""
    through = ("allowed", "rewritten")
    if (
        step.faults
        or step.incomplete
        or step.partial is not None
        or step.effect not in through
        or step.result_effect not in through
    ):
        return True
    return step.result is not None and step.result.outcome != "ok"


@dataclass(slots=True, eq=False)
class _Turn:
    """The events of one turn."""

    events: list[AnyEvent] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    steps: Turn | None = None


class RowModel:
    """A conversation as rows, updated event by event. `wide`: one row per step, else one per part of a step."""

    def __init__(self, wide: bool = True) -> None:
        self.wide_lines = wide
        self.rows: list[Row] = []
        self._turns: list[_Turn] = []
        self._numbered: dict[int, _Turn] = {}
        self._seen = 0

    @property
    def turns(self) -> list[Turn]:
        return [t.steps for t in self._turns if t.steps is not None]

    def turn(self, number: int) -> Turn:
        """Return the steps of one turn."""
        found = self._numbered.get(number)
        return found.steps if found is not None and found.steps is not None else Turn(number)

    def set_layout(self, wide: bool) -> None:
        """Build all rows again for the other layout."""
        if wide != self.wide_lines:
            self.wide_lines = wide
            self.rows = []
            for turn in self._turns:
                turn.rows = _rows(turn.steps, wide) if turn.steps else []
                self.rows += turn.rows

    def read(self, trace: Any) -> bool:
        """Read the events added to `trace` since the last call. Returns False if there are none."""
        size = len(trace)
        if size == self._seen:
            return False
        touched: dict[int, _Turn] = {}
        for index in range(self._seen, size):
            step = trace[index]
            if not self._turns or isinstance(step, UserMessage) or step.turn != self._turns[-1].events[0].turn:
                self._turns.append(_Turn())
            turn = self._numbered[step.turn] = self._turns[-1]
            turn.events.append(step)
            touched[id(turn)] = turn
        self._seen = size
        for turn in touched.values():
            self._remake(turn)
        return True

    def _remake(self, turn: _Turn) -> None:
        found = group_steps(turn.events)
        turn.steps = found[0] if found else None
        if turn.rows:
            del self.rows[len(self.rows) - len(turn.rows) :]
        turn.rows = _rows(turn.steps, self.wide_lines) if turn.steps else []
        self.rows += turn.rows


def _empty(step: Step) -> bool:
    """Return whether a step contains only a fault or a hand-off, which have their own rows."""
    parts = step.message, step.answer, step.partial, step.call, step.reply, step.result
    return not step.decisions and all(part is None for part in parts)


def _rows(turn: Turn, wide: bool) -> list[Row]:
    rows: list[Row] = []
    over = turn.end.reason if turn.end is not None else ""
    if not turn.steps or turn.steps[0].message is None:
        rows.append(Row("turn", StepId(turn.turn), usage=turn.usage))
    for step in turn.steps:
        if step.message is not None:
            rows.append(Row("turn", step.step_id, step, usage=turn.usage))
        if not wide:
            rows += _parts(step, over)
        elif step.message is None and not _empty(step):
            rows.append(Row("step", step.step_id, step, over=over))
        for fault in step.faults:
            if not wide or _alone(step, fault):
                rows.append(Row("fault", step.step_id, step, fault=fault, over=over))
        if step.handoff is not None:
            rows.append(Row("handoff", step.step_id, step, handoff=step.handoff))
    if turn.end is not None and turn.end.reason not in QUIET_ENDS and not turn.ended_by_fault:
        last = turn.steps[-1].step_id if turn.steps else StepId(turn.turn)
        rows.append(Row("end", last, turn.steps[-1] if turn.steps else None, end=turn.end, over=over))
    return rows


def _alone(step: Step, fault: Fault) -> bool:
    """Return whether a fault has no column: of the worker, the model, a condition or a journey."""
    return fault.origin not in ("tool", "policy") or (fault.origin == "tool" and step.call is None)


def _parts(step: Step, over: str) -> list[Row]:
    rows: list[Row] = []
    if step.message is None and not _empty(step):
        if step.reasoning.strip():
            rows.append(Row("think", step.step_id, step))
        rows.append(Row("act", step.step_id, step, over=over))
    rows += [Row("policy", step.step_id, step, decision=d) for d in step.decisions if d.effect != "allow"]
    if any(d.effect == "allow" for d in step.decisions):
        rows.append(Row("policy", step.step_id, step))
    return rows
