"""Suggest expectations for an annotated step."""

from __future__ import annotations

from ..trace.steps import Step
from .expectation import Expectation


def suggest(step: Step, policies: list[str] | None = None) -> list[Expectation]:
    """Suggest expectations for an annotation at `step`, likeliest first; `policies` are those at its hooks."""
    at = str(step.step_id)
    if step.call is not None:
        tool = step.call.tool
        if step.executed:
            named = [Expectation("blocked", at, policy=p) for p in policies or []]
            return [
                Expectation("not_executed", at, tool=tool),
                *named,
                Expectation("escalated", at),
                Expectation("must_not_call", at, tool=tool),
                *([Expectation("must_not_call", at, tool=tool, args=step.args)] if step.args else []),
                Expectation("result", at, tool=tool),
            ]
        if step.effect in ("blocked", "escalated", "rejected", "absent"):
            return [Expectation("executed", at, tool=tool), Expectation("allowed", at)]
    if step.message is not None and step.call is None:
        return [
            Expectation("rewritten", at),
            Expectation("blocked", at),
            Expectation("escalated", at),
        ]
    words = str(step.reply.text) if step.reply else (step.answer.text if step.answer else "")
    if step.reply is not None:
        first = words.strip().split("\n")[0][:80]
        return [
            Expectation("blocked", at),
            Expectation("rewritten", at),
            Expectation("reply_excludes", at, text=first),
            Expectation("model_never_says", at, text=first),
            Expectation("rubric", at),
        ]
    return [Expectation("allowed", at)]
