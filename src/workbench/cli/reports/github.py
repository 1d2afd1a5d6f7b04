"""GitHub Actions: notes at lines of the code, the summary of the step, and text that is not taken as commands."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...replay.case import Case
from ...replay.exit_codes import CODES, Exit, failed
from ...replay.explain import explain, source_location
from ...replay.summary import Summary
from ..output import print_status
from .markdown import render

NOTES = 10  # GitHub shows no more of a kind in a step
SUMMARY = 1 << 20  # bytes that a step's summary may have


@contextmanager
def workflow_commands_disabled() -> Iterator[None]:
    """What is said meanwhile is text: a line that a customer began with :: is no command."""
    token = os.urandom(16).hex()
    print_status(f"::stop-commands::{token}")
    try:
        yield
    finally:
        print_status(f"::{token}::")


def annotate(tally: Summary) -> None:
    """Say the first ten that are not green as notes at their lines, errors before warnings."""
    told = [case for case in tally.cases if CODES[case.verdict] is not Exit.OK]
    told.sort(key=lambda case: not failed(case.verdict))
    for case in told[:NOTES]:
        print_status(annotation(case, tally.root))


def annotation(case: Case, root: str) -> str:
    where = source_location(case, root)
    name = case.head.title or case.head.id if case.head else case.path
    text = "\n".join([name, *(line.text for line in explain(case)), case.path])
    place = f"file={_property(_below_repository(where.file))},line={where.line}"
    level = "error" if failed(case.verdict) else "warning"
    return f"::{level} {place},title={_property(case.verdict.value)}::{_data(text)}"


def summarize(tally: Summary) -> None:
    """Add the whole report to the summary of the step, as far as it fits. Raises OSError."""
    path = os.environ.get("GITHUB_STEP_SUMMARY", "")
    if not path:
        return
    used = Path(path).stat().st_size if Path(path).exists() else 0
    with open(path, "ab") as file:
        file.write(render(tally, max(1, SUMMARY - used)).encode("utf-8", "replace")[: max(0, SUMMARY - used)])


def _below_repository(file: str) -> str:
    """The path as the repository knows it; GitHub finds no other."""
    top = os.environ.get("GITHUB_WORKSPACE", "")
    full = os.path.abspath(file)
    return os.path.relpath(full, top).replace(os.sep, "/") if top and full.startswith(top + os.sep) else file


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
