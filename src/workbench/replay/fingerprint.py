"""The fingerprint of a run, to compare it with another run of the same transcript."""

from __future__ import annotations

from hashlib import sha256

from ..trace.events import AnyEvent, PolicyDecision
from .comparison import Rerun


def fingerprint(result: Rerun) -> tuple[str, ...]:
    """Return the events of a run, each as a name and a hash; the last item is the hash of its tool results."""
    steps = (f"{_named(event)} {_hash(event)}" for event in result.trace)
    return *steps, _hash((result.tool_mismatch, sorted(result.executed)))


def _hash(value: object) -> str:
    return sha256(repr(value).encode("utf-8", "replace")).hexdigest()[:12]


def _named(event: AnyEvent) -> str:
    return f"{event.step_id} {type(event).__name__.lower()}" + (
        f" of {event.policy}" if isinstance(event, PolicyDecision) else ""
    )
