"""Describe drift: which prompt sections, tools and policies differ from the recording."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..trace.events import PolicyDecision, Prompt
from ..trace.steps import Step
from .comparison import Drift, Rerun

Blobs = dict[str, Any]


def by_title(blobs: Blobs, keys: Iterable[str]) -> dict[str, Any]:
    """Return blobs by their title or name."""
    found = ((key, blobs.get(key)) for key in keys)
    return {
        str(card.get("title") or card.get("name") or key) if isinstance(card, dict) else key: card
        for key, card in found
    }


def changed_blobs(was: Blobs, old: list[str], today: Blobs, new: list[str]) -> Iterator[tuple[str, Any, Any]]:
    """Yield (title, then, now) of the blobs that differ; None for a missing one.

    `old` and `new` are blob keys; equal keys are equal texts.
    """
    same = set(old).intersection(new)
    gone = by_title(was, (key for key in old if key not in same))
    come = by_title(today, (key for key in new if key not in same))
    for title in {**gone, **come}:
        one, other = gone.get(title), come.get(title)
        if one is not other:  # both are None if neither blob was recorded
            yield title, one, other


def prompt_changes(then: Prompt | None, now: Prompt | None, was: Blobs, today: Blobs) -> Iterator[str]:
    """Yield what differs between two prompts: "prompt: Returns (new) (shop/manual.md:3)"."""
    if then is None or now is None:
        return
    for what, old, new in (("prompt:", then.sections, now.sections), ("tool", then.tools, now.tools)):
        for title, one, other in changed_blobs(was, old, today, new):
            how = " (new)" if one is None else " (gone)" if other is None else ""
            source = other.get("source") if isinstance(other, dict) else ""
            yield f"{what} {title}{how}" + (f" ({source})" if source else "")


def describe_drift(drifts: Iterable[Drift], result: Rerun, was: Blobs, most: int = 4) -> str:
    """Describe drift, grouping equal changes: "2.3.1, 2.4.1 decisions: returns.window: another reason"."""
    steps: dict[str, list[str]] = {}
    for drift in drifts:
        names = ", ".join(_about(drift, result, was))
        steps.setdefault(drift.what + (f": {names}" if names else ""), []).append(str(drift.step_id))
    found = [f"{', '.join(at[:most])}{' …' if len(at) > most else ''} {what}" for what, at in steps.items()]
    return "; ".join(found[:most]) + (f"; and {len(found) - most} more" if len(found) > most else "")


def _about(drift: Drift, result: Rerun, was: Blobs) -> Iterable[str]:
    if drift.detail:
        return (drift.detail,)
    then, now = result.recorded.get(drift.step_id), result.current.get(drift.step_id)
    if then is None or now is None:
        return ()
    if drift.what == "prompt":
        found = prompt_changes(then.prompt, now.prompt, was, result.trace.blobs)
        return (name.removeprefix("prompt: ") for name in found) if then.prompt else ["none was recorded"]
    return _of_decisions(then, now) if drift.what == "decisions" else ()


def _of_decisions(then: Step, now: Step) -> Iterator[str]:
    old, new = _by_policy(then), _by_policy(now)
    for name in {**old, **new}:
        one, other = old.get(name), new.get(name)
        if one is None or other is None:
            yield f"{name}: {'was not called' if one is None else 'is not called any more'}"
        elif one.version != other.version:
            yield f"{name}: changed rule"
        elif one.effect != other.effect:
            yield f"{name}: {one.effect} → {other.effect}"
        elif one.reason != other.reason:
            yield f"{name}: changed reason"


def _by_policy(step: Step) -> dict[str, PolicyDecision]:
    return {decision.policy: decision for decision in step.decisions}
