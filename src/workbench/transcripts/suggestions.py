"""Suggest expectations: for an annotated step, and for a golden transcript."""

from __future__ import annotations

from collections.abc import Iterator

from ..trace.steps import Step, group_steps
from ..trace.trace import Trace
from .expectation import Expectation
from .predicates import JudgedRun, holds


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


def suggest_golden(trace: Trace) -> list[Expectation]:
    """Suggest what a golden transcript may expect: what holds in the recording, and what only a model decides."""
    run = JudgedRun(trace)
    steps = [step for turn in group_steps(trace.events) for step in turn.steps]
    return [
        expectation
        for step in steps
        for expectation in _of_golden(step)
        if expectation.decided_by == "live" or holds(expectation, run)
    ]


def _of_golden(step: Step) -> Iterator[Expectation]:
    at = str(step.step_id)
    for decision in step.decisions:
        kind = {"block": "blocked", "rewrite": "rewritten", "escalate": "escalated"}.get(decision.effect)
        if kind:
            yield Expectation(kind, at, policy=decision.policy)
    if step.call is not None:
        tool = step.call.tool
        yield Expectation("executed", at, tool=tool)
        yield Expectation("not_executed", at, tool=tool)
        yield Expectation("rejected", at, tool=tool)
        if step.args:
            yield Expectation("called_with", at, tool=tool, args=step.args)
    elif step.reply is not None:
        yield Expectation("reply_contains", at, text=str(step.reply.text).strip().split("\n")[0][:80])
        yield Expectation("rubric", at)
