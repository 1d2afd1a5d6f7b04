"""The story of a case that is not green: why, both sides, what changed, the next command. Plain lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..case import Case
from ..replay import Verdict
from ..text import clean

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
            return f'mend the journey, or, if this is right now: workbench accept {case.path} --why "..."'
        case Verdict.FAIL:
            return f"mend the journey so that it holds; workbench show {case.path}"
        case Verdict.DIVERGED:
            return f"read it, then mark it anew or save a new recording: workbench show {case.path}"
        case Verdict.SUPERSEDED:
            return "nothing to do: an earlier mark of the same conversation passes"
        case Verdict.NEEDS_LIVE:
            return f"only a live model can decide it: workbench replay --live --trials 5 {case.path}"
        case Verdict.BY_RECEIPT:
            return "nothing to do while nothing changes; no model was asked today"
        case Verdict.NEEDS_WORLD:
            return f"only a run of the tool can decide it: workbench replay --tools=world {case.path}"
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
