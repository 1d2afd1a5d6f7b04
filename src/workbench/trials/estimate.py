"""Estimate the cost of a live run from the size of the recorded conversation."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from ..trace.events import Answer, Prompt, ToolResult, UserMessage
from ..trace.step_id import StepId
from ..transcripts.transcript import Transcript

CHARS_PER_TOKEN = 3.5  # characters a token, taken low: the estimate is rather too high


class Tokens(NamedTuple):
    """Tokens that go out to the model and come back, and in how many requests. Nothing is read from a cache."""

    input: int = 0
    output: int = 0
    requests: int = 0

    def times(self, trials: int) -> Tokens:
        return Tokens(self.input * trials, self.output * trials, self.requests * trials)

    def plus(self, other: Tokens) -> Tokens:
        return Tokens(self.input + other.input, self.output + other.output, self.requests + other.requests)


def estimate_tokens(transcript: Transcript, since: StepId, last: int) -> Tokens:
    """The tokens of one trial from `since` to the end of turn `last`, if it goes as the record went."""
    prompt = said = sent = made = requests = 0
    for event in transcript.events:
        if event.turn > last:
            break
        if isinstance(event, Prompt):
            prompt = sum(_size(transcript.blobs.get(key)) for key in (*event.sections, *event.tools))
        elif isinstance(event, UserMessage):
            said += len(str(event.text))
        elif isinstance(event, ToolResult):
            said += _size(event.value)
        elif isinstance(event, Answer):
            size = _size(event.blocks)
            if event.step_id >= StepId(since.turn, since.answer):
                sent, made, requests = sent + prompt + said, made + size, requests + 1
            said += size
    judged = [e for e in transcript.expectations if e.kind == "rubric"]
    for _ in judged:
        sent, made, requests = sent + said + 1_000, made + 300, requests + 1
    return Tokens(round(sent / CHARS_PER_TOKEN), round(made / CHARS_PER_TOKEN), requests)


def _size(value: Any) -> int:
    return len(msgspec.json.encode(value))
