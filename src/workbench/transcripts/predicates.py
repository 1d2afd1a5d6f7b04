"""Predicates decide whether an expectation holds in a run.

A predicate returns True, False, or None if it cannot be decided offline.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import msgspec

from ..plain import plain_equal
from ..trace.step_id import StepId
from ..trace.steps import Step, StepGrouper
from ..trace.trace import Trace
from .expectation import At, Expectation
from .matching import arguments_match, contains_text
from .visible import shows, values_as_read, visible_values


class JudgedRun:
    """A run to judge: its trace, its steps by id, and the final world if tools ran."""

    def __init__(
        self, trace: Trace, world: dict[str, Any] | None = None, steps: Mapping[At, Step] | None = None
    ) -> None:
        self.trace = trace
        self.world = world
        self._steps = steps

    @cached_property
    def steps(self) -> Mapping[At, Step]:
        return StepGrouper(self.trace).by_id if self._steps is None else self._steps


def holds(expectation: Expectation, run: JudgedRun) -> bool | None:
    """Return whether the expectation holds in `run`; None if the step is missing or this cannot be decided.

    A predicate, `PREDICATES[kind](expectation, run, step)`, returns True, False, or None
    if it cannot be decided offline.
    """
    step = run.steps.get(StepId.parse(expectation.step))
    return None if step is None else PREDICATES[expectation.kind](expectation, run, step)


def without_fault(step: Step) -> bool:
    """Return whether the effect on a step was decided by a working policy, not by a fault."""
    return not any(d.fault for d in step.decisions)


def _by_policy(verdict: str) -> Callable[[Expectation, JudgedRun, Step], bool]:
    def decided(e: Expectation, run: JudgedRun, step: Step) -> bool:
        return any(d.effect == verdict and not d.fault and e.policy in ("", d.policy) for d in step.decisions)

    return decided


def _rewritten(e: Expectation, run: JudgedRun, step: Step) -> bool:
    """Return whether the policy changed the value: a rewrite that nobody can see does not count."""
    return any(
        d.effect == "rewrite"
        and e.policy in ("", d.policy)
        and not _seems_equal(d.replacement, _given(step, d.hook), d.hook)
        for d in step.decisions
    )


def _seems_equal(one: Any, other: Any, hook: str) -> bool:
    """Return whether two values seem equal: texts for a person or the model to a reader, arguments to a tool."""
    seen = visible_values if hook == "before_tool" else values_as_read
    return plain_equal(one, other) or plain_equal(seen(one), seen(other))


def _given(step: Step, hook: str) -> Any:
    """Return the value before the policies of a hook."""
    if hook == "before_tool":
        return step.call.args if step.call else None
    if hook == "after_tool":
        return step.result.value if step.result else None
    if hook == "before_reply":
        return step.answer.text if step.answer else None
    return step.message.text if step.message else None


def _not_executed(e: Expectation, run: JudgedRun, step: Step) -> bool:
    return step.effect in ("blocked", "escalated") and without_fault(step) and not step.executed


def _executed(e: Expectation, run: JudgedRun, step: Step) -> bool:
    # decided before the recording is asked for a result: only the permission counts
    return step.call is not None and step.effect in ("allowed", "rewritten")


def _allowed(e: Expectation, run: JudgedRun, step: Step) -> bool:
    return step.effect == "allowed" and step.result_effect == "allowed"


def _rejected(e: Expectation, run: JudgedRun, step: Step) -> bool:
    return step.effect == "rejected"


def _redacted(e: Expectation, run: JudgedRun, step: Step) -> bool | None:
    """Return False if the text is visible; if it is not, a policy must have removed it."""
    if any(shows(text, e.text) for text in _shown(step)):
        return False
    if step.result is not None and step.result.outcome == "missing":
        return None  # the tool's result is unknown
    if any(d.effect == "rewrite" and not d.fault for d in step.decisions):
        return True
    return None if (step.effect, step.result_effect) == ("allowed", "allowed") else False


def _shown(step: Step) -> list[str]:
    """Return all text of a step visible to the model or the customer, unescaped."""
    after, message = step.rewritten_value("after_tool"), step.rewritten_value("on_message")
    result = after if after is not None else (step.result.value if step.result else "")
    said = message if message is not None else (step.message.text if step.message else "")
    return [*_texts(result), str(step.reply.text) if step.reply else "", str(said)]


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for key, held in value.items() for text in (str(key), *_texts(held))]
    if isinstance(value, list):
        return [text for held in value for text in _texts(held)]
    return [value if isinstance(value, str) else msgspec.json.encode(value).decode()]


def _ordered(e: Expectation, run: JudgedRun, step: Step) -> bool:
    """Return whether the tools were allowed in this order, or this call was blocked because it came too early."""
    left = list(e.order)
    for m in run.steps.values():
        if left and m.call and m.step_id <= step.step_id and m.call.tool == left[0] and _executed(e, run, m):
            del left[0]
    if step.call is not None and _not_executed(e, run, step):
        return step.call.tool in left[1:] and step.call.tool != left[0]
    return not left


def _called_with(e: Expectation, run: JudgedRun, step: Step) -> bool:
    return _executed(e, run, step) and arguments_match(e, step.args)


def _prompt_text(run: JudgedRun, step: Step) -> str | None:
    """Return the whole prompt of a step; None if a part of it was not recorded."""
    prompt = run.trace.prompt_at(step.step_id)
    if prompt is None:
        return None
    spans = [run.trace.blobs.get(key) for key in prompt.sections]
    texts = [
        section["text"] for section in spans if isinstance(section, dict) and isinstance(section.get("text"), str)
    ]
    return "\n".join(texts) if len(texts) == len(spans) else None


def _prompt_contains(e: Expectation, run: JudgedRun, step: Step) -> bool | None:
    text = _prompt_text(run, step)
    return None if text is None else contains_text(text, e.text)


def _prompt_excludes(e: Expectation, run: JudgedRun, step: Step) -> bool | None:
    text = _prompt_text(run, step)
    return None if text is None else not shows(text, e.text)


def _sent(step: Step) -> str | None:
    """Return the reply as sent; "" if an intended decision stopped it; None if it cannot be decided."""
    if step.reply is not None:
        return str(step.reply.text)
    return "" if step.effect in ("blocked", "escalated") and without_fault(step) else None


def _reply_contains(e: Expectation, run: JudgedRun, step: Step) -> bool | None:
    sent = _sent(step)
    return None if sent is None else contains_text(sent, e.text)


def _reply_excludes(e: Expectation, run: JudgedRun, step: Step) -> bool | None:
    sent = _sent(step)
    return None if sent is None else not shows(sent, e.text)


def _result_is(e: Expectation, run: JudgedRun, step: Step) -> bool | None:
    if step.result is None:
        return None
    if step.result.outcome not in ("ok", "error"):
        return False  # the text of a policy or a fault is not a result
    value = step.result.value
    return e.text in str(value) and (arguments_match(e, value) if isinstance(value, dict) else not e.args)


def _final_world(e: Expectation, run: JudgedRun, step: Step) -> bool | None:
    if run.world is None:
        return None
    return arguments_match(e, {path: _value_at(run.world, path.split(".")) for path in e.args})


def _value_at(value: Any, way: list[str]) -> Any:
    """Return the value at a path such as Shop.orders.OL-1.status, or None; keys may contain dots."""
    if not way:
        return value
    for length in range(1, len(way) + 1):
        key = ".".join(way[:length])
        if isinstance(value, dict) and key in value:
            return _value_at(value[key], way[length:])
        if isinstance(value, list) and key.isdigit() and int(key) < len(value):
            return _value_at(value[int(key)], way[length:])
    return None


def _same_turn_calls(run: JudgedRun, step: Step) -> list[Step]:
    return [
        m
        for m in run.steps.values()
        if m.call and m.step_id.turn == step.step_id.turn and m.step_id >= step.step_id
    ]


def _must_call(e: Expectation, run: JudgedRun, step: Step) -> bool:
    return any(
        m.call and m.call.tool == e.tool and arguments_match(e, m.args) for m in _same_turn_calls(run, step)
    )


def _must_not_call(e: Expectation, run: JudgedRun, step: Step) -> bool:
    return not _must_call(e, run, step)


def _model_says(e: Expectation, run: JudgedRun, step: Step) -> bool:
    return any(
        m.reply and contains_text(str(m.reply.text), e.text)
        for m in run.steps.values()
        if m.step_id >= step.step_id
    )


def _model_never_says(e: Expectation, run: JudgedRun, step: Step) -> bool:
    return step.reply is None or not shows(str(step.reply.text), e.text)


def _unknown(e: Expectation, run: JudgedRun, step: Step) -> None:
    return None


PREDICATES: dict[str, Callable[[Expectation, JudgedRun, Step], bool | None]] = {
    "blocked": _by_policy("block"),
    "rewritten": _rewritten,
    "escalated": _by_policy("escalate"),
    "not_executed": _not_executed,
    "allowed": _allowed,
    "executed": _executed,
    "rejected": _rejected,
    "redacted": _redacted,
    "order": _ordered,
    "called_with": _called_with,
    "prompt_contains": _prompt_contains,
    "prompt_excludes": _prompt_excludes,
    "reply_contains": _reply_contains,
    "reply_excludes": _reply_excludes,
    "result": _result_is,
    "final_world": _final_world,
    "must_call": _must_call,
    "must_not_call": _must_not_call,
    "model_says": _model_says,
    "model_never_says": _model_never_says,
    "asks_before": _unknown,
    "rubric": _unknown,
}
