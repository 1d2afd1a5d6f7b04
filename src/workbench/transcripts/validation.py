"""Validate that events form one conversation: in order, without duplicates, and each at an existing step.

Replay looks events up by step id, so an event with an unknown id would be silently
skipped, and of two with the same id one would be ignored.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

import msgspec

from ..errors import TranscriptError
from ..trace.blobs import blob_hash
from ..trace.events import (
    Answer,
    AnyEvent,
    Fault,
    HandedOff,
    HttpExchange,
    JourneyEntered,
    PartialAnswer,
    PolicyDecision,
    Prompt,
    Reply,
    ToolResult,
    TurnEnded,
    UserMessage,
)
from ..trace.steps import group_steps
from .transcript import Transcript

RESTORE_HINT = "restore the file from git, or import or save the conversation again"
ONCE = {
    ToolResult: "result",
    Reply: "reply",
    HandedOff: "hand-off",
    JourneyEntered: "entered journey",
    PartialAnswer: "partial answer",
}
HOOK_POSITIONS = {
    "on_message": (0, 0),
    "before_tool": (1, 1),
    "after_tool": (1, 1),
    "before_reply": (1, 0),
}  # whether allowed at an answer, at a call


def validate_events(events: list[AnyEvent], name: str) -> None:
    """Raise TranscriptError, with the number of the event, for anything a replay would skip."""
    at = _Reader()
    for number, event in enumerate(events, 1):
        wrong = at.wrong(event)
        if wrong:
            raise TranscriptError(
                wrong, where=name, hint=RESTORE_HINT, code="transcript.invalid-event", event=number
            )
    if not at.begun:
        raise TranscriptError("it contains no conversation", where=name, hint="delete the file")


class _Reader:
    """Tracks the position in the events: the turn, its last answer and the calls of that answer.

    Turn 0 contains what the agent said before the customer's first message.
    """

    def __init__(self) -> None:
        self.turn = self.answer = 0
        self.calls: list[str] = []
        self.begun = self.ended = False
        self.seen: set[tuple[type[Any], int, int]] = set()

    def wrong(self, event: AnyEvent) -> str:
        """Return what is wrong with the next event, or ""."""
        kind = event.__class__
        if event.turn != self.turn:
            return self._next_turn(event)
        if self.ended:
            return f"turn {event.turn} continues after its end"
        if kind is UserMessage:
            return f"duplicate message in turn {event.turn}"
        if kind is Answer:
            return self._next_answer(event)  # type: ignore[arg-type]
        if kind is TurnEnded:
            self.ended = True
        elif kind is PartialAnswer:
            if event.answer != self.answer + 1 or event.call:
                return f"a partial answer at {event.step_id}, after answer {self.answer}"
            return self._once(event)
        elif kind is Prompt or kind is Fault:
            if event.answer not in (self.answer, self.answer + 1):
                return f"a {kind.__name__.lower()} at {event.step_id}, after answer {self.answer}"
        elif event.answer != self.answer or not 0 <= event.call <= len(self.calls):
            missing = "call" if event.call else "answer"
            return f"a {kind.__name__.lower()} at {event.step_id}, but there is no such {missing}"
        elif kind is HttpExchange:
            return "" if event.call else f"an exchange at {event.step_id}, but there is no such call"
        elif kind is PolicyDecision:
            hook = event.hook  # type: ignore[union-attr]
            if (event.answer > 0, event.call > 0) != HOOK_POSITIONS[hook]:
                return f"a {hook} decision at {event.step_id}, which is not a step of that kind"
        else:
            return self._once(event)
        return ""

    def _next_turn(self, event: AnyEvent) -> str:
        if event.turn != self.turn + 1:
            return f"turn {event.turn} follows turn {self.turn}"
        if event.__class__ is not UserMessage:
            return f"turn {event.turn} starts without a customer message"
        self.turn, self.answer, self.calls, self.begun, self.ended = event.turn, 0, [], True, False
        self.seen.clear()
        return f"a message at {event.step_id}" if event.answer or event.call else ""

    def _next_answer(self, event: Answer) -> str:
        if event.answer != self.answer + 1 or event.call:
            return f"answer {event.step_id} follows answer {self.answer}"
        self.answer, self.calls, self.begun = event.answer, [call.tool for call in event.calls], True
        return ""

    def _once(self, event: AnyEvent) -> str:
        key = (event.__class__, event.answer, event.call)
        if key in self.seen:
            return f"duplicate {ONCE[event.__class__]} at step {event.step_id}"
        self.seen.add(key)
        if event.__class__ is ToolResult:
            if not event.call:
                return f"a result at {event.step_id}, but there is no such call"
            called = self.calls[event.call - 1]
            if event.tool != called:
                return f"a result of {event.tool} at {event.step_id}, but {called} was called"
        return ""


_FIELD = re.compile(rb'\n  "([^"]*)"')  # a top-level field, in canonical form


def duplicate_field(data: bytes) -> str:
    """Return a field that a file has twice (readers may disagree which one counts), or "".

    In a file in canonical form only top-level fields are checked, which is fast; in others all.
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


_verified: dict[str, Any] = {}  # blobs with a verified hash: most transcripts share theirs


def validate_blobs(blobs: dict[str, Any], name: str) -> None:
    """Raise TranscriptError for a blob that does not match its hash."""
    for key, value in blobs.items():
        if _verified.get(key) != value:
            if blob_hash(value) != key:
                raise TranscriptError(
                    f"blob {key!r:.40} does not match its hash",
                    where=name,
                    hint=RESTORE_HINT,
                    code="transcript.blob-mismatch",
                )
            if len(_verified) < 10_000:
                _verified[key] = value


MAX_STEP_IDS = 12  # step ids listed in one line


def check_transcript(transcript: Transcript, name: str) -> None:
    """Check what types cannot: one conversation, existing step ids, exactly one expectation of a mistake.

    Raises TranscriptError.
    """
    try:
        datetime.fromisoformat(transcript.setup.clock)
    except ValueError:
        raise TranscriptError(f"setup.clock {transcript.setup.clock!r} is not a valid time", where=name) from None
    if not transcript.id.strip():
        raise TranscriptError("it has no id", where=name, hint="add a unique id")
    try:
        msgspec.json.encode(transcript.source)
    except (ValueError, RecursionError) as error:
        raise TranscriptError(f"invalid source: {error}", where=name, hint=RESTORE_HINT) from None
    validate_events(transcript.events, name)
    validate_blobs(transcript.blobs, name)
    if transcript.setup.agent != transcript.agent:
        raise TranscriptError(
            f"`agent` is {transcript.agent!r} but `setup.agent` is {transcript.setup.agent!r}",
            where=name,
            hint=RESTORE_HINT,
        )
    if transcript.kind == "mistake" and len(transcript.expectations) != 1:
        raise TranscriptError(
            f"a mistake needs exactly one expectation, not {len(transcript.expectations)}",
            where=name,
            hint="keep the one that must stay fixed; save the others as separate transcripts",
        )
    pointed = [
        *(("expectation", e.step) for e in transcript.expectations),
        *(("annotation", m.step) for m in transcript.annotations),
    ]
    steps = {str(m.step_id): m for turn in group_steps(transcript.events) for m in turn.steps} if pointed else {}
    for what, at in pointed:
        if at not in steps:
            raise TranscriptError(
                f"the {what} at {at!r} is not at a step of this conversation",
                where=name,
                hint=f"use one of its step ids: {', '.join(list(steps)[:MAX_STEP_IDS])}"
                + (" …" if len(steps) > MAX_STEP_IDS else ""),
                code="transcript.unknown-step",
            )
    for expectation in transcript.expectations:
        expectation.validate(name)
        expectation.validate_step(steps[expectation.step], name)
