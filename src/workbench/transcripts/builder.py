"""Build a transcript from a conversation."""

from __future__ import annotations

from typing import Literal

from ..text import slug
from ..trace.setup import Setup
from ..trace.trace import Trace
from .expectation import Expectation
from .transcript import SCHEMA, Mark, Transcript, recording_id, still


def compose(
    kind: Literal["mistake", "guard"],
    title: str,
    expectation: Expectation | None,
    setup: Setup,
    trace: Trace,
    marks: list[Mark],
) -> Transcript:
    """A conversation as a transcript. Of the marks it keeps those that are where it expects something."""
    steps = still(trace)
    return Transcript(
        schema=SCHEMA,
        id=slug(title),
        kind=kind,
        title=title,
        agent=setup.agent,
        expectations=[expectation] if expectation else [],
        marks=[m for m in marks if expectation is None or m.at == expectation.at],
        recording=recording_id(steps, setup),
        setup=setup,
        steps=steps,
        exhibits=trace.exhibits,
    )
