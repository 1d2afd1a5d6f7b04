"""The tape: what a replay holds fixed. It is a Model and a Runner made from a record.

Answers are queued per turn, results stand at their places. Order selects; what
was selected is verified by whoever handed in `checkpoint`, which is called
before every answer and says whether the tape may go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..authoring.tool import Tool
from ..engine.model import ModelRequest, Show
from ..engine.sandbox import Ran
from ..errors import ModelStopped
from ..plain import same
from ..trace.events import Answer, AnyStep, Prompt
from ..trace.step_id import Place
from ..trace.steps import Moves, TurnMoves

STOPPED = ("interrupted", "killed")  # ends that may fall into the middle of anything
ENDS_FROM_OUTSIDE = ("model_error", "interrupted", "killed", "limit")


class Tape:
    """A record, ready to be played. `turns` are its moves by turn, `moves` the same by place.

    As a Model it has the recorded one's `name` and `params`, so that a prompt
    differs only where code made it differ.
    """

    def __init__(self, steps: Iterable[AnyStep], checkpoint: Callable[[], bool] | None = None) -> None:
        self.checkpoint = checkpoint
        grouped = Moves(steps)
        self.turns: list[TurnMoves] = grouped.turns
        self.moves = grouped.at
        self.move_at = grouped.at.get  # by place
        self._ends = {t.turn: t.end for t in self.turns}
        self._stopped = {t.turn for t in self.turns if t.end is None or t.end.reason in STOPPED}
        self._answers = {(m.place.turn, m.place.answer): m.answer for m in grouped.all if m.answer is not None}
        prompts = {(m.place.turn, m.place.answer): m.prompt for m in grouped.all if m.answer is not None}
        first, *later = *prompts.values(), grouped.prompt
        self._next_prompt = dict(zip(prompts, later, strict=True))
        self._be(first)

    def _be(self, prompt: Prompt | None) -> None:
        self.name = prompt.model if prompt is not None else ""
        self.params: dict[str, Any] = prompt.params if prompt is not None else {}

    # a Model

    async def answer(self, request: ModelRequest, show: Show) -> Answer:
        if self.checkpoint is not None and not self.checkpoint():
            raise ModelStopped("tape_ended", "the run left the recording")
        at = request.turn, request.answer
        recorded = self._answers.get(at)
        if recorded is None:
            end = self._ends.get(request.turn)
            if end is not None and end.reason in ENDS_FROM_OUTSIDE:
                raise ModelStopped(end.reason, end.detail)
            raise ModelStopped("tape_ended", "the recording holds no further answer in this turn")
        self._be(self._next_prompt[at])
        return recorded

    def stops_at(self, place: Place) -> bool:
        """Whether the record breaks off at this answer: was stopped there, or does not say how its turn ended."""
        turn, answer, _ = place
        if turn not in self._stopped or (turn, answer + 1) in self._answers:
            return False
        return self._ends[turn] is not None or turn == self.turns[-1].turn

    # a Runner

    async def run(self, tool: Tool, args: dict[str, Any], place: Place) -> Ran:
        move = self.move_at(place)
        if move is None or move.result is None or not move.executed:
            return Ran("missing", f"the tape holds no result of {tool.name} at {place}")
        if move.args is not args and not same(move.args, args):
            return Ran("missing", f"the tape holds a result of {tool.name} at {place}, for other arguments")
        result = move.result
        return Ran(result.outcome, result.value, result.changed, result.printed, exchanges=move.exchanges)
