"""Reports in GitHub Actions: annotations at code lines, the step summary, and escaped output."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...replay.case import Case
from ...replay.exit_codes import CODES, Exit, failed
from ...replay.explain import deciding_line, explain
from ...replay.grouping import group_by_cause
from ...replay.summary import Summary
from ...text import pluralize
from ..output import print_command
from .markdown import render

MAX_ANNOTATIONS = 10  # GitHub shows at most this many of a kind per step
SUMMARY = 1 << 20  # size limit of a step summary in bytes


@contextmanager
def workflow_commands_disabled() -> Iterator[None]:
    """Disable workflow commands: a line of a customer that starts with :: must not be executed."""
    token = os.urandom(16).hex()
    print_command(f"::stop-commands::{token}")
    try:
        yield
    finally:
        print_command(f"::{token}::")


def annotate(summary: Summary) -> None:
    """Print an annotation for each of the first ten causes at its line, errors before warnings."""
    groups = group_by_cause(case for case in summary.cases if CODES[case.verdict] is not Exit.OK)
    groups.sort(key=lambda group: not failed(group.example.verdict))
    for group in groups[:MAX_ANNOTATIONS]:
        print_command(annotation(group.example, summary.root, len(group.others)))


def annotation(case: Case, root: str, others: int = 0) -> str:
    """Return the workflow command that annotates the line of a case, and counts others with the same cause."""
    where = deciding_line(case, root)
    name = case.head.title or case.head.id if case.head else case.path
    more = [f"and {pluralize(others, 'other transcript')} for the same cause"] if others else []
    text = "\n".join([name, *(line.text for line in explain(case)), case.path, *more])
    properties = f"file={_property(_below_repository(where.file))},line={where.line}"
    level = "error" if failed(case.verdict) else "warning"
    return f"::{level} {properties},title={_property(case.verdict.value)}::{_data(text)}"


def summarize(summary: Summary) -> None:
    """Append the report to the step summary, as far as it fits. Raises OSError."""
    path = os.environ.get("GITHUB_STEP_SUMMARY", "")
    if not path:
        return
    used = Path(path).stat().st_size if Path(path).exists() else 0
    with open(path, "ab") as file:
        file.write(render(summary, max(1, SUMMARY - used)).encode("utf-8", "replace")[: max(0, SUMMARY - used)])


def _below_repository(file: str) -> str:
    """Return the path relative to the repository, as GitHub requires."""
    top = os.environ.get("GITHUB_WORKSPACE", "")
    full = os.path.abspath(file)
    return os.path.relpath(full, top).replace(os.sep, "/") if top and full.startswith(top + os.sep) else file


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
