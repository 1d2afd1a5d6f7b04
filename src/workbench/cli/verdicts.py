"""What a verdict is on the command line: its exit code, its color, and what others make of it."""

from __future__ import annotations

from ..replay import Verdict
from .report import Exit

CODES = {
    Verdict.PASS: Exit.OK,
    Verdict.SUPERSEDED: Exit.OK,
    Verdict.BY_RECEIPT: Exit.OK,
    Verdict.FAIL: Exit.RED,
    Verdict.DIVERGED: Exit.RED,
    Verdict.TOOL_ERROR: Exit.RED,
    Verdict.FLAKY: Exit.RED,
    Verdict.STALE: Exit.UNDECIDED,
    Verdict.ERROR: Exit.USAGE,
    Verdict.NEEDS_WORLD: Exit.UNDECIDED,
    Verdict.NEEDS_LIVE: Exit.UNDECIDED,
}
RED = (Verdict.FAIL, Verdict.DIVERGED, Verdict.TOOL_ERROR, Verdict.FLAKY, Verdict.ERROR)
COLOR = {Verdict.PASS: "green", **dict.fromkeys(RED, "red")}

_FATES = {Exit.OK: "skipped", Exit.UNDECIDED: "skipped", Exit.RED: "failure", Exit.USAGE: "error"}


def fate(verdict: Verdict) -> str:
    """passed, skipped, failure or error: a test runner's words. Only a PASS has passed."""
    return "passed" if verdict is Verdict.PASS else _FATES[CODES[verdict]]


def failed(verdict: Verdict) -> bool:
    """Whether a person has something to mend."""
    return fate(verdict) in ("failure", "error")
