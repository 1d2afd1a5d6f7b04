"""Explain a verdict: the lines a report prints under it, and the source line to look at."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ..text import clean
from .case import Case
from .verdict import Verdict


class Pointer(NamedTuple):
    """A file as seen from here, with / between folders, and a line that counts from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def pointer(case: Case, root: str = "") -> Pointer:
    """The line of the journey that decided; else that of the transcript, at its marked or differing place.

    `root` is the project's folder as seen from here.
    """
    file, _, line = case.outcome.where.rpartition(":")
    if file and line.isdigit():
        return Pointer(_slashes(os.path.join(root, file)), int(line))
    return Pointer(_slashes(case.path), _line(case))


def _slashes(path: str) -> str:
    return os.path.normpath(path).replace(os.sep, "/")


def _line(case: Case) -> int:
    told = re.match(re.escape(case.path) + r":(\d+)", case.outcome.why)  # an unreadable file says so itself
    if told:
        return int(told[1])
    place = case.outcome.first.place if case.outcome.first else None
    at = case.head.at if case.head else ""
    if not at and place is None:
        return 1
    try:
        text = Path(case.path).read_text("utf-8", "replace")
    except OSError:
        return 1
    found = re.search(rf'"at": "{re.escape(at)}"', text) if at else None
    if found is None and place is not None:
        answer = rf',\n      "answer": {place.answer}\b' if place.answer else ""
        found = re.search(rf'"turn": {place.turn}{answer}\b', text)
    return text.count("\n", 0, found.start()) + 1 if found else 1


NAMED = ("policy ", "prompt: ", "tool ")  # what is no file, and named where it drifted
MAX_CHANGED = 8  # names of what changed since the recording


class Line(NamedTuple):
    """A line of a story; `kind` is why, note, before, recorded, now or next."""

    kind: str
    text: str


def story(case: Case) -> Iterator[Line]:
    """Its lines, without color, control characters shown. A line may hold line breaks of its own."""
    outcome, head = case.outcome, case.head
    yield Line("why", clean(outcome.why))
    if outcome.where and outcome.where not in outcome.why:
        yield Line("note", f"at {clean(outcome.where)}")
    at = head.at if head else ""
    if outcome.drifted:  # what it is marked for passes, and is not what it is about
        yield from _changed([name for name in outcome.changed if not name.startswith(NAMED)])
        yield Line("next", f"next: {next_step(case)}")
        return
    if head and at and outcome.verdict is not Verdict.FAIL:
        yield Line("note", f"expected at {at}: {clean(head.expected)}")
    for line in outcome.before:
        yield Line("before", clean(line))
    first = outcome.first
    if first is not None:
        yield Line("recorded", f"- {first.place}  recorded: {clean(first.recorded)}")
        yield Line("now", f"+ {first.place}  now:      {clean(first.now)}")
    elif at and outcome.marked:
        yield Line("now", f"! {at}  now:      {clean(outcome.marked)}")
    if outcome.verdict is not Verdict.SUPERSEDED:
        yield from _changed(outcome.changed)
    if "next: " not in outcome.why:
        yield Line("next", f"next: {next_step(case)}")


def _changed(names: Sequence[str]) -> Iterator[Line]:
    more = f" and {len(names) - MAX_CHANGED} more" if len(names) > MAX_CHANGED else ""
    if names:
        yield Line("note", f"changed since the recording: {clean(', '.join(names[:MAX_CHANGED]))}{more}")


def next_step(case: Case) -> str:
    """The next thing to do about a case that is not green."""
    head = case.head
    match case.verdict:
        case Verdict.FAIL if head and head.kind == "guard" and case.outcome.untaped:
            return f"mend the journey, or, if this is right now, record it anew: workbench rerecord {case.path}"
        case Verdict.FAIL if head and head.kind == "guard":
            return f'mend the journey, or, if this is right now: workbench accept {case.path} --reason "..."'
        case Verdict.FAIL:
            return f"mend the journey so that it holds; workbench show {case.path}"
        case Verdict.DIVERGED:
            return f"read it, then mark it anew or save a new recording: workbench show {case.path}"
        case Verdict.SUPERSEDED:
            return "nothing to do: an earlier mark of the same conversation passes"
        case Verdict.NEEDS_LIVE:
            return f"only a live model can decide it: workbench trial --trials 5 {case.path}"
        case Verdict.BY_RECEIPT:
            return "nothing to do while nothing changes; no model was asked today"
        case Verdict.NEEDS_WORLD:
            return f"only a run of the tool can decide it: workbench replay --tools=sandbox {case.path}"
        case Verdict.STALE if case.outcome.drifted and head and head.kind == "mistake":
            return "read what changed; a record of a mistake stays as it is: without --strict-drift this is a note"
        case Verdict.STALE if case.outcome.drifted:
            return f"read what changed; if it is right, record it anew: workbench rerecord {case.path}"
        case Verdict.STALE | Verdict.TOOL_ERROR:
            return f"mend the tool; or, if this is right now: save a new recording; workbench show {case.path}"
        case Verdict.FLAKY:
            return "look for what a policy keeps between conversations, or takes from chance or the order of a set"
        case _:
            return "mend what is named above" if head else "restore the file, or delete it"
