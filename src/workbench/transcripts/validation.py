"""What makes steps one conversation: in order, nothing twice, nothing about a move that is not there.

A replay selects by place, so it would pass over a step that stands at none, and
take the second of two that stand at one.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

import msgspec

from ..errors import TranscriptError
from ..trace.blobs import seal
from ..trace.events import (
    Answer,
    AnyStep,
    Decision,
    Entered,
    Exchange,
    Fault,
    HandOff,
    Prompt,
    Reply,
    Result,
    TurnEnd,
    UserMessage,
)
from ..trace.steps import moves
from .transcript import Transcript

MEND = "restore the file from git, or import or save the conversation again"
ONCE = {Result: "result", Reply: "reply", HandOff: "hand-off", Entered: "entered journey"}
STANDS = {"message": (0, 0), "before": (1, 1), "after": (1, 1), "reply": (1, 0)}  # whether in an answer, in a call


def check_steps(steps: list[AnyStep], name: str) -> None:
    """Raise TranscriptError, with the number of the step, where a replay would pass over something."""
    at = _Reader()
    for number, step in enumerate(steps, 1):
        wrong = at.wrong(step)
        if wrong:
            raise TranscriptError(f"step {number}: {wrong}", where=name, next=MEND)
    if not at.begun:
        raise TranscriptError("there is no conversation in it", where=name, next="delete the file")


class _Reader:
    """Where a reader of the steps is: the turn, its last answer and the calls of that.

    In turn 0 stands what the agent said before the customer's first message.
    """

    def __init__(self) -> None:
        self.turn = self.answer = 0
        self.calls: list[str] = []
        self.begun = self.ended = False
        self.seen: set[tuple[type[Any], int, int]] = set()

    def wrong(self, step: AnyStep) -> str:
        """What is wrong with the next step, or ""."""
        kind = step.__class__
        if step.turn != self.turn:
            return self._next_turn(step)
        if self.ended:
            return f"turn {step.turn} goes on after its end"
        if kind is UserMessage:
            return f"a second message in turn {step.turn}"
        if kind is Answer:
            return self._next_answer(step)  # type: ignore[arg-type]
        if kind is TurnEnd:
            self.ended = True
        elif kind is Prompt or kind is Fault:
            if step.answer not in (self.answer, self.answer + 1):
                return f"a {kind.__name__.lower()} at {step.place}, after answer {self.answer}"
        elif step.answer != self.answer or not 0 <= step.call <= len(self.calls):
            return f"a {kind.__name__.lower()} at {step.place}, where no {'call' if step.call else 'answer'} is"
        elif kind is Exchange:
            return "" if step.call else f"an exchange at {step.place}, where no call is"
        elif kind is Decision:
            stand = step.stand  # type: ignore[union-attr]
            if (step.answer > 0, step.call > 0) != STANDS[stand]:
                return f"a decision at {step.place}, which is no place for one on a {stand}"
        else:
            return self._once(step)
        return ""

    def _next_turn(self, step: AnyStep) -> str:
        if step.turn != self.turn + 1:
            return f"turn {step.turn} follows turn {self.turn}"
        if step.__class__ is not UserMessage:
            return f"turn {step.turn} begins without the customer's message"
        self.turn, self.answer, self.calls, self.begun, self.ended = step.turn, 0, [], True, False
        self.seen.clear()
        return f"a message at {step.place}" if step.answer or step.call else ""

    def _next_answer(self, step: Answer) -> str:
        if step.answer != self.answer + 1 or step.call:
            return f"answer {step.place} follows answer {self.answer}"
        self.answer, self.calls, self.begun = step.answer, [call.tool for call in step.calls], True
        return ""

    def _once(self, step: AnyStep) -> str:
        key = (step.__class__, step.answer, step.call)
        if key in self.seen:
            return f"a second {ONCE[step.__class__]} at {step.place}"
        self.seen.add(key)
        if step.__class__ is Result:
            if not step.call:
                return f"a result at {step.place}, where no call is"
            called = self.calls[step.call - 1]
            if step.tool != called:
                return f"a result of {step.tool} at {step.place}, where {called} was called"
        return ""


_FIELD = re.compile(rb'\n  "([^"]*)"')  # of the whole, in a file as we write it


def doubled(data: bytes) -> str:
    """A field that a file has twice, of which a reader may see the one and we the other; or "".

    In a file as we write it those of the whole are looked at, which costs nothing; in others all.
    """
    names = _FIELD.findall(data)
    if names:
        return next((n.decode("utf-8", "replace") for n in names if names.count(n) > 1), "")
    found: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names):
            found.extend(n for n in names if names.count(n) > 1)

    json.loads(data, object_pairs_hook=look)
    return found[0] if found else ""


_sealed: dict[str, Any] = {}  # exhibits whose hash is known to be right: most transcripts share theirs


def check_exhibits(exhibits: dict[str, Any], name: str) -> None:
    """Raise TranscriptError for a text that is not the one its hash was made of."""
    for key, value in exhibits.items():
        if _sealed.get(key) != value:
            if seal(value) != key:
                raise TranscriptError(f"the exhibit {key!r:.40} is not what its hash says", where=name, next=MEND)
            if len(_sealed) < 10_000:
                _sealed[key] = value


MAX_PLACES = 12  # of a conversation, in one line


def check_transcript(transcript: Transcript, name: str) -> None:
    """Check what types cannot: one conversation, places that exist, one expectation of a mistake.

    Raises TranscriptError.
    """
    try:
        datetime.fromisoformat(transcript.setup.clock)
    except ValueError:
        raise TranscriptError(f"the clock {transcript.setup.clock!r} is no time", where=name) from None
    if not transcript.id.strip():
        raise TranscriptError("it has no id", where=name, next="give it one that no other has")
    try:
        msgspec.json.encode(transcript.source)
    except (ValueError, RecursionError) as error:
        raise TranscriptError(f"its source: {error}", where=name, next=MEND) from None
    check_steps(transcript.steps, name)
    check_exhibits(transcript.exhibits, name)
    if transcript.setup.agent != transcript.agent:
        raise TranscriptError(
            f"it is of the agent {transcript.agent!r}, its setup of {transcript.setup.agent!r}",
            where=name,
            next=MEND,
        )
    if transcript.kind == "mistake" and len(transcript.expectations) != 1:
        raise TranscriptError(
            f"a mistake has one expectation, not {len(transcript.expectations)}",
            where=name,
            next="keep the one that must stay fixed; save others as transcripts of their own",
        )
    pointed = [
        *(("expectation", e.at) for e in transcript.expectations),
        *(("mark", m.at) for m in transcript.marks),
    ]
    places = {str(m.place): m for turn in moves(transcript.steps) for m in turn.moves} if pointed else {}
    for what, at in pointed:
        if at not in places:
            raise TranscriptError(
                f"the {what} at {at!r} points to no move of this conversation",
                where=name,
                next=f"give it one of the places that are there: {', '.join(list(places)[:MAX_PLACES])}"
                + (" …" if len(places) > MAX_PLACES else ""),
            )
    for expectation in transcript.expectations:
        expectation.check(name)
        expectation.check_at(places[expectation.at], name)
