"""A move in a line, and two moves so that the line shows what is not the same in them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import Any

from ..text import truncate
from .steps import Step

MAX_SHOWN = 160  # characters of a value in a report
MAX_ARGUMENT = 60  # and of one argument of a call
LEAD = 40  # characters kept before the first that differs


def describe_step(step: Step) -> str:
    """A move in one line: what was tried, and what became of it."""
    if step.call is not None:
        args = ", ".join(f"{k}={short(v, MAX_ARGUMENT)}" for k, v in step.call.args.items())
        what = f"{step.call.tool}({args})"
    elif step.message is not None:
        what = "the customer's message"
    else:
        what = "reply " + short(step.answer.text if step.answer else "")
    effect = step.result_effect if step.effect == "allowed" and step.result_effect != "allowed" else step.effect
    if effect in ("allowed", "absent", "rejected"):
        if step.call is not None and step.result is None:
            return f"{what}: stopped before it came to anything"
        if step.result is not None and step.result.outcome == "missing":
            return f"{what}: allowed; {short(step.result.value)}"
        if step.result is not None and step.result.outcome in ("rejected", "absent"):
            return f"{what}: {step.result.outcome}: {short(step.result.value)}"
        return f"{what}: {'executed' if step.executed else 'allowed'}"
    deciding = [d for d in step.decisions if d.effect != "allow"]
    by = f" by {deciding[0].policy}: {deciding[0].reason}" if deciding else ""
    return f"{what}: {effect}{by}"


def describe_pair(recorded: Step, now: Step) -> tuple[str, str]:
    """Both moves in a line each, and what differs though the lines do not show it."""
    lines = describe_step(recorded), describe_step(now)
    alike = recorded.effect == now.effect and recorded.result_effect == now.result_effect
    hidden = _details(recorded, now) if lines[0] == lines[1] else _rewrites(recorded, now) if alike else ()
    for what, one, other in hidden:
        if one != other:
            a, b = differing_excerpts(one, other)
            return f"{lines[0]}; {what} {a}", f"{lines[1]}; {what} {b}"
    return lines


def _rewrites(one: Step, other: Step) -> Iterator[tuple[str, Any, Any]]:
    for hook in ("on_message", "before_tool", "after_tool", "before_reply"):
        yield "rewritten to", one.rewritten_value(hook), other.rewritten_value(hook)


def _details(one: Step, other: Step) -> Iterator[tuple[str, Any, Any]]:
    """What lines do not show, or only the beginning of."""
    if one.call is not None and other.call is not None:
        for name in {**one.call.args, **other.call.args}:
            yield f"{name}:", one.call.args.get(name), other.call.args.get(name)
    yield from _rewrites(one, other)
    yield "words:", one.message and one.message.text, other.message and other.message.text
    yield "words:", one.answer and one.answer.text, other.answer and other.answer.text
    yield "sent:", one.reply and one.reply.text, other.reply and other.reply.text
    yield "result:", one.result and one.result.outcome, other.result and other.result.outcome
    yield "result:", one.result and one.result.value, other.result and other.result.value


def one_line(value: Any) -> str:
    """A value in one line."""
    return " ".join((value if isinstance(value, str) else repr(value)).split())


def short(value: Any, limit: int = MAX_SHOWN) -> str:
    """Shorten a value to one line."""
    return truncate(one_line(value), limit)


def differing_excerpts(one: Any, other: Any, limit: int = MAX_SHOWN) -> tuple[str, str]:
    """Both in one line each, cut so that the first place where they differ is in it."""
    a, b = one_line(one), one_line(other)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False)))
    start = max(0, same - LEAD) if max(len(a), len(b)) > limit else 0
    lead = "…" if start else ""
    return lead + short(a[start:], limit - len(lead)), lead + short(b[start:], limit - len(lead))
