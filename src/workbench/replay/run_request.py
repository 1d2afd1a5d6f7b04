"""What a run needs of a transcript: the recording. What is expected of it stays with the judge."""

from __future__ import annotations

import msgspec

from ..trace.events import AnyEvent, Prompt
from ..trace.setup import Setup
from ..trace.step_id import StepId
from ..transcripts.transcript import Transcript


class RunRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """A recording to run again; `blobs` are the keys of its blobs.

    At `judged_step` the new result of a tool counts, whatever was recorded. `imported`: no
    changes of the world were recorded. `final_world`: report the world that the recording ends with.
    """

    setup: Setup
    events: list[AnyEvent]
    blobs: frozenset[str] = frozenset()
    judged_step: StepId | None = None
    imported: bool = False
    final_world: bool = False


def run_request(transcript: Transcript) -> RunRequest:
    """Return the request to run a transcript."""
    decided = transcript.expectations[0] if transcript.kind == "mistake" else None
    by_world = decided is not None and decided.decided_by == "world"
    return RunRequest(
        transcript.setup,
        transcript.events,
        frozenset(transcript.blobs),
        transcript.annotated_step if by_world else None,
        not any(event.__class__ is Prompt for event in transcript.events),
        any(expectation.kind == "final_world" for expectation in transcript.expectations),
    )
