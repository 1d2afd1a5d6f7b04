"""The tape: what a replay holds fixed. It is a Model and a Runner made from a record.

Answers are queued per turn, results stand at their places. Order selects; what
was selected is verified by whoever handed in `checkpoint`, which is called
before every answer and says whether the tape may go on.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable
from typing import Any

from .errors import ModelStopped
from .model import Delta, ModelAnswer, ModelRequest
from .runner import Ran
from .steps import Answer, AnyStep, Place, Prompt, same
from .tool import Tool
from .trace import Move, TurnMoves, moves

STOPPED = ("interrupted", "killed")  # ends that may fall into the middle of anything
ENDS_FROM_OUTSIDE = ("model_error", "interrupted", "killed", "limit")


class Tape:
    """A record, ready to be played. `turns` are its moves by turn."""

    def __init__(self, steps: Iterable[AnyStep], checkpoint: Callable[[], bool] | None = None) -> None:
        steps = list(steps)
        self.turns: list[TurnMoves] = moves(steps)
        self.checkpoint = checkpoint
        self._answers: dict[tuple[int, int], Answer] = {}
        self._prompts: dict[tuple[int, int], Prompt] = {}
        self._moves: dict[tuple[int, int, int], Move] = {}
        self._ends = {t.turn: t.end for t in self.turns}
        prompt = None
        for step in steps:
            if isinstance(step, Prompt):
                prompt = step
            elif isinstance(step, Answer):
                self._answers[step.turn, step.answer] = step
                if prompt is not None:
                    self._prompts[step.turn, step.answer] = prompt
        for turn in self.turns:
            for move in turn.moves:
                self._moves[move.place] = move
        self._order = list(self._answers)
        self._next = 0
        self._last = prompt
        self._told = self._said_to()

    # a Model

    @property
    def name(self) -> str:
        """The recorded model's name, so that a prompt differs only where code made it differ."""
        return self._told.model if self._told else ""

    @property
    def params(self) -> dict[str, Any]:
        return self._told.params if self._told else {}

    def _said_to(self) -> Prompt | None:
        """The prompt of the next answer; after the last one, the last."""
        if self._next < len(self._order):
            return self._prompts.get(self._order[self._next])
        return self._last

    async def answer(self, request: ModelRequest) -> AsyncGenerator[Delta | ModelAnswer, None]:
        if self.checkpoint is not None and not self.checkpoint():
            raise ModelStopped("tape_ended", "the run left the recording")
        recorded = self._answers.get((request.turn, request.answer))
        if recorded is None:
            end = self._ends.get(request.turn)
            if end is not None and end.reason in ENDS_FROM_OUTSIDE:
                raise ModelStopped(end.reason, end.detail)
            raise ModelStopped("tape_ended", "the recording holds no further answer in this turn")
        self._next = self._order.index((request.turn, request.answer), self._next) + 1
        self._told = self._said_to()
        yield ModelAnswer(recorded.blocks, recorded.stop, recorded.model, recorded.meter)

    def prompt_of(self, place: Place) -> Prompt | None:
        """The prompt that a recorded answer was given to."""
        return self._prompts.get((place.turn, place.answer))

    def stops_at(self, place: Place) -> bool:
        """Whether the record breaks off at this answer: was stopped there, or does not say how its turn ended."""
        end = self._ends.get(place.turn)
        if end is not None and end.reason not in STOPPED:
            return False
        return (place.turn, place.answer + 1) not in self._answers and (
            end is not None or place.turn == self.turns[-1].turn
        )

    def move_at(self, place: Place) -> Move | None:
        return self._moves.get(place)

    # a Runner

    async def run(self, tool: Tool, args: dict[str, Any], place: Place) -> Ran:
        move = self._moves.get(place)
        if move is None or move.result is None or not move.executed:
            return Ran("missing", f"the tape holds no result of {tool.name} at {place}")
        if move.args is not args and not same(move.args, args):
            return Ran("missing", f"the tape holds a result of {tool.name} at {place}, for other arguments")
        result = move.result
        return Ran(result.outcome, result.value, result.changed, result.printed)
