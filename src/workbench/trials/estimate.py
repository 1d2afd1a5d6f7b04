"""What a live run may cost, told from the sizes of a recorded conversation."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from ..trace.events import Answer, Prompt, Result, UserMessage
from ..trace.step_id import Place
from ..transcripts.transcript import Transcript

LETTERS = 3.5  # characters a token, taken low: the estimate is rather too high


class Tokens(NamedTuple):
    """Tokens that go out to the model and come back, and in how many requests. Nothing is read from a cache."""

    sent: int = 0
    made: int = 0
    requests: int = 0

    def times(self, trials: int) -> Tokens:
        return Tokens(self.sent * trials, self.made * trials, self.requests * trials)

    def plus(self, other: Tokens) -> Tokens:
        return Tokens(self.sent + other.sent, self.made + other.made, self.requests + other.requests)


def estimate(transcript: Transcript, since: Place, last: int) -> Tokens:
    """The tokens of one trial from `since` to the end of turn `last`, if it goes as the record went."""
    prompt = said = sent = made = requests = 0
    for step in transcript.steps:
        if step.turn > last:
            break
        if isinstance(step, Prompt):
            prompt = sum(_size(transcript.exhibits.get(key)) for key in (*step.spans, *step.tools))
        elif isinstance(step, UserMessage):
            said += len(str(step.text))
        elif isinstance(step, Result):
            said += _size(step.value)
        elif isinstance(step, Answer):
            size = _size(step.blocks)
            if step.place >= Place(since.turn, since.answer):
                sent, made, requests = sent + prompt + said, made + size, requests + 1
            said += size
    judged = [e for e in transcript.expectations if e.expect == "rubric"]
    for _ in judged:
        sent, made, requests = sent + said + 1_000, made + 300, requests + 1
    return Tokens(round(sent / LETTERS), round(made / LETTERS), requests)


def _size(value: Any) -> int:
    return len(msgspec.json.encode(value))
