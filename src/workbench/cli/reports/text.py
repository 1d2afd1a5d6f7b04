"""The report of a replay for a person: what is not green, why, and what to do next."""

from __future__ import annotations

from ...replay.case import Case
from ...replay.explain import story
from ...replay.summary import Tally
from ...replay.verdict import Verdict
from ...text import clean
from ..output import COLOR, cells, columns, paint, say

INDENT = {"before": " " * 6, "recorded": " " * 4, "now": " " * 4}


def tell(tally: Tally, quiet: bool) -> None:
    """The report for a person: what is not green, why, and the next command to type."""
    errors: dict[str, int] = {}
    for case in tally.cases:
        if case.verdict is Verdict.PASS or quiet:
            continue
        if case.verdict is Verdict.ERROR:
            errors[case.outcome.why] = errors.get(case.outcome.why, 0) + 1
            if errors[case.outcome.why] > 1:
                continue  # an agent that does not load is told once
        _tell_case(case)
    for why, count in errors.items():
        if count > 1:
            say(f"{paint('ERROR', 'red')} {count - 1} more for the same reason: {clean(why.splitlines()[0])}")
            say()
    parts = [paint(f"{n} {v.value}", COLOR.get(v, "yellow")) for v, n in tally.counts.items() if n]
    say(f"{tally.number}: {', '.join(parts) or 'none decided'}  ({tally.took})")
    for note in tally.notes:
        say(note)


def _tell_case(case: Case) -> None:
    verdict, head = case.verdict, case.head
    title = clean(head.title)[:80] if head else ""
    first = f"{paint(verdict.value, COLOR.get(verdict, 'yellow'))} {clean(case.path)}"
    own_line = 0 < columns() < cells(f"{first}  {title}")
    say("\n".join([first, f"  {title}"]) if own_line else f"{first}  {title}".rstrip())
    for line in story(case):
        text = f"{INDENT.get(line.kind, '  ')}{line.text}"
        say(paint(text, "dim") if line.kind == "before" else text)
    say()
