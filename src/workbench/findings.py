"""Findings of `workbench check` and `fmt --check`, and the comments that suppress them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

_ALLOW = re.compile(r"(?:#|<!--)\s*workbench:\s*allow\s+([\w-]+(?:\s*,\s*[\w-]+)*)")


class Finding(msgspec.Struct, frozen=True, order=True):
    """One problem in a file: `file` relative to journeys/, `line` from 1 (0: whole file), `hint` the fix."""

    file: str
    line: int
    rule: str
    severity: Literal["error", "warning"]
    message: str
    hint: str = ""


def error(rule: str, where: str, message: str, hint: str = "") -> Finding:
    """Return an error at "file:line"."""
    return Finding(*location(where), rule, "error", message, hint)


def warning(rule: str, where: str, message: str, hint: str = "") -> Finding:
    """Return a warning at "file:line"."""
    return Finding(*location(where), rule, "warning", message, hint)


def location(where: str) -> tuple[str, int]:
    """Split "file:line" into file and line; the line is 0 if there is none."""
    file, colon, line = where.rpartition(":")
    return (file, int(line)) if colon and line.isdigit() else (where, 0)


def drop_suppressed(findings: Iterable[Finding], root: Path) -> list[Finding]:
    """Return the findings in order, without duplicates and without those suppressed by a comment on their line.

    For a decorated function the comment may be on any line from the first decorator to the `def`.
    """
    texts: dict[str, list[str]] = {}
    remaining = []
    for finding in sorted(set(findings)):
        if finding.file not in texts:
            texts[finding.file] = _read(root / finding.file)
        if finding.rule not in _allowed(texts[finding.file], finding.line):
            remaining.append(finding)
    return remaining


def is_suppressed(rule: str, where: str, root: Path) -> bool:
    """Return whether a comment at "file:line" suppresses a rule."""
    file, line = location(where)
    return rule in _allowed(_read(root / file), line)


def _allowed(lines: list[str], number: int) -> set[str]:
    if not 0 < number <= len(lines):
        return set()
    allowed = allowed_on(lines[number - 1])
    if lines[number - 1].lstrip().startswith("@"):
        for line in lines[number:]:
            allowed |= allowed_on(line)
            if re.match(r"\s*(async\s+)?def\b", line):
                break
    return allowed


def allowed_on(line: str) -> set[str]:
    """Return the rules that a comment on this line suppresses."""
    found = _ALLOW.search(line)
    return {rule.strip() for rule in found[1].split(",")} if found else set()


def _read(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8-sig", "replace").splitlines()
    except OSError:
        return []
