"""Explain a verdict: the lines a report prints under it, and the source line to look at."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ..text import sanitize
from .case import Case
from .verdict import Verdict


class Pointer(NamedTuple):
    """A file as seen from here, with / between folders, and a line that counts from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def source_location(case: Case, root: str = "") -> Pointer:
    """The line of the journey that decided; else that of the transcript, at its marked or differing place.

    `root` is the project's folder as seen from here.
    """
    file, _, line = case.outcome.source_line.rpartition(":")
    if file and line.isdigit():
        return Pointer(_slashes(os.path.join(root, file)), int(line))
    return Pointer(_slashes(case.path), _line(case))


def _slashes(path: str) -> str:
    return os.path.normpath(path).replace(os.sep, "/")


def _line(case: Case) -> int:
    told = re.match(re.escape(case.path) + r":(\d+)", case.outcome.why)  # an unreadable file says so itself
    if told:
        return int(told[1])
    step_id = case.outcome.first_difference.step_id if case.outcome.first_difference else None
    at = case.head.step if case.head else ""
    if not at and step_id is None:
        return 1
    try:
        text = Path(case.path).read_text("utf-8", "replace")
    except OSError:
        return 1
    found = re.search(rf'"step": "{re.escape(at)}"', text) if at else None
    if found is None and step_id is not None:
        answer = rf',\n      "answer": {step_id.answer}\b' if step_id.answer else ""
        found = re.search(rf'"turn": {step_id.turn}{answer}\b', text)
    return text.count("\n", 0, found.start()) + 1 if found else 1


NAMED = ("policy ", "prompt: ", "tool ")  # what is no file, and named where it drifted
MAX_CHANGED = 8  # names of what changed since the recording


class ExplanationLine(NamedTuple):
    """A line of a story; `kind` is why, note, before, recorded, now or next."""

    kind: str
    text: str


def explain(case: Case) -> Iterator[ExplanationLine]:
    """Its lines, without color, control characters shown. A line may hold line breaks of its own."""
    outcome, head = case.outcome, case.head
    yield ExplanationLine("why", sanitize(outcome.why))
    if outcome.source_line and outcome.source_line not in outcome.why:
        yield ExplanationLine("note", f"at {sanitize(outcome.source_line)}")
    at = head.step if head else ""
    if outcome.verdict is Verdict.DRIFTED:  # what it is marked for passes, and is not what it is about
        yield from _changed([name for name in outcome.changed if not name.startswith(NAMED)])
        yield ExplanationLine("next", f"next: {next_step(case)}")
        return
    if head and at and outcome.verdict is not Verdict.FAIL:
        yield ExplanationLine("note", f"expected at {at}: {sanitize(head.expected)}")
    for line in outcome.context:
        yield ExplanationLine("before", sanitize(line))
    first = outcome.first_difference
    if first is not None:
        yield ExplanationLine("recorded", f"- {first.step_id}  recorded: {sanitize(first.recorded)}")
        yield ExplanationLine("now", f"+ {first.step_id}  now:      {sanitize(first.now)}")
    elif at and outcome.current_step:
        yield ExplanationLine("now", f"! {at}  now:      {sanitize(outcome.current_step)}")
    if outcome.verdict is not Verdict.SUPERSEDED:
        yield from _changed(outcome.changed)
    if "next: " not in outcome.why:
        yield ExplanationLine("next", f"next: {next_step(case)}")


def _changed(names: Sequence[str]) -> Iterator[ExplanationLine]:
    more = f" and {len(names) - MAX_CHANGED} more" if len(names) > MAX_CHANGED else ""
    if names:
        yield ExplanationLine(
            "note", f"changed since the recording: {sanitize(', '.join(names[:MAX_CHANGED]))}{more}"
        )


def next_step(case: Case) -> str:
    """The next thing to do about a case that is not green."""
    head = case.head
    match case.verdict:
        case Verdict.FAIL if head and head.kind == "golden" and case.outcome.needs_recording:
            return f"mend the journey, or, if this is right now, record it anew: workbench rerecord {case.path}"
        case Verdict.FAIL if head and head.kind == "golden":
            return f'mend the journey, or, if this is right now: workbench accept {case.path} --reason "..."'
        case Verdict.FAIL:
            return f"mend the journey so that it holds; workbench show {case.path}"
        case Verdict.DIVERGED:
            return f"read it, then mark it anew or save a new recording: workbench show {case.path}"
        case Verdict.SUPERSEDED:
            return "nothing to do: an earlier mark of the same conversation passes"
        case Verdict.NEEDS_LIVE:
            return f"only a live model can decide it: workbench trial --trials 5 {case.path}"
        case Verdict.CACHED:
            return "nothing to do while nothing changes; no model was asked today"
        case Verdict.NEEDS_TOOLS:
            return f"only a run of the tool can decide it: workbench replay --tools=sandbox {case.path}"
        case Verdict.DRIFTED if head and head.kind == "mistake":
            return "read what changed; a record of a mistake stays as it is: without --strict-drift this is a note"
        case Verdict.DRIFTED:
            return f"read what changed; if it is right, record it anew: workbench rerecord {case.path}"
        case Verdict.STALE | Verdict.TOOL_ERROR:
            return f"mend the tool; or, if this is right now: save a new recording; workbench show {case.path}"
        case Verdict.FLAKY:
            return "look for what a policy keeps between conversations, or takes from chance or the order of a set"
        case _:
            return "mend what is named above" if head else "restore the file, or delete it"
