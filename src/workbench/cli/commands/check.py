"""`workbench check`: print the findings."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import msgspec

from ...check.lint import lint
from ...check.rules import ENFORCED_AT_REPLAY
from ...errors import UsageError
from ...findings import Finding
from ...replay.exit_codes import Exit
from ...runtime.agent_files import agent_names
from ...store.config import CONFIG
from ...store.project import Project, find_project
from ...text import pluralize
from ..output import out_json, print_status, write_line
from ..settings import checked_settings

COMMENTS = {".py": "# workbench: allow {}", ".md": "<!-- workbench: allow {} -->"}  # JSON has none
NOT_SUPPRESSED = ("load", "settings")


def check(agent: str, json: bool) -> Exit:
    """Print the findings about one agent, or all. Returns FAILED for errors, NO_TESTS without an agent."""
    project = find_project()
    names = [project.agent(agent)] if agent else agent_names(project.journeys)
    findings = {f: name for name in names for f in lint(project.journeys, name)}  # shared code counts once
    findings |= dict.fromkeys(check_settings(project), "")
    if json:
        out_json([_plain(project, name, finding) for finding, name in findings.items()])
    else:
        for finding in findings:
            write_line(_line(project, finding))
    if not names:
        print_status("nothing to check: no agent in journeys/")
        print_status("  next: workbench init creates one")
        return Exit.NO_TESTS
    errors = sum(f.severity == "error" for f in findings)
    if not json:
        for comment in _comments(findings):
            print_status(f"to accept a finding, add to its line: {comment}")
    print_status(
        f"{pluralize(len(names), 'agent')}: {_count(errors, 'error')}, {_count(len(findings) - errors, 'warning')}"
    )
    return Exit.FAILED if errors else Exit.OK


def _comments(findings: Iterable[Finding]) -> Iterator[str]:
    """Yield a comment that suppresses a finding, for the first one of each language that has comments."""
    for suffix, comment in COMMENTS.items():
        found = (f.rule for f in findings if f.file.endswith(suffix) and f.line and f.rule not in NOT_SUPPRESSED)
        for rule in islice(found, 1):
            but = " (a replay that executes it is still an ERROR)" if rule in ENFORCED_AT_REPLAY else ""
            yield comment.format(rule) + but


def check_settings(project: Project) -> list[Finding]:
    """Return what is wrong with workbench.toml; `doctor` also looks at the file of the user."""
    try:
        checked_settings(project)
    except UsageError as error:
        file, _, line = error.where.partition(":")
        if file == CONFIG:
            return [Finding(f"../{CONFIG}", int(line or 0), "settings", "error", error.message, error.hint)]
    return []


def _count(number: int, word: str) -> str:
    return pluralize(number, word) if number else f"no {word}s"


def _file(project: Project, finding: Finding) -> str:
    """Return the path relative to the current folder."""
    return os.path.relpath(project.journeys / finding.file)


def _line(project: Project, finding: Finding) -> str:
    where = f"{_file(project, finding)}:{finding.line}" if finding.line else _file(project, finding)
    then = f" (next: {finding.hint})" if finding.hint else ""
    return f"{where}: {finding.severity} {finding.rule}: {finding.message}{then}"


def _plain(project: Project, agent: str, finding: Finding) -> dict[str, Any]:
    return {**msgspec.structs.asdict(finding), "file": _file(project, finding), "agent": agent}
