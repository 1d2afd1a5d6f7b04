"""Exit codes of the commands, and of each verdict."""

from __future__ import annotations

from enum import IntEnum

from .verdict import Verdict


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

_FATES = {Exit.OK: "skipped", Exit.UNDECIDED: "skipped", Exit.RED: "failure", Exit.USAGE: "error"}


def junit_status(verdict: Verdict) -> str:
    """passed, skipped, failure or error: a test runner's words. Only a PASS has passed."""
    return "passed" if verdict is Verdict.PASS else _FATES[CODES[verdict]]


def failed(verdict: Verdict) -> bool:
    """Whether a person has something to mend."""
    return junit_status(verdict) in ("failure", "error")
