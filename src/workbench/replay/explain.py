"""Explain a verdict: the lines that a report prints under it, and the source location to open."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from ..trace.step_id import StepId
from ..transcripts.json_position import line_of
from .case import Case
from .verdict import Verdict


class Pointer(NamedTuple):
    """A file path with / as separator, relative to the current folder, and a line from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def deciding_line(case: Case, root: str = "") -> Pointer:
    """Return the line of journey code that decided, else the line of the step in the transcript.

    `root` is the path of the project relative to the current folder.
    """
    file, _, line = case.outcome.source_line.rpartition(":")
    if file and line.isdigit():
        return Pointer(_slashes(os.path.join(root, file)), int(line))
    return Pointer(_slashes(case.path), _line(case))


def _slashes(path: str) -> str:
    return os.path.normpath(path).replace(os.sep, "/")


def _line(case: Case) -> int:
    named = re.match(
        re.escape(case.path) + r":(\d+)", case.outcome.why
    )  # an unreadable file names its line itself
    if named:
        return int(named[1])
    step_id = case.outcome.first_difference.step_id if case.outcome.first_difference else None
    at = case.head.step if case.head else ""
    if not at and step_id is None:
        return 1
    try:
        data = Path(case.path).read_bytes()
        found = _position(msgspec.json.decode(data, type=_Steps), at, step_id)
    except (OSError, msgspec.MsgspecError):
        return 1
    return line_of(data, found) if found else 1


class _Position(msgspec.Struct):
    step: str = ""
    turn: int = 0
    answer: int = 0


class _Steps(msgspec.Struct):
    expectations: list[_Position] = []
    events: list[_Position] = []


def _position(steps: _Steps, at: str, step_id: StepId | None) -> Sequence[str | int]:
    """Return the path in the file to the expectation at a step, else to the first event of a step; () if none."""
    for number, expectation in enumerate(steps.expectations):
        if at and expectation.step == at:
            return ("expectations", number, "step")
    for number, event in enumerate(steps.events):
        if step_id is not None and (event.turn, event.answer) >= step_id[:2]:
            return ("events", number)
    return ()


NAMED = ("policy ", "prompt: ", "tool ")  # parts that are not files and are named by `drift`
MAX_CHANGED = 8  # number of changed names shown


class ExplanationLine(NamedTuple):
    """One line of an explanation; `kind` is why, note, before, recorded, now or next."""

    kind: str
    text: str


def explain(case: Case) -> Iterator[ExplanationLine]:
    """Yield the lines without color, with control characters escaped. A line may contain line breaks."""
    outcome, head = case.outcome, case.head
    yield ExplanationLine("why", outcome.why)
    if outcome.source_line and outcome.source_line not in outcome.why:
        yield ExplanationLine("note", f"at {outcome.source_line}")
    at = head.step if head else ""
    if outcome.verdict is Verdict.DRIFTED:  # the expectation itself passes
        yield from _changed([name for name in outcome.changed if not name.startswith(NAMED)])
        yield ExplanationLine("next", f"next: {next_step(case)}")
        return
    if head and at and outcome.verdict is not Verdict.FAIL:
        yield ExplanationLine("note", f"expected at {at}: {head.expected}")
    for line in outcome.context:
        yield ExplanationLine("before", line)
    first = outcome.first_difference
    if first is not None:
        yield ExplanationLine("recorded", f"- {first.step_id}  recorded: {first.recorded}")
        yield ExplanationLine("now", f"+ {first.step_id}  now:      {first.now}")
    elif at and outcome.current_step:
        yield ExplanationLine("now", f"! {at}  now:      {outcome.current_step}")
    if outcome.verdict is not Verdict.SUPERSEDED:
        yield from _changed(outcome.changed)
    if "next: " not in outcome.why:
        yield ExplanationLine("next", f"next: {next_step(case)}")


def _changed(names: Sequence[str]) -> Iterator[ExplanationLine]:
    more = f" and {len(names) - MAX_CHANGED} more" if len(names) > MAX_CHANGED else ""
    if names:
        yield ExplanationLine("note", f"changed since the recording: {', '.join(names[:MAX_CHANGED])}{more}")


def next_step(case: Case) -> str:
    """Return the next step for a case that did not pass."""
    head = case.head
    match case.verdict:
        case Verdict.FAIL if head and head.kind == "golden" and case.outcome.needs_recording:
            return (
                f'fix the journey or, if this is correct: workbench accept {case.path} --reason "..." '
                f"(it ends at this call), or workbench rerecord {case.path} (it continues after it)"
            )
        case Verdict.FAIL if head and head.kind == "golden":
            return f'fix the journey or, if this is correct: workbench accept {case.path} --reason "..."'
        case Verdict.FAIL:
            return f"fix the journey; to read the transcript: workbench show {case.path}"
        case Verdict.DIVERGED:
            return f"annotate it again or save a new recording; to read it: workbench show {case.path}"
        case Verdict.SUPERSEDED:
            return "nothing to do: an earlier mistake of the same conversation is fixed"
        case Verdict.NEEDS_LIVE:
            return f"this needs a live model: workbench trial --trials 5 {case.path}"
        case Verdict.CACHED:
            return "nothing to do: decided by a stored live result, without a model"
        case Verdict.NEEDS_TOOLS:
            return f"this needs the tools to run: workbench replay --tools=sandbox {case.path}"
        case Verdict.DRIFTED if head and head.kind == "mistake":
            return "review the change; without --strict-drift this is only a note"
        case Verdict.DRIFTED:
            return f"review the change; if it is correct, record it again: workbench rerecord {case.path}"
        case Verdict.STALE | Verdict.TOOL_ERROR:
            return (
                f"fix the tool or, if this is correct, save a new recording; to read: workbench show {case.path}"
            )
        case Verdict.FLAKY:
            return "look for state kept between conversations, randomness, or set ordering"
        case _:
            return "fix the error above" if head else "restore the file, or delete it"
