"""The text report of a replay: failures, reasons and next steps."""

from __future__ import annotations

from ...replay.case import Case
from ...replay.explain import explain
from ...replay.grouping import CaseGroup, group_by_cause, one_by_one
from ...replay.summary import Summary
from ..output import COLOR, print_status, printed_width, style, terminal_width

INDENT = {"before": " " * 6, "recorded": " " * 4, "now": " " * 4}


def print_report(summary: Summary, quiet: bool, every: bool = False) -> None:
    """Print the report: what did not pass, why, and the next command; each cause once, unless `every` case."""
    for group in () if quiet else (one_by_one if every else group_by_cause)(summary.cases):
        _print_case(group.example)
        if group.others:
            _print_others(group)
        print_status()
    parts = [style(f"{n} {v.value}", COLOR.get(v, "yellow")) for v, n in summary.counts.items() if n]
    print_status(f"{summary.headline}: {', '.join(parts) or 'nothing decided'}  ({summary.took})")
    for note in summary.notes:
        print_status(note)


def _print_case(case: Case) -> None:
    verdict, head = case.verdict, case.head
    title = head.title[:80] if head else ""
    first = f"{style(verdict.value, COLOR.get(verdict, 'yellow'))} {case.path}"
    own_line = 0 < terminal_width() < printed_width(f"{first}  {title}")
    print_status("\n".join([first, f"  {title}"]) if own_line else f"{first}  {title}".rstrip())
    for line in explain(case):
        text = f"{INDENT.get(line.kind, '  ')}{line.text}"
        print_status(style(text, "dim") if line.kind == "before" else text)


def _print_others(group: CaseGroup) -> None:
    """Print the names of the cases that have the same cause as the example."""
    verdict = group.example.verdict
    count = style(f"{len(group.others)} more {verdict.value}", COLOR.get(verdict, "yellow"))
    print_status(f"  {count} for the same cause (--all explains each):")
    for case in group.others:
        print_status(f"    {case.path}")
