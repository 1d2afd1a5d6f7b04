"""The report of a replay as JSON: all that is known of each transcript, so that shards can be joined again."""

from __future__ import annotations

from typing import Any

import msgspec

from ...plain import indented_json
from ...replay.case import Case
from ...replay.summary import Summary
from ...replay.verdict import ReplayResult
from ...trace.step_id import StepId
from ...transcripts.header import TranscriptHeader
from ...version import __version__

SCHEMA = "workbench.report/1"
_HEAD = TranscriptHeader.__struct_fields__
_UNREAD = dict.fromkeys(("id", "kind", "agent", "state"), "")


def as_json(tally: Summary) -> dict[str, Any]:
    """The report as plain data; the verdicts add up to the transcripts told."""
    return {
        "schema": SCHEMA,
        "workbench": __version__,
        "options": tally.options,
        "shard": tally.part,
        "selected": tally.selected,
        "not_collected": tally.passed_over,
        "interrupted": tally.interrupted,
        "seconds": round(tally.seconds, 3),
        "exit": int(tally.code),
        "verdicts": {verdict.value: count for verdict, count in tally.counts.items()},
        "on_changed_prompts": tally.on_changed_prompts,
        "transcripts": [row(case) for case in tally.cases],
    }


def row(case: Case) -> dict[str, Any]:
    """A case as plain data. A file that could not be read has an empty id, kind and agent."""
    head = {name: getattr(case.head, name) for name in _HEAD} if case.head else _UNREAD
    outcome = msgspec.to_builtins(case.outcome)
    del outcome["footprint"]  # it was for another run to be compared with
    first = outcome.pop("first")
    if first is not None:
        first = {"step": str(StepId(*first.pop("place"))), **first}
    return {"path": case.path, **head, **outcome, "first_difference": first}


def case_of(row: dict[str, Any]) -> Case:
    """The case that a row was made of. Raises msgspec.ValidationError or KeyError for what is none."""
    first = row.get("first_difference")
    if first is not None:
        first = {**first, "place": list(StepId.parse(first["step"]))}
    head = msgspec.convert(row, TranscriptHeader) if row["kind"] else None
    return Case(row["path"], head, msgspec.convert({**row, "first": first}, ReplayResult))


def render(tally: Summary) -> str:
    return indented_json(as_json(tally)).decode() + "\n"
