"""The text report of a replay: failures, reasons and next steps."""

from __future__ import annotations

from ...replay.case import Case
from ...replay.explain import explain
from ...replay.summary import Summary
from ...replay.verdict import Verdict
from ..output import COLOR, print_status, printed_width, style, terminal_width

INDENT = {"before": " " * 6, "recorded": " " * 4, "now": " " * 4}


def print_report(summary: Summary, quiet: bool) -> None:
    """Print the report: what did not pass, why, and the next command."""
    errors: dict[str, int] = {}
    for case in summary.cases:
        if case.verdict is Verdict.PASS or quiet:
            continue
        if case.verdict is Verdict.ERROR:
            errors[case.outcome.why] = errors.get(case.outcome.why, 0) + 1
            if errors[case.outcome.why] > 1:
                continue  # a load error of an agent is printed once
        _print_case(case)
    for why, count in errors.items():
        if count > 1:
            print_status(f"{style('ERROR', 'red')} {count - 1} more for the same reason: {why.splitlines()[0]}")
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
    print_status()
