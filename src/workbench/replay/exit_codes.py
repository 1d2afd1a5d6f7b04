"""Exit codes of the commands, and the exit code and JUnit status of each verdict."""

from __future__ import annotations

from enum import IntEnum

from .verdict import Verdict


class Exit(IntEnum):
    """Exit codes; if several apply, the first in WORST wins."""

    OK = 0  # all PASS, SUPERSEDED or CACHED
    FAILED = 1  # any FAIL, DIVERGED, TOOL_ERROR or FLAKY
    INTERRUPTED = 2
    INTERNAL_ERROR = 3  # a bug of Workbench
    USAGE_ERROR = 4  # bad usage, or any ERROR
    NO_TESTS = 5  # nothing ran
    INCONCLUSIVE = 10  # only NEEDS_TOOLS, NEEDS_LIVE, STALE or DRIFTED are left


WORST = (
    Exit.INTERNAL_ERROR,
    Exit.INTERRUPTED,
    Exit.USAGE_ERROR,
    Exit.FAILED,
    Exit.NO_TESTS,
    Exit.INCONCLUSIVE,
    Exit.OK,
)


def worst(codes: set[Exit]) -> Exit:
    """Return the exit code that wins if several apply."""
    return next((code for code in WORST if code in codes), Exit.OK)


CODES = {
    Verdict.PASS: Exit.OK,
    Verdict.SUPERSEDED: Exit.OK,
    Verdict.CACHED: Exit.OK,
    Verdict.FAIL: Exit.FAILED,
    Verdict.DIVERGED: Exit.FAILED,
    Verdict.TOOL_ERROR: Exit.FAILED,
    Verdict.FLAKY: Exit.FAILED,
    Verdict.STALE: Exit.INCONCLUSIVE,
    Verdict.DRIFTED: Exit.INCONCLUSIVE,
    Verdict.ERROR: Exit.USAGE_ERROR,
    Verdict.NEEDS_TOOLS: Exit.INCONCLUSIVE,
    Verdict.NEEDS_LIVE: Exit.INCONCLUSIVE,
}
RED = (Verdict.FAIL, Verdict.DIVERGED, Verdict.TOOL_ERROR, Verdict.FLAKY, Verdict.ERROR)

_FATES = {Exit.OK: "skipped", Exit.INCONCLUSIVE: "skipped", Exit.FAILED: "failure", Exit.USAGE_ERROR: "error"}


def junit_status(verdict: Verdict) -> str:
    """Return the JUnit status: passed, skipped, failure or error. Only PASS counts as passed."""
    return "passed" if verdict is Verdict.PASS else _FATES[CODES[verdict]]


def failed(verdict: Verdict) -> bool:
    """Return whether the verdict requires a fix."""
    return junit_status(verdict) in ("failure", "error")
