"""The replay report as Markdown, for a pull request or a CI summary."""

from __future__ import annotations

import re

from ...replay.case import Case
from ...replay.explain import ExplanationLine, deciding_line, explain
from ...replay.grouping import CaseGroup, group_by_cause
from ...replay.summary import Summary
from ...text import sanitize

MAX_TITLE = 120


def render(summary: Summary, limit: int = 0) -> str:
    """Return the document. With a `limit` in bytes it is cut before the first case that does not fit."""
    parts = [sanitize(_top(summary))]
    groups = group_by_cause(summary.cases)
    left = limit - len(parts[0].encode()) - 200  # bytes; reserved for the last line
    for number, group in enumerate(groups):
        part = sanitize(_case(group.example, summary.root) + _others(group))
        left -= len(part.encode("utf-8", "replace"))
        if limit and left < 0:
            parts.append(
                f"\n…and {_count(groups[number:])} more that did not pass: see the log or the JSON report.\n"
            )
            break
        parts.append(part)
    return "".join(parts)


def _top(summary: Summary) -> str:
    rows = "".join(f"| {verdict.value} | {count} |\n" for verdict, count in summary.counts.items() if count)
    notes = "".join(f"\n{code(note)}\n" for note in summary.notes)
    options = ", ".join(f"{name} {code(value)}" for name, value in summary.options.items())
    given = f"\nOptions: {options}\n" if options else ""
    head = f"# Replay: {summary.code.name}\n\n{summary.headline} in {summary.took}\n"
    return head + (f"\n| verdict | transcripts |\n| --- | ---: |\n{rows}" if rows else "") + notes + given


def _case(case: Case, root: str) -> str:
    lines = list(explain(case))
    title = f"\n{code(case.head.title[:MAX_TITLE])}\n" if case.head and case.head.title else ""
    shown = "\n".join(_diff(line) for line in lines if line.kind not in ("why", "next"))
    after = "".join(f"\n{code(line.text)}\n" for line in lines if line.kind == "next")
    why = f"\n{code(case.outcome.why)}\n"
    return (
        f"\n## {case.verdict.value} {code(str(deciding_line(case, root)))}\n{title}"
        f"\n{code(case.path)}\n{why}{fence(shown, 'diff') if shown else ''}{after}"
    )


def _count(groups: list[CaseGroup]) -> int:
    return sum(1 + len(group.others) for group in groups)


def _others(group: CaseGroup) -> str:
    """Return the names of the cases that have the same cause as the example."""
    if not group.others:
        return ""
    names = "".join(f"- {code(case.path)}\n" for case in group.others)
    return f"\n<details><summary>{len(group.others)} more for the same cause</summary>\n\n{names}\n</details>\n"


def _diff(line: ExplanationLine) -> str:
    return line.text if line.kind in ("recorded", "now") else f"  {line.text}"


def code(text: str) -> str:
    """Format any text as inline code, so that Markdown in it is not rendered."""
    text = text.replace("\n", " ")
    ticks = _ticks(text, 1)
    return f"{ticks} {text} {ticks}" if text else ""


def fence(text: str, language: str = "") -> str:
    """Format any text as a code block."""
    ticks = _ticks(text, 3)
    return f"\n{ticks}{language}\n{text}\n{ticks}\n"


def _ticks(text: str, least: int) -> str:
    return "`" * max(least, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
