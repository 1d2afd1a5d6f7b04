"""The tape: what a replay holds fixed. It is a Model and a Runner made from a record.

Answers are queued per turn, results stand at their places. Order selects; what
was selected is verified by whoever handed in `checkpoint`, which is called
before every answer and says whether the tape may go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..authoring.tool import Tool
from ..engine.model import DeltaSink, ModelRequest
from ..engine.sandbox import ToolRun
from ..errors import NoAnswer
from ..plain import plain_equal
from ..trace.events import Answer, AnyEvent, Prompt
from ..trace.step_id import StepId
from ..trace.steps import StepGrouper, Turn

INTERRUPTED_ENDS = ("interrupted", "killed")  # ends that may fall into the middle of anything
EXTERNAL_ENDS = ("model_error", "interrupted", "killed", "limit")


class Tape:
    """A record, ready to be played. `turns` are its moves by turn, `moves` the same by place.

    As a Model it has the recorded one's `name` and `params`, so that a prompt
    differs only where code made it differ.
    """

    def __init__(self, events: Iterable[AnyEvent], checkpoint: Callable[[], bool] | None = None) -> None:
        self.checkpoint = checkpoint
        grouped = StepGrouper(events)
        self.turns: list[Turn] = grouped.turns
        self.steps = grouped.by_id
        self.step_at = grouped.by_id.get  # by place
        self._ends = {t.turn: t.end for t in self.turns}
        self._stopped = {t.turn for t in self.turns if t.end is None or t.end.reason in INTERRUPTED_ENDS}
        self._answers = {(m.step_id.turn, m.step_id.answer): m.answer for m in grouped.all if m.answer is not None}
        prompts = {(m.step_id.turn, m.step_id.answer): m.prompt for m in grouped.all if m.answer is not None}
        first, *later = *prompts.values(), grouped.prompt
        self._next_prompt = dict(zip(prompts, later, strict=True))
        self._be(first)

    def _be(self, prompt: Prompt | None) -> None:
        self.name = prompt.model if prompt is not None else ""
        self.params: dict[str, Any] = prompt.params if prompt is not None else {}

    # a Model

    async def answer(self, request: ModelRequest, show: DeltaSink) -> Answer:
        if self.checkpoint is not None and not self.checkpoint():
            raise NoAnswer("tape_ended", "the run left the recording")
        at = request.turn, request.answer
        recorded = self._answers.get(at)
        if recorded is None:
            end = self._ends.get(request.turn)
            if end is not None and end.reason in EXTERNAL_ENDS:
                raise NoAnswer(end.reason, end.detail)
            raise NoAnswer("tape_ended", "the recording holds no further answer in this turn")
        self._be(self._next_prompt[at])
        return recorded

    def truncated_at(self, step_id: StepId) -> bool:
        """Whether the record breaks off at this answer: was stopped there, or does not say how its turn ended."""
        turn, answer, _ = step_id
        if turn not in self._stopped or (turn, answer + 1) in self._answers:
            return False
        return self._ends[turn] is not None or turn == self.turns[-1].turn

    # a Runner

    async def run(self, tool: Tool, args: dict[str, Any], step_id: StepId) -> ToolRun:
        step = self.step_at(step_id)
        if step is None or step.result is None or not step.executed:
            return ToolRun("missing", f"the tape holds no result of {tool.name} at {step_id}")
        if step.args is not args and not plain_equal(step.args, args):
            return ToolRun("missing", f"the tape holds a result of {tool.name} at {step_id}, for other arguments")
        result = step.result
        return ToolRun(result.outcome, result.value, result.changed, result.output, exchanges=step.exchanges)
