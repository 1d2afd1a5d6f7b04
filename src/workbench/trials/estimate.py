"""Estimate the cost of a live run from the size of the recorded conversation."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from ..trace.events import Answer, Prompt, ToolResult, UserMessage
from ..trace.step_id import StepId
from ..transcripts.transcript import Transcript

CHARS_PER_TOKEN = 3.5  # low, so that the estimate is rather too high


class Tokens(NamedTuple):
    """Input and output tokens, and the number of requests. Caching is ignored."""

    input: int = 0
    output: int = 0
    requests: int = 0

    def times(self, trials: int) -> Tokens:
        return Tokens(self.input * trials, self.output * trials, self.requests * trials)

    def plus(self, other: Tokens) -> Tokens:
        return Tokens(self.input + other.input, self.output + other.output, self.requests + other.requests)


def estimate_tokens(transcript: Transcript, since: StepId, last: int) -> Tokens:
    """Estimate the tokens of one trial from `since` to the end of turn `last`, if it goes like the recording."""
    prompt = messages = sent = received = requests = 0
    for event in transcript.events:
        if event.turn > last:
            break
        if isinstance(event, Prompt):
            prompt = sum(_size(transcript.blobs.get(key)) for key in (*event.sections, *event.tools))
        elif isinstance(event, UserMessage):
            messages += len(str(event.text))
        elif isinstance(event, ToolResult):
            messages += _size(event.value)
        elif isinstance(event, Answer):
            size = _size(event.blocks)
            if event.step_id >= StepId(since.turn, since.answer):
                sent, received, requests = sent + prompt + messages, received + size, requests + 1
            messages += size
    rubrics = [e for e in transcript.expectations if e.kind == "rubric"]
    for _ in rubrics:
        sent, received, requests = sent + messages + 1_000, received + 300, requests + 1
    return Tokens(round(sent / CHARS_PER_TOKEN), round(received / CHARS_PER_TOKEN), requests)


def _size(value: Any) -> int:
    return len(msgspec.json.encode(value))
