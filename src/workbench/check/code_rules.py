"""Check journey code by reading it, without running it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from ..findings import error
from ..runtime.nondeterminism import CodeScan, Reader


def read_code(file: str, text: str) -> CodeScan:
    """Read one file; a syntax error becomes a finding."""
    code = CodeScan()
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as problem:
        line = getattr(problem, "lineno", None) or 1
        message = getattr(problem, "msg", None) or str(problem)
        code.findings.append(error("load", f"{file}:{line}", message, "fix the line and save"))
        return code
    Reader(file, tree, code).visit(tree)
    return code


# texts

_WORD = re.compile(
    r"`(?P<quoted>[a-z_][a-z0-9_]*)(?P<call>\([^`]*\))?`|\b(?P<bare>[a-z][a-z0-9]*(?:_[a-z0-9]+)+)\b"
)
_CALLS = re.compile(r"\bcall(s|ed|ing)?\s+$", re.IGNORECASE)


class Word(NamedTuple):
    """A word that may be the name of a tool; `called` if the text says to call it."""

    line: int
    name: str
    called: bool


def tool_like_words(text: str) -> Iterator[Word]:
    """Yield possible tool names in a text: `in_backticks`, `called()`, or snake_case; not in code blocks."""
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        if fenced:
            continue
        for found in _WORD.finditer(line):
            called = bool(found["call"] or _CALLS.search(line[: found.start()]))
            name = found["quoted"] or found["bare"]
            if called or "_" in name:
                yield Word(number, name, called)
