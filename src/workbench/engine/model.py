"""The model seam: a request goes in, one answer comes out; what comes before it is shown.

Behind it stand siblings: the tape (tape.py), the rehearsal (rehearsal.py), a
live model (outside/claude.py), the engineer at the wheel. Nothing else in
Workbench knows which one it talks to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol

import msgspec

from ..trace.blobs import PromptSection
from ..trace.events import Answer, Usage
from ..trace.messages import Messages


class Delta(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something to show while an answer is on its way; never part of the record.

    `kind`: "text" or "thinking" (append `text`), "tool" (`text` is the name of
    a tool whose arguments are being written), "wait" (`text` says why, `seconds`
    how long until the next try), "restart" (forget what was streamed so far).
    """

    kind: Literal["text", "thinking", "tool", "wait", "restart"]
    text: str = ""
    seconds: float = 0.0


DeltaSink = Callable[[Delta], None]


def discard_delta(delta: Delta) -> None:
    """A Show for where nobody looks."""


class ModelRequest(msgspec.Struct, frozen=True):
    """All that a model is sent, in the shape of the Messages API.

    `system` spans in order; `messages` a list of {"role", "content": [blocks]};
    `tools` a list of {"name", "description", "input_schema"}. `conversation` is the
    read-only view of the conversation that scripts such as the rehearsal use
    instead of prose.
    """

    turn: int
    answer: int
    system: tuple[PromptSection, ...]
    thread: Messages
    tools: tuple[dict[str, Any], ...]
    conversation: Any

    @property
    def messages(self) -> list[dict[str, Any]]:
        return self.thread.to_list()


class ModelAnswer(msgspec.Struct, frozen=True):
    """A finished answer: provider blocks verbatim, the stop reason, the model's own name, its cost."""

    blocks: list[dict[str, Any]]
    stop: str = "end_turn"
    model: str = ""
    usage: Usage | None = None


class Model(Protocol):
    """`name` is shown on screen and recorded; `params` are recorded with the prompt.

    `answer()` gives one ModelAnswer, or the step itself where it is on a record
    already, and hands `show` what can be shown before. It raises ModelStopped
    where no answer will come.
    """

    @property
    def name(self) -> str: ...

    @property
    def params(self) -> dict[str, Any]: ...

    async def answer(self, request: ModelRequest, show: DeltaSink) -> ModelAnswer | Answer: ...
