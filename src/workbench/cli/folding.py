"""Lines for a person, folded to the width of a terminal with an indent. A command to type stays in one piece."""

from __future__ import annotations

import os
import re
import sys
from unicodedata import combining, east_asian_width

HANG = "  "  # what a folded line is indented by, more than its first
NARROW = 40  # columns below which the terminal may do it

_PAINT = re.compile(r"\x1b\[[0-9;]*m")
_BEGINS = re.compile(r"((?:\x1b\[[0-9;]*m)*)( *)(.*)")
_COMMAND = re.compile(r"workbench (?:[a-z-]+ )+\S.*$")


def columns() -> int:
    """The width of the terminal a person reads on; 0 where it is none."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns if sys.stderr.isatty() else 0
    except (OSError, ValueError):
        return 0


def cells(text: str) -> int:
    """How many columns a text takes."""
    plain = _PAINT.sub("", text)
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in plain)


def fold(text: str, width: int) -> str:
    """The same words in lines of at most `width`, where no word or command is longer."""
    if width < NARROW:
        return text
    return "\n".join(line if cells(line) <= width else _folded(line, width) for line in text.split("\n"))


def _folded(line: str, width: int) -> str:
    paint, indent, rest = _BEGINS.fullmatch(line).groups()  # type: ignore[union-attr]  # it fits any line
    command = _COMMAND.search(rest) if rest.startswith("next:") else None
    words = re.findall(r"\S+ *", rest[: command.start()] if command else rest)
    lines, here = [], paint + indent
    for word in [*words, *([command[0]] if command else [])]:
        if cells(here + word.rstrip()) > width and here.strip() != paint:
            lines.append(here.rstrip())
            here = indent + HANG
        here += word
    return "\n".join([*lines, here.rstrip()])
