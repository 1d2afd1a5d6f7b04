"""Partial replay: a Model and a ToolRunner that follow a recording up to a step, then continue live.

Before the step, answers and results come from the recording. At the step there may
be a manual answer. After it, the live model and the sandbox continue.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..authoring.tool import Tool
from ..engine.model import DeltaSink, Model, ModelAnswer, ModelRequest
from ..engine.sandbox import Sandbox, ToolRun
from ..trace.events import Answer, AnyEvent
from ..trace.step_id import StepId
from .tape import Tape

MANUAL = "manual"  # the model name of an engineer's answer


class PartialReplay:
    """The recorded events of one turn, and the manual answer `blocks` at `until` (None: no manual answer).

    An answer with calls before and after `until` is the recorded one: only its later calls are executed.
    """

    def __init__(
        self,
        events: Iterable[AnyEvent],
        until: StepId,
        model: Model,
        sandbox: Sandbox,
        blocks: list[dict[str, Any]] | None = None,
    ) -> None:
        self.tape = Tape(events)
        self.fork_at = until
        self.model = model
        self.sandbox = sandbox
        self.blocks = blocks
        self._next = 1  # the number of the next requested answer

    # Model

    @property
    def _speaker(self) -> Model:
        return self.tape if (self._next, 0) < self.fork_at[1:] else self.model

    @property
    def name(self) -> str:
        return self._speaker.name or self.model.name  # a recorded turn may have no prompt of its own

    @property
    def params(self) -> dict[str, Any]:
        return self._speaker.params if self._speaker.name else self.model.params

    async def answer(self, request: ModelRequest, show: DeltaSink) -> ModelAnswer | Answer:
        speaker = self._speaker
        self._next = request.answer + 1
        if self.blocks is not None and request.answer == self.fork_at.answer:
            called = any(block.get("type") == "tool_use" for block in self.blocks)
            return ModelAnswer(self.blocks, "tool_use" if called else "end_turn", MANUAL)
        return await speaker.answer(request, show)

    # ToolRunner

    async def run(self, tool: Tool, args: dict[str, Any], step_id: StepId) -> ToolRun:
        if step_id < self.fork_at:
            ran = await self.tape.run(tool, args, step_id)
            if ran.outcome != "missing":
                self.sandbox.world.apply(ran.changed)
                return ran
        return await self.sandbox.run(tool, args, step_id)
