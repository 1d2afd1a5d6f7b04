"""What a run needs of a transcript: the recording. What is expected of it stays with the judge."""

from __future__ import annotations

import msgspec

from ..trace.events import AnyEvent
from ..trace.setup import Setup
from ..trace.step_id import StepId
from ..transcripts.transcript import Transcript


class RunRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """A recording to run again; `blobs` are the keys of its blobs.

    At `judged_step` the new result of a tool counts, whatever was recorded. `final_world`: report the
    world that the recording ends with.
    """

    setup: Setup
    events: list[AnyEvent]
    blobs: frozenset[str] = frozenset()
    judged_step: StepId | None = None
    final_world: bool = False


def run_request(transcript: Transcript) -> RunRequest:
    """Return the request to run a transcript."""
    decided = transcript.expectations[0] if transcript.kind == "mistake" else None
    by_world = decided is not None and decided.decided_by == "world"
    imported = transcript.setup.imported or "format" in transcript.source  # a setup that was written by hand
    return RunRequest(
        msgspec.structs.replace(transcript.setup, imported=imported),
        transcript.events,
        frozenset(transcript.blobs),
        transcript.annotated_step if by_world else None,
        any(expectation.kind == "final_world" for expectation in transcript.expectations),
    )
