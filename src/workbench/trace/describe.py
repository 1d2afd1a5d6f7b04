"""Describe a step in one line, and two steps so that their difference is visible."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import Any

from ..text import truncate
from .steps import Step

MAX_SHOWN = 160  # characters of a value in a report
MAX_ARGUMENT = 60  # characters of one argument of a call
OUTCOMES = {"rejected": "rejected", "absent": "absent", "error": "error", "fault": "failed"}
LEAD = 40  # characters shown before the first difference


def describe_step(step: Step) -> str:
    """Describe a step in one line: the action and its effect."""
    if step.call is not None:
        args = ", ".join(f"{k}={short(v, MAX_ARGUMENT)}" for k, v in step.call.args.items())
        what = f"{step.call.tool}({args or short(step.call.raw, MAX_ARGUMENT)})"
    elif step.message is not None:
        what = "the customer's message"
    else:
        what = "reply " + short(step.answer.text if step.answer else "")
    effect = step.result_effect if step.effect == "allowed" and step.result_effect != "allowed" else step.effect
    if effect in ("allowed", "absent", "rejected"):
        if step.call is not None and step.result is None:
            return f"{what}: interrupted before it had a result"
        if step.result is not None and step.result.outcome == "missing":
            return f"{what}: allowed; {short(step.result.value)}"
        if step.result is not None and step.result.outcome in OUTCOMES:
            return f"{what}: {OUTCOMES[step.result.outcome]}: {short(step.result.value)}"
        return f"{what}: {'executed' if step.executed else 'allowed'}"
    deciding = [d for d in step.decisions if d.effect != "allow"]
    by = f" by {deciding[0].policy}: {deciding[0].reason}" if deciding else ""
    return f"{what}: {effect}{by}"


def describe_pair(recorded: Step, now: Step) -> tuple[str, str]:
    """Describe both steps in one line each, and add the difference if the lines would be equal."""
    lines = describe_step(recorded), describe_step(now)
    same_effects = recorded.effect == now.effect and recorded.result_effect == now.result_effect
    hidden = _details(recorded, now) if lines[0] == lines[1] else _rewrites(recorded, now) if same_effects else ()
    for what, one, other in hidden:
        if one != other:
            a, b = differing_excerpts(one, other)
            return f"{lines[0]}; {what} {a}", f"{lines[1]}; {what} {b}"
    return lines


def _rewrites(one: Step, other: Step) -> Iterator[tuple[str, Any, Any]]:
    for hook in ("on_message", "before_tool", "after_tool", "before_reply"):
        yield "rewritten to", one.rewritten_value(hook), other.rewritten_value(hook)


def _details(one: Step, other: Step) -> Iterator[tuple[str, Any, Any]]:
    """Yield the details that a one-line description omits or shortens."""
    if one.call is not None and other.call is not None:
        for name in {**one.call.args, **other.call.args}:
            yield f"{name}:", one.call.args.get(name), other.call.args.get(name)
    yield from _rewrites(one, other)
    yield "text:", one.message and one.message.text, other.message and other.message.text
    yield "text:", one.answer and one.answer.text, other.answer and other.answer.text
    yield "sent:", one.reply and one.reply.text, other.reply and other.reply.text
    yield "result:", one.result and one.result.outcome, other.result and other.result.outcome
    yield "result:", one.result and one.result.value, other.result and other.result.value


def one_line(value: Any) -> str:
    """Return a value as one line."""
    return " ".join((value if isinstance(value, str) else repr(value)).split())


def short(value: Any, limit: int = MAX_SHOWN) -> str:
    """Shorten a value to one line."""
    return truncate(one_line(value), limit)


def differing_excerpts(one: Any, other: Any, limit: int = MAX_SHOWN) -> tuple[str, str]:
    """Return both values as one line each, shortened so that the first difference is visible."""
    a, b = one_line(one), one_line(other)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False)))
    start = max(0, same - LEAD) if max(len(a), len(b)) > limit else 0
    lead = "…" if start else ""
    return lead + short(a[start:], limit - len(lead)), lead + short(b[start:], limit - len(lead))
