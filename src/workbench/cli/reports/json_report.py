"""The replay report as JSON: complete, so that shards can be merged."""

from __future__ import annotations

from typing import Any

import msgspec

from ...plain import indented_json
from ...replay.case import Case
from ...replay.summary import Summary
from ...replay.verdict import ReplayResult
from ...text import escape_json
from ...trace.step_id import StepId
from ...transcripts.header import TranscriptHeader
from ...version import __version__

SCHEMA = "workbench.report/1"
_HEAD = TranscriptHeader.__struct_fields__
_UNREAD = dict.fromkeys(("id", "kind", "agent", "state"), "")


def as_json(summary: Summary) -> dict[str, Any]:
    """Return the report as plain data; the verdict counts add up to the number of transcripts."""
    return {
        "schema": SCHEMA,
        "workbench": __version__,
        "options": summary.options,
        "shard": summary.part,
        "selected": summary.selected,
        "not_collected": summary.not_collected,
        "protection": sorted({case.outcome.protection for case in summary.cases} - {""}),
        "interrupted": summary.interrupted,
        "seconds": round(summary.seconds, 3),
        "exit": int(summary.code),
        "verdicts": {verdict.value: count for verdict, count in summary.counts.items()},
        "on_changed_prompts": summary.on_changed_prompts,
        "transcripts": [row(case) for case in summary.cases],
    }


def row(case: Case) -> dict[str, Any]:
    """Return a case as plain data; id, kind and agent are empty for an unreadable file."""
    head = {name: getattr(case.head, name) for name in _HEAD} if case.head else _UNREAD
    outcome = msgspec.to_builtins(case.outcome)
    for name in ("fingerprint", "details", "protection"):  # only used while replaying
        del outcome[name]
    first = outcome.pop("first_difference")
    if first is not None:
        first = {"step": str(StepId(*first.pop("step_id"))), **first}
    return {"path": case.path, **head, **outcome, "first_difference": first}


def case_of(row: dict[str, Any]) -> Case:
    """Rebuild a case from its row. Raises msgspec.ValidationError or KeyError for an invalid one."""
    first = row.get("first_difference")
    if first is not None:
        first = {**first, "step_id": list(StepId.parse(first["step"]))}
    head = msgspec.convert(row, TranscriptHeader) if row["kind"] else None
    return Case(row["path"], head, msgspec.convert({**row, "first_difference": first}, ReplayResult))


def render(summary: Summary) -> str:
    """Return the report as indented JSON."""
    return escape_json(indented_json(as_json(summary)).decode()) + "\n"
