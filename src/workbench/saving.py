"""A live conversation as a transcript, and what saving it did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .expectation import Expectation
from .text import slug
from .trace.setup import Setup
from .trace.trace import Trace
from .transcript import SCHEMA, Mark, Transcript, recording_id, still


@dataclass(frozen=True)
class Saved:
    """What saving did: where it stands, its verdict today, and what was replaced in it."""

    path: str
    transcript: Transcript
    verdict: str
    why: str
    replaced: list[tuple[str, str]]


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
