"""The recording as a Model and a ToolRunner: everything that a replay holds fixed.

Answers are queued by turn, results stored by step id. `checkpoint` is called before
every answer to compare what happened so far; it returns whether to continue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..authoring.tool import Tool
from ..engine.limits import measured, timed_out
from ..engine.model import DeltaSink, ModelRequest
from ..engine.sandbox import ToolRun
from ..errors import NoAnswer
from ..plain import plain_equal
from ..trace.events import Answer, AnyEvent, Prompt, TurnEnded
from ..trace.step_id import StepId
from ..trace.steps import StepGrouper, Turn

INTERRUPTED_ENDS = ("interrupted", "killed")  # ends that may occur at any point of a turn
EXTERNAL_ENDS = ("model_error", "interrupted", "killed")


class Tape:
    """A recording ready to be replayed; `step_at` returns its step with an id.

    As a Model it has the recorded `name` and `params`, so that a prompt differs only
    if code made it differ.
    """

    def __init__(self, events: Iterable[AnyEvent], checkpoint: Callable[[], bool] | None = None) -> None:
        self.checkpoint = checkpoint
        grouped = StepGrouper(events)
        self.turns: list[Turn] = grouped.turns
        self.steps = grouped.by_id
        self.step_at = grouped.by_id.get  # by step id
        self._ends = {t.turn: t.end for t in self.turns}
        self._stopped = {t.turn for t in self.turns if t.end is None or _may_be_anywhere(t.end)}
        self._answers = {(m.step_id.turn, m.step_id.answer): m.answer for m in grouped.all if m.answer is not None}
        prompts = {(m.step_id.turn, m.step_id.answer): m.prompt for m in grouped.all if m.answer is not None}
        first, *later = *prompts.values(), grouped.prompt
        self._next_prompt = dict(zip(prompts, later, strict=True))
        self._be(first)

    def _be(self, prompt: Prompt | None) -> None:
        self.name = prompt.model if prompt is not None else ""
        self.params: dict[str, Any] = prompt.params if prompt is not None else {}

    # Model

    async def answer(self, request: ModelRequest, show: DeltaSink) -> Answer:
        if self.checkpoint is not None and not self.checkpoint():
            raise NoAnswer("recording_ended", "the run diverged from the recording")
        at = request.turn, request.answer
        recorded = self._answers.get(at)
        if recorded is None:
            end = self._ends.get(request.turn)
            if end is not None and (end.reason in EXTERNAL_ENDS or _measured_limit(end)):
                raise NoAnswer(end.reason, end.detail)
            raise NoAnswer("recording_ended", "the recording holds no further answer in this turn")
        self._be(self._next_prompt[at])
        return recorded

    def truncated_at(self, step_id: StepId) -> bool:
        """Return whether the recording ends at this answer: interrupted, or without an end of the turn."""
        turn, answer, _ = step_id
        if turn not in self._stopped or (turn, answer + 1) in self._answers:
            return False
        return self._ends[turn] is not None or turn == self.turns[-1].turn

    # ToolRunner

    async def run(self, tool: Tool, args: dict[str, Any], step_id: StepId) -> ToolRun:
        step = self.step_at(step_id)
        if step is None or step.result is None or not step.executed:
            return ToolRun("missing", f"the recording has no result of {tool.name} at {step_id}")
        if step.args is not args and not plain_equal(step.args, args):
            return ToolRun(
                "missing", f"the recording has a result of {tool.name} at {step_id}, but for other arguments"
            )
        result = step.result
        return ToolRun(result.outcome, result.value, result.changed, result.output, exchanges=step.exchanges)


def _may_be_anywhere(end: TurnEnded) -> bool:
    return end.reason in INTERRUPTED_ENDS or (end.reason == "limit" and timed_out(end.detail))


def _measured_limit(end: TurnEnded) -> bool:
    """Return whether the turn ended at a limit of tokens or seconds; the rerun compares it with today's."""
    return end.reason == "limit" and measured(end.detail)
