"""Re-record a transcript: the same customer messages in a new run."""

from __future__ import annotations

from typing import Any

import msgspec

from ..errors import TranscriptError
from ..replay.judge import red_proof
from ..trace.events import Fault, TurnEnded
from ..trace.step_id import StepId
from ..trace.steps import Step, group_steps
from ..trace.trace import Trace
from ..transcripts.expectation import Expectation
from ..transcripts.transcript import Transcript, hash_recording, with_saved_usage


class CannotRerecord(Exception):
    """Report why a run cannot become the new recording of a transcript."""


def with_new_recording(
    transcript: Transcript, trace: Trace, code: dict[str, str], model: str
) -> tuple[Transcript, list[str]]:
    """Return the transcript with a new recording, and the annotations and expectations that no longer apply.

    Raises CannotRerecord. A mistake must show its mistake in the new run too; its state is open again,
    because this recording is not accepted yet.
    """
    for event in trace:
        if isinstance(event, Fault) and event.origin != "tool":
            raise CannotRerecord(f"{event.origin} {event.name} failed at {event.step_id}: {event.message}")
        if isinstance(event, TurnEnded) and event.reason in ("model_error", "killed", "interrupted"):
            raise CannotRerecord(f"turn {event.turn} ended: {event.reason} {event.detail}".rstrip())
    steps = {str(m.step_id): m for turn in group_steps(trace) for m in turn.steps}
    expectations = [e for e in transcript.expectations if _applies(e, steps)]
    removed = [e for e in transcript.expectations if e not in expectations]
    lost = [f"the expectation at {e.step}: {e.description}" for e in removed]
    lost += [f"the annotation at {m.step}" for m in transcript.annotations if m.step not in steps]
    if transcript.kind == "mistake" and removed:
        raise CannotRerecord("this run has no step like the annotated one: it does not show the mistake")
    source: dict[str, Any] = {"model": model}
    new = msgspec.structs.replace(
        transcript, accepted_code="", reason="", expectations=expectations, source=source, code=code,
        annotations=[m for m in transcript.annotations if m.step in steps],
        events=with_saved_usage(trace), blobs=trace.blobs,
        recording_id=hash_recording(list(trace.events), transcript.setup),
    )  # fmt: skip
    proof = red_proof(new)
    if proof:
        raise CannotRerecord(proof)
    return new, lost


def _applies(expectation: Expectation, steps: dict[str, Step]) -> bool:
    """Return whether the new run has a step that an expectation can be checked at."""
    step = steps.get(str(StepId.parse(expectation.step)))
    if step is None:
        return False
    try:
        expectation.validate_step(step, "")
    except TranscriptError:
        return False
    return True
