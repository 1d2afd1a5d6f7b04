"""What an import did, in lines."""

from __future__ import annotations

from collections.abc import Iterator

from ...text import pluralize
from ...transcripts.importers.report import LOSSES, ImportReport, Noted
from ...transcripts.redaction import describe_redaction

MAX_SKIPPED = 10  # skipped conversations that are printed; all are in the JSON report


def describe(report: ImportReport, expected: str) -> Iterator[str]:
    """Yield lines for everything that differs from a log that was taken whole."""
    counts = ("customer message", report.messages), ("answer", report.answers), ("call", report.calls)
    yield ", ".join(pluralize(number, noun) for noun, number in (*counts, ("result", report.results)))
    others = {name: n for name, n in report.formats.items() if expected not in ("", name)}
    for name, count in others.items():
        yield f"read as {name}, not {expected}: {pluralize(count, 'conversation')}, recognized by their content"
    if report.repeated:
        yield (
            f"{pluralize(report.repeated, 'request')} counted once with the longer one that repeats them; "
            f"the first: {report.first_repeated}"
        )
    for skipped in report.skipped[:MAX_SKIPPED]:
        yield f"skipped: {skipped.where}: {skipped.reason}"
    if len(report.skipped) > MAX_SKIPPED:
        yield f"skipped: {len(report.skipped) - MAX_SKIPPED:,} more; --json lists them"
    if report.unfinished:
        yield f"left out: {report.unfinished}: the log ends in the middle of a value, as if it was still written"
    for kind, noted in sorted(report.losses.items()):
        yield f"{LOSSES[kind]}: {_places(noted)}"
    if report.fields:
        names = ", ".join(f"{name} ({noted.times:,})" for name, noted in report.fields.items())
        yield f"fields without a place in a transcript: {names}"
    yield describe_redaction(report.replaced)


def _places(noted: Noted) -> str:
    return f"{noted.times:,}, the first: {noted.first}" if noted.times > 1 else noted.first
