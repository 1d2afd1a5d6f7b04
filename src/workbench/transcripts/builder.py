"""Build a transcript from a conversation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ..text import slug
from ..trace.setup import Setup
from ..trace.trace import Trace
from .expectation import Expectation
from .transcript import SCHEMA, Annotation, Transcript, hash_recording, with_saved_usage


def build_transcript(
    kind: Literal["mistake", "golden"],
    title: str,
    expectations: Sequence[Expectation],
    setup: Setup,
    trace: Trace,
    annotations: list[Annotation],
) -> Transcript:
    """Build a transcript from a conversation; a mistake keeps only the annotation at its expectation."""
    at = {expectation.step for expectation in expectations}
    events = with_saved_usage(trace)
    return Transcript(
        schema=SCHEMA,
        id=slug(title),
        kind=kind,
        title=title,
        agent=setup.agent,
        expectations=list(expectations),
        annotations=[m for m in annotations if kind == "golden" or m.step in at],
        recording_id=hash_recording(events, setup),
        setup=setup,
        events=events,
        blobs=trace.blobs,
    )
