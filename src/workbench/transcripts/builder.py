"""Build a transcript from a conversation."""

from __future__ import annotations

from typing import Literal

from ..text import slug
from ..trace.setup import Setup
from ..trace.trace import Trace
from .expectation import Expectation
from .transcript import SCHEMA, Annotation, Transcript, hash_recording, with_saved_usage


def build_transcript(
    kind: Literal["mistake", "golden"],
    title: str,
    expectation: Expectation | None,
    setup: Setup,
    trace: Trace,
    annotations: list[Annotation],
) -> Transcript:
    """Build a transcript from a conversation; of its annotations only those at an expectation are kept."""
    events = with_saved_usage(trace)
    return Transcript(
        schema=SCHEMA,
        id=slug(title),
        kind=kind,
        title=title,
        agent=setup.agent,
        expectations=[expectation] if expectation else [],
        annotations=[m for m in annotations if expectation is None or m.step == expectation.step],
        recording_id=hash_recording(events, setup),
        setup=setup,
        events=events,
        blobs=trace.blobs,
    )
