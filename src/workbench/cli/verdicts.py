"""What a verdict is on the command line: its exit code and its color."""

from __future__ import annotations

from ..replay import Verdict
from .report import Exit

CODES = {
    Verdict.PASS: Exit.OK,
    Verdict.SUPERSEDED: Exit.OK,
    Verdict.FAIL: Exit.RED,
    Verdict.DIVERGED: Exit.RED,
    Verdict.ERROR: Exit.USAGE,
    Verdict.NEEDS_WORLD: Exit.UNDECIDED,
    Verdict.NEEDS_LIVE: Exit.UNDECIDED,
}
COLOR = {Verdict.PASS: "green", Verdict.FAIL: "red", Verdict.DIVERGED: "red", Verdict.ERROR: "red"}
