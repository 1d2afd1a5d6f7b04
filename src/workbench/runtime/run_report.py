"""The report of a process that ran a transcript: events and facts, never a verdict.

Small, because a thousand of them cross a pipe: an event that equals a recorded one is
its index, and blobs of the transcript are left out.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from ..authoring.agent import Limits
from ..replay.comparison import Rerun, compare
from ..replay.reexecution import ToolMismatch
from ..replay.run_request import RunRequest
from ..trace.events import AnyEvent
from ..trace.step_id import StepId
from ..trace.trace import Trace
from ..transcripts.transcript import Transcript
from .monitor import Violation


class RunReport(msgspec.Struct, omit_defaults=True):
    """The events and facts of one run; `error` is why it did not run, with its location."""

    events: list[int | AnyEvent] = []
    """The events of the run; a number is the index of the equal recorded event."""
    blobs: dict[str, Any] = {}
    """The blobs that the transcript does not have."""
    tool_mismatch: ToolMismatch | None = None
    world: dict[str, Any] | None = None
    recorded_world: dict[str, Any] | None = None
    executed: list[StepId] = []
    searches: list[tuple[StepId, str]] = []
    """The changes of searches of the knowledge, by step."""
    fingerprints: list[tuple[str, ...]] = []
    """The fingerprint of the run and, if it was repeated, of the second run."""
    violations: list[Violation] = []
    error: str = ""
    where: str = ""
    not_run: Literal["", "hung", "exited"] = ""
    lines: list[tuple[str, int]] = []
    """With tracing: the lines that ran, as (file, line)."""
    decisions: list[tuple[str, str, int]] = []
    """With tracing: the decisions that were made, as (file, effect, line)."""
    files: list[str] = []
    """With tracing: the journey files that are loaded after the run, by path below journeys/."""
    called: list[str] = []
    """With tracing: the full names of the policies that were called."""


encode_report = msgspec.json.Encoder().encode  # unlike msgpack, JSON has integers of any size
decode_report = msgspec.json.Decoder(RunReport).decode


def report_run(request: RunRequest, result: Rerun) -> RunReport:
    """Return the report of a run."""
    return RunReport(
        events=_indexed(request.events, result.trace.events),
        blobs={key: blob for key, blob in result.trace.blobs.items() if key not in request.blobs},
        tool_mismatch=result.tool_mismatch,
        world=result.world,
        recorded_world=result.recorded_world,
        executed=sorted(result.executed),
        searches=list(result.searches.items()),
        fingerprints=result.fingerprints,
    )


def restore_run(transcript: Transcript, report: RunReport, limits: Limits) -> Rerun:
    """Compare the reported events with the recording. Raises IndexError for an unknown number, IncompleteRun."""
    events = [transcript.events[one] if isinstance(one, int) else one for one in report.events]
    trace = Trace(events, transcript.blobs | report.blobs)
    result = compare(transcript.events, trace, limits, dict(report.searches), report.tool_mismatch)
    result.world = report.world
    result.recorded_world = report.recorded_world
    result.executed = set(report.executed)
    result.fingerprints = report.fingerprints
    return result


def _indexed(recorded: list[AnyEvent], events: tuple[AnyEvent, ...]) -> list[int | AnyEvent]:
    """Replace events by the index of the equal recorded event; the runs are nearly in lock-step."""
    found: list[int | AnyEvent] = []
    at, size = 0, len(recorded)
    for event in events:
        index = at
        while index < size and not _same(recorded[index], event):
            index += 1
        if index < size:
            found.append(index)
            at = index + 1
        else:
            found.append(event)
    return found


def _same(one: AnyEvent, other: AnyEvent) -> bool:
    """Return whether two events are encoded alike: 1 equals True, but is not the same."""
    return one is other or (one == other and _ENCODE(one) == _ENCODE(other))


_ENCODE = msgspec.json.Encoder().encode
