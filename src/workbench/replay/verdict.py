"""Verdicts, and the options and results of a replay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from hashlib import sha256
from typing import Any, Literal

import msgspec

from ..engine.world import World
from ..trace.events import AnyEvent, PolicyDecision
from ..trace.setup import Setup
from .rerun import Difference, Rerun


class Verdict(StrEnum):
    PASS = "PASS"
    FAIL = "FAIL"
    SUPERSEDED = "SUPERSEDED"
    DIVERGED = "DIVERGED"
    NEEDS_TOOLS = "NEEDS_TOOLS"
    NEEDS_LIVE = "NEEDS_LIVE"
    CACHED = "CACHED"
    STALE = "STALE"
    DRIFTED = "DRIFTED"
    TOOL_ERROR = "TOOL_ERROR"
    FLAKY = "FLAKY"
    ERROR = "ERROR"


class Options(msgspec.Struct, frozen=True):
    """How to replay. Plain data: it goes along to whoever replays.

    `tools` sandbox: tools that allow it run in the sandbox, and must give what they
    gave. `twice`: two replays must not differ. `strict_drift`: drift is a verdict.
    `fingerprint`: the outcome has that of the run, for one elsewhere to be compared with.
    """

    tools: Literal["recorded", "sandbox"] = "recorded"
    repeat: bool = False
    strict_drift: bool = False
    fingerprint: bool = False


class ReplayResult(msgspec.Struct):
    """What a replay says of a transcript.

    `moves` were run; `prompt_changed_from` is the first whose prompt is not the
    recorded one (0: none). `before` are the two moves before the first
    difference, or before the marked move where nothing differs; `marked` is
    the marked move as it is now. `changed` names policies and prompt spans that
    are not the recorded ones, `drift` what is not as it was without changing what was done.
    `where` is the line of journey code that it is about, "journeys/shop/agent.py:2", or "".
    `live` is plain data of live trials; offline, where only they can decide, the
    hashes of what the model would be asked with and of what is expected. `ran` and
    `taped` count, with tools that run, the calls whose tool ran, and the others.
    `needs_recording`: a call is let
    through now whose result no tape holds, so the record cannot become green as it is.
    `fingerprint` is that of the run, where another is to be compared with it.
    """

    verdict: Verdict
    why: str = ""
    first_difference: Difference | None = None
    steps: int = 0
    prompt_changed_from: int = 0
    context: tuple[str, ...] = ()
    current_step: str = ""
    changed: tuple[str, ...] = ()
    drift: tuple[str, ...] = ()
    source_line: str = ""
    live: dict[str, Any] = {}
    executed: int = 0
    from_recording: int = 0
    needs_recording: bool = False
    fingerprint: tuple[str, ...] = ()


MakeWorld = Callable[[Setup], World]

DEFAULT = Options()
VERDICT_WHEN_UNDECIDED = {"world": Verdict.NEEDS_TOOLS, "live": Verdict.NEEDS_LIVE}


def fingerprint(result: Rerun) -> tuple[str, ...]:
    """The steps of a run, each as what it is and a hash; last the hash of what its tools came to."""
    steps = (f"{_named(event)} {_hash(event)}" for event in result.trace)
    return *steps, _hash((result.tool_mismatch, sorted(result.ran)))


def _hash(value: object) -> str:
    return sha256(repr(value).encode("utf-8", "replace")).hexdigest()[:12]


def _named(event: AnyEvent) -> str:
    return f"{event.step_id} {type(event).__name__.lower()}" + (
        f" of {event.policy}" if isinstance(event, PolicyDecision) else ""
    )


def first_divergence(one: Sequence[str], other: Sequence[str]) -> str:
    """Where two runs of one transcript first differ, in words; ""."""
    for a, b in zip(one[:-1], other[:-1], strict=False):
        if a != b:
            return a.rpartition(" ")[0]
    if len(one) != len(other):
        return f"one has {len(one) - 1} steps, the other {len(other) - 1}"
    return "" if one[-1] == other[-1] else "what its tools came to"
