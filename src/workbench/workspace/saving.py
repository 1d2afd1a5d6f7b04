"""Build a transcript from a conversation."""

from __future__ import annotations

from dataclasses import dataclass

from ..transcripts.transcript import Transcript


@dataclass(frozen=True)
class Saved:
    """What saving did: where it stands, its verdict today, and what was replaced in it."""

    path: str
    transcript: Transcript
    verdict: str
    why: str
    replaced: list[tuple[str, str]]
