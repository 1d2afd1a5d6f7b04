"""TODO cli/verdicts.py"""

from __future__ import annotations

from ..replay.exit_codes import RED
from ..replay.verdict import Verdict

COLOR = {Verdict.PASS: "green", **dict.fromkeys(RED, "red")}
