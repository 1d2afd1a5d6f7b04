"""What `workbench check` finds, and the rules it looks for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

RULES: dict[str, str] = {
    "load": "the agent loads: no error, no exit, no hang while it is imported",
    "unknown-tool": "a tool that a text or a piece of code names is there",
    "other-journey": "a manual speaks of tools that are on offer in its journey",
    "duplicate-tool": "one name is one tool, in all journeys of an agent",
    "unused-journey": "a journey that is written is a journey of the agent",
    "tool-types": "every parameter of a tool has a type that a schema can be made of",
    "tool-docstring": "a tool says what it does: the model reads it",
    "policy-parameters": "a policy asks only for what its stand can hand in",
    "policy-rule": "a policy states its rule: the first paragraph of its docstring",
    "policy-why": "a policy states its why: a paragraph that starts with Why:",
    "unguarded-write": "before a tool that writes stands a policy",
    "never-asked": "a policy can be on offer together with the tool it stands at",
    "never-on-offer": "a condition can hold",
    "condition": "a condition is a plain function of one parameter, the talk",
    "manual": "a manual says something",
    "fixture": "a fixture fits the classes of the world",
    "fixture-field": "a fixture holds nothing that the world does not know",
    "clock": "the time is read from the conversation, never from the machine",
    "random": "chance and ids come from the conversation, never from the machine",
    "environment": "what a journey does depends on the conversation, never on the environment",
    "network": "a journey acts on the world that is handed in, never on the network",
    "allow": "a comment allows a rule that is there",
}
UPHELD = ("clock", "random", "environment", "network")  # a replay that reaches it is an ERROR, comment or not

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
    return Finding(*place(where), rule, "error", message, next)


def warning(rule: str, where: str, message: str, next: str = "") -> Finding:
    return Finding(*place(where), rule, "warning", message, next)


def place(where: str) -> tuple[str, int]:
    """ "file:line" as file and line; line 0 where there is none."""
    file, colon, line = where.rpartition(":")
    return (file, int(line)) if colon and line.isdigit() else (where, 0)


def without_allowed(findings: Iterable[Finding], root: Path) -> list[Finding]:
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


def quieted(rule: str, where: str, root: Path) -> bool:
    """Whether a comment at "file:line" quiets a rule."""
    file, line = place(where)
    return rule in _allowed(_read(root / file), line)


def bad_allows(file: str, text: str) -> list[Finding]:
    """Comments that allow what is no rule: a typo in one must not pass for silence."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        for rule in sorted(allowed_on(line) - RULES.keys()):
            found.append(warning("allow", f"{file}:{number}", f"there is no rule {rule!r}", "correct its name"))
    return found


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
