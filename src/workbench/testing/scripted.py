"""A model that plays a script, and the content blocks its answers consist of."""

from __future__ import annotations

from typing import Any

from ..engine.model import Delta, DeltaSink, ModelAnswer, ModelRequest

Block = dict[str, Any]
Blocks = list[Block]


def text(words: str) -> Block:
    """Return a block of text: what the customer reads."""
    return {"type": "text", "text": words}


def thinking(words: str) -> Block:
    """Return a block of reasoning, which the customer does not see."""
    return {"type": "thinking", "thinking": words, "signature": "sig"}


def tool_use(tool: str, id: str = "call", /, **args: Any) -> Block:
    """Return a block that calls a tool. Use different ids for calls in one conversation that must be distinct."""
    return {"type": "tool_use", "id": id, "name": tool, "input": args}


class ScriptedModel:
    """A model that gives prepared answers in order.

    An answer is a text, a list of blocks, or an exception to raise. `requests`
    contains every request received, `messages` a copy of the messages of each.
    A request after the last answer raises AssertionError.
    """

    name = "scripted"

    def __init__(self, *answers: Blocks | str | Exception) -> None:
        self.params: dict[str, Any] = {}
        self.answers = list(answers)
        self.requests: list[ModelRequest] = []
        self.messages: list[list[dict[str, Any]]] = []

    async def answer(self, request: ModelRequest, show: DeltaSink) -> ModelAnswer:
        """Return the next answer of the script."""
        self.requests.append(request)
        self.messages.append([{**m, "content": list(m["content"])} for m in request.messages])
        if not self.answers:
            raise AssertionError(f"the script has no answer {len(self.requests)}")
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        blocks = [text(answer)] if isinstance(answer, str) else answer
        for block in blocks:
            if block["type"] == "text":
                show(Delta("text", block["text"]))
        stop = "tool_use" if any(b["type"] == "tool_use" for b in blocks) else "end_turn"
        return ModelAnswer(blocks, stop, self.name)
