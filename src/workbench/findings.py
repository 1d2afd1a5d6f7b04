"""Findings of `workbench check`, and the comments that allow them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

_ALLOW = re.compile(r"(?:#|<!--)\s*workbench:\s*allow\s+([\w-]+(?:\s*,\s*[\w-]+)*)")


class Finding(msgspec.Struct, frozen=True, order=True):
    """One thing to mend: `file` below journeys/, `line` from 1 or 0, `next` what to do."""

    file: str
    line: int
    rule: str
    severity: Literal["error", "warning"]
    message: str
    next: str = ""


def error(rule: str, where: str, message: str, next: str = "") -> Finding:
    return Finding(*location(where), rule, "error", message, next)


def warning(rule: str, where: str, message: str, next: str = "") -> Finding:
    return Finding(*location(where), rule, "warning", message, next)


def location(where: str) -> tuple[str, int]:
    """ "file:line" as file and line; line 0 where there is none."""
    file, colon, line = where.rpartition(":")
    return (file, int(line)) if colon and line.isdigit() else (where, 0)


def drop_suppressed(findings: Iterable[Finding], root: Path) -> list[Finding]:
    """Findings in order, each once, without those that a comment on their line allows.

    A finding at a decorated function is allowed anywhere between its first decorator and its `def`.
    """
    texts: dict[str, list[str]] = {}
    kept = []
    for finding in sorted(set(findings)):
        if finding.file not in texts:
            texts[finding.file] = _read(root / finding.file)
        if finding.rule not in _allowed(texts[finding.file], finding.line):
            kept.append(finding)
    return kept


def is_suppressed(rule: str, where: str, root: Path) -> bool:
    """Whether a comment at "file:line" quiets a rule."""
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
    """The rules that a comment on a line allows."""
    found = _ALLOW.search(line)
    return {rule.strip() for rule in found[1].split(",")} if found else set()


def _read(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
