"""What commands say and how they end: the one place for stdout, stderr and exit codes.

stdout is data, stderr is for people.
"""

from __future__ import annotations

import os
import sys
from enum import IntEnum
from typing import Any

import msgspec

from ..errors import WorkbenchError


class Exit(IntEnum):
    """Exit codes. Where several apply the worst wins, in the order of WORST."""

    OK = 0  # all PASS, SUPERSEDED or BY_RECEIPT
    RED = 1  # any FAIL, DIVERGED, TOOL_ERROR or FLAKY
    INTERRUPTED = 2
    OURS = 3  # a bug of Workbench
    USAGE = 4  # bad usage, or any ERROR
    NOTHING = 5  # nothing ran
    UNDECIDED = 10  # only NEEDS_WORLD, NEEDS_LIVE or STALE are left


WORST = (Exit.OURS, Exit.INTERRUPTED, Exit.USAGE, Exit.RED, Exit.NOTHING, Exit.UNDECIDED, Exit.OK)


def worst(codes: set[Exit]) -> Exit:
    return next((code for code in WORST if code in codes), Exit.OK)


def out(text: str) -> None:
    """A line of data."""
    sys.stdout.write(text + "\n")


def out_json(value: Any) -> None:
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()


def say(text: str = "") -> None:
    """A line for a person."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def complain(error: WorkbenchError) -> None:
    say(paint("error ", "red") + str(error))


COLORS = {"red": "31", "green": "32", "yellow": "33", "dim": "2", "bold": "1"}


def paint(text: str, color: str) -> str:
    """Color on a terminal that wants it; the text says it all without."""
    if not sys.stderr.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\x1b[{COLORS[color]}m{text}\x1b[0m"


def clean(text: str) -> str:
    """Untrusted text for a terminal: control characters shown, never obeyed."""
    return "".join(c if c == "\n" or (c.isprintable()) else f"\\x{ord(c):02x}" for c in text)
