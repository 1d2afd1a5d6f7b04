"""The report of a replay as JSON."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from ..case import Case
from ..errors import UsageError
from ..replay import Verdict


def as_json(cases: list[Case]) -> dict[str, Any]:
    """The report as plain data; the verdicts add up to what was selected."""
    counts = Counter(i.outcome.verdict for i in cases)
    return {
        "selected": len(cases),
        "verdicts": {v.value: counts.get(v, 0) for v in Verdict},
        "transcripts": [_case_json(i) for i in cases],
    }


def _case_json(case: Case) -> dict[str, Any]:
    outcome, head = case.outcome, case.head
    first = outcome.first
    return {
        "path": case.path,
        "id": head.id if head else "",
        "kind": head.kind if head else "",
        "verdict": outcome.verdict.value,
        "why": outcome.why,
        "source": head.source if head else {},
        "first_difference": None
        if first is None
        else {"step": str(first.place), "recorded": first.recorded, "now": first.now, "why": first.why},
        "prompt_changed_from": outcome.prompt_changed_from,
    }


def write_json(target: str, cases: list[Case]) -> None:
    data = msgspec.json.format(msgspec.json.encode(as_json(cases)), indent=2) + b"\n"
    if target == "-":
        sys.stdout.write(data.decode())
        sys.stdout.flush()
        return
    try:
        Path(target).write_bytes(data)
    except OSError as error:
        raise UsageError(f"the report cannot be written: {error.strerror}", where=target) from None
