"""The interface of a model: a request in, deltas while it works, one answer out.

Implementations: the recording (replay/tape.py), the rehearsal
(models/rehearsal.py), Claude (models/claude.py) and a manual answer of the
engineer (replay/partial.py). The engine does not know which one it uses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol

import msgspec

from ..trace.blobs import PromptSection
from ..trace.events import Answer, Usage
from ..trace.messages import Messages


class Delta(msgspec.Struct, frozen=True, omit_defaults=True):
    """A part of an answer in progress, for display; never recorded.

    `kind`: "text" or "thinking" (append `text`), "tool" (`text` is the name of
    a tool whose arguments are being written), "wait" (`text` is the reason, `seconds`
    the time until the next attempt), "restart" (discard what was streamed so far), "usage"
    (what the provider has counted so far), "policy" (`text` is the policy that decides now).
    """

    kind: Literal["text", "thinking", "tool", "wait", "restart", "usage", "policy"]
    text: str = ""
    seconds: float = 0.0
    usage: Usage | None = None


DeltaSink = Callable[[Delta], None]


def discard_delta(delta: Delta) -> None:
    """Ignore a delta: the sink if nothing is displayed."""


class ModelRequest(msgspec.Struct, frozen=True):
    """The request to a model, in the format of the Messages API.

    `system` are the prompt sections in order; `messages` is a list of {"role",
    "content": [blocks]}; `tools` a list of {"name", "description", "input_schema"}.
    `conversation` is the read-only view that scripts such as the rehearsal use
    instead of the messages.
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
    """A finished answer: the provider's blocks unchanged, the stop reason, the model's name, the usage."""

    blocks: list[dict[str, Any]]
    stop: str = "end_turn"
    model: str = ""
    usage: Usage | None = None


class Model(Protocol):
    """A model: `name` is displayed and recorded; `params` are recorded with the prompt.

    `answer()` returns a ModelAnswer, or the recorded Answer event itself. It calls `show`
    with deltas while it works. It raises NoAnswer if there will be no answer.
    """

    @property
    def name(self) -> str: ...

    @property
    def params(self) -> dict[str, Any]: ...

    async def answer(self, request: ModelRequest, show: DeltaSink) -> ModelAnswer | Answer: ...
