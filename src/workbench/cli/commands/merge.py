"""`workbench merge`: merge the reports of all shards of one replay."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from ...errors import UsageError
from ...replay.case import supersede
from ...replay.exit_codes import Exit
from ...replay.summary import ShardInfo, Summary
from ...transcripts.selection import Shard
from ...version import __version__
from ..reports.json_report import SCHEMA, case_of
from ..reports.publish import Reports

RERUN_HINT = "run every shard again, on the same commit and with the same options"
NAME_ONCE_HINT = "name the report of each shard once"
CREATE_HINT = "create it with: workbench replay --shard 1/8 --json FILE"


def merge(files: list[Path], reports: Reports) -> Exit:
    """Merge shard reports and publish the result. Returns the exit code of the whole replay. Raises UsageError."""
    reports.check()
    names = [str(file) for file in files]
    twice = next((name for name in names if names.count(name) > 1), "")
    if twice:
        raise UsageError("the report is given twice", where=twice, hint=NAME_ONCE_HINT)
    return reports.publish(merge_summaries({name: read(Path(name)) for name in names}))


def read(file: Path) -> Summary:
    """Read the summary from a JSON report. Raises UsageError."""
    try:
        data = msgspec.json.decode(file.read_bytes())
        if not isinstance(data, dict):
            raise UsageError("not a shard report: not a JSON object", where=str(file), hint=CREATE_HINT)
        if data["schema"] != SCHEMA:
            raise UsageError(f"unsupported report format: {data['schema']}", where=str(file), hint=CREATE_HINT)
        if data["workbench"] != __version__:
            other = f"created by Workbench {data['workbench']}, this is {__version__}"
            raise UsageError(other, where=str(file), hint=RERUN_HINT)
        if data["shard"] is None:
            raise UsageError(
                "it is the report of a complete replay, not of a shard", where=str(file), hint=CREATE_HINT
            )
        cases = [case_of(row) for row in data["transcripts"]]
        part = msgspec.convert(data["shard"], ShardInfo)
        Shard.parse_expression(part.shard)
        numbers = int(data["selected"]), float(data["seconds"])
        verdicts = msgspec.convert(data["verdicts"], dict[str, int])
        options = msgspec.convert(data["options"], dict[str, str])
        whole = Summary(
            cases,
            *numbers,
            options,
            interrupted=bool(data["interrupted"]),
            part=part,
            not_collected=msgspec.convert(data["not_collected"], dict[str, str]),
        )
    except OSError as error:
        raise UsageError(f"cannot read: {error.strerror}", where=str(file), hint=CREATE_HINT) from None
    except KeyError as error:
        raise UsageError(f"not a shard report: missing {error}", where=str(file), hint=CREATE_HINT) from None
    except (msgspec.MsgspecError, TypeError, ValueError, AttributeError) as error:
        wrong = "the file is truncated" if "truncated" in str(error) else str(error)[:200]
        raise UsageError(f"not a shard report: {wrong}", where=str(file), hint=CREATE_HINT) from None
    counted = {verdict.value: count for verdict, count in whole.counts.items() if count}
    if counted != {name: count for name, count in verdicts.items() if count} or (
        len(cases) != whole.selected and not whole.interrupted
    ):
        raise UsageError(
            "the verdict counts do not add up to the number selected", where=str(file), hint=RERUN_HINT
        )
    return whole


def merge_summaries(shards: dict[str, Summary]) -> Summary:
    """Merge the summaries, by file name. Raises UsageError if they are not of one replay."""
    parts = {file: summary.part for file, summary in shards.items() if summary.part}
    first = next(iter(shards))
    for what, value_of in _EQUAL.items():
        for file, summary in shards.items():
            if value_of(summary) != value_of(shards[first]):
                details = _DETAILS[what](summary, shards[first]) if what in _DETAILS else ""
                raise UsageError(f"{what} differ from {first}{details}", where=file, hint=RERUN_HINT)
    seen: dict[int, str] = {}
    for file, part in parts.items():
        number = Shard.parse_expression(part.shard).number
        if number in seen:
            raise UsageError(
                f"duplicate shard {part.shard}, also in {seen[number]}", where=file, hint=NAME_ONCE_HINT
            )
        seen[number] = file
    of = Shard.parse_expression(parts[first].shard).of
    missing = [f"{number}/{of}" for number in range(1, of + 1) if number not in seen]
    if missing:
        raise UsageError(f"missing shards: {', '.join(missing)}", hint=RERUN_HINT)
    summaries = list(shards.values())
    selected, total = sum(summary.selected for summary in summaries), parts[first].total
    if selected != total:
        raise UsageError(f"the shards have {selected} transcripts, expected {total}", hint=RERUN_HINT)
    cases = sorted((case for summary in summaries for case in summary.cases), key=lambda case: case.path)
    supersede(cases)
    return Summary(
        cases,
        selected,
        max(summary.seconds for summary in summaries),
        summaries[0].options,
        interrupted=any(summary.interrupted for summary in summaries),
        not_collected=summaries[0].not_collected,
    )


def _other_options(summary: Summary, first: Summary) -> str:
    here, there = summary.options, first.options
    differ = [option for option in {**there, **here} if there.get(option) != here.get(option)]
    return ": " + "; ".join(f"{o} {here.get(o, 'not given')}, there {there.get(o, 'not given')}" for o in differ)


def _other_transcripts(summary: Summary, first: Summary) -> str:
    here, there = (t.part.total if t.part else 0 for t in (summary, first))
    if here != there:
        return f": {here} here, {there} there"
    return f": both have {here}, but names or contents differ"


_EQUAL: dict[str, Callable[[Summary], Any]] = {
    "the options": lambda summary: summary.options,
    "the number of shards": lambda summary: summary.part and Shard.parse_expression(summary.part.shard).of,
    "the journeys": lambda summary: summary.part and summary.part.code,
    "the transcripts": lambda summary: summary.part and (summary.part.total, summary.part.content_hash),
}
# details of the difference, if known
_DETAILS: dict[str, Callable[[Summary, Summary], str]] = {
    "the options": _other_options,
    "the transcripts": _other_transcripts,
}
