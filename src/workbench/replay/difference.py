"""A divergence of a run from its recording."""

from __future__ import annotations

import msgspec

from ..trace.step_id import StepId


class Difference(msgspec.Struct, frozen=True):
    """A divergence from the recording: both sides in words, and why it counts."""

    step_id: StepId
    recorded: str
    now: str
    why: str
