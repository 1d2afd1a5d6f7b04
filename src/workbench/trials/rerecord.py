"""Re-record a conversation: the same customer messages in a new run, as the transcript it would become."""

from __future__ import annotations

from typing import Any

import msgspec

from ..errors import TranscriptError
from ..replay.judge import red_proof
from ..trace.events import Fault, TurnEnded
from ..trace.step_id import StepId
from ..trace.steps import group_steps
from ..trace.trace import Trace
from ..transcripts.expectation import Expectation
from ..transcripts.transcript import Transcript, hash_recording, without_usage


class CannotRerecord(Exception):
    """Why a run cannot become a transcript."""


def with_new_recording(
    transcript: Transcript, trace: Trace, code: dict[str, str], model: str
) -> tuple[Transcript, list[str]]:
    """The transcript with another run in it, and what of it the run has no place for. Raises Unfit.

    A mistake must show its mistake in the new run too. It is open again: nobody accepted this record yet.
    """
    for event in trace:
        if isinstance(event, Fault) and event.origin != "tool":
            raise CannotRerecord(f"{event.origin} {event.name} failed at {event.step_id}: {event.message}")
        if isinstance(event, TurnEnded) and event.reason in ("model_error", "killed", "interrupted"):
            raise CannotRerecord(f"turn {event.turn} ended: {event.reason} {event.detail}".rstrip())
    places = {str(m.step_id): m for turn in group_steps(trace) for m in turn.steps}
    expectations = [e for e in transcript.expectations if _fits(e, places)]
    gone = [e for e in transcript.expectations if e not in expectations]
    lost = [f"the expectation at {e.step}: {e.description}" for e in gone]
    lost += [f"the annotation at {m.step}" for m in transcript.annotations if m.step not in places]
    if transcript.kind == "mistake" and gone:
        raise CannotRerecord("this run has no step like the annotated one: it does not show the mistake")
    source: dict[str, Any] = {"model": model}
    made = msgspec.structs.replace(
        transcript, accepted_code="", reason="", expectations=expectations, source=source, code=code,
        annotations=[m for m in transcript.annotations if m.step in places],
        events=without_usage(trace), blobs=trace.blobs,
        recording_id=hash_recording(list(trace.events), transcript.setup),
    )  # fmt: skip
    proof = red_proof(made)
    if proof:
        raise CannotRerecord(proof)
    return made, lost


def _fits(expectation: Expectation, places: dict[str, Any]) -> bool:
    """Whether the new run has a move that an expectation can speak of."""
    move = places.get(str(StepId.parse(expectation.step)))
    if move is None:
        return False
    try:
        expectation.validate_step(move, "")
    except TranscriptError:
        return False
    return True
