"""A conversation recorded anew: the same customer's words, another run, as the transcript it would become."""

from __future__ import annotations

from typing import Any

import msgspec

from ..errors import TranscriptError
from ..replay.judge import red_proof
from ..trace.events import Fault, TurnEnd
from ..trace.step_id import Place
from ..trace.steps import moves
from ..trace.trace import Trace
from ..transcripts.expectation import Expectation
from ..transcripts.transcript import Transcript, recording_id, still


class Unfit(Exception):
    """Why a run cannot become a transcript."""


def renewed(
    transcript: Transcript, trace: Trace, code: dict[str, str], model: str
) -> tuple[Transcript, list[str]]:
    """The transcript with another run in it, and what of it the run has no place for. Raises Unfit.

    A mistake must show its mistake in the new run too. It is open again: nobody accepted this record yet.
    """
    for step in trace:
        if isinstance(step, Fault) and step.origin != "tool":
            raise Unfit(f"{step.origin} {step.name} failed at {step.place}: {step.message}")
        if isinstance(step, TurnEnd) and step.reason in ("model_error", "killed", "interrupted"):
            raise Unfit(f"turn {step.turn} ended: {step.reason} {step.detail}".rstrip())
    places = {str(m.place): m for turn in moves(trace) for m in turn.moves}
    kept = [e for e in transcript.expectations if _fits(e, places)]
    lost = [f"the expectation at {e.at}: {e.sentence}" for e in transcript.expectations if e not in kept]
    lost += [f"the mark at {m.at}" for m in transcript.marks if m.at not in places]
    if transcript.kind == "mistake" and lost[: len(transcript.expectations) - len(kept)]:
        raise Unfit("this run has no such move as the marked one: the mistake is not in it")
    source: dict[str, Any] = {"model": model}
    made = msgspec.structs.replace(
        transcript, passed_on="", why="", expectations=kept, source=source, code=code,
        marks=[m for m in transcript.marks if m.at in places],
        steps=still(trace), exhibits=trace.exhibits, recording=recording_id(list(trace.steps), transcript.setup),
    )  # fmt: skip
    proof = red_proof(made)
    if proof:
        raise Unfit(proof)
    return made, lost


def _fits(expectation: Expectation, places: dict[str, Any]) -> bool:
    """Whether the new run has a move that an expectation can speak of."""
    move = places.get(str(Place.parse(expectation.at)))
    if move is None:
        return False
    try:
        expectation.check_at(move, "")
    except TranscriptError:
        return False
    return True
