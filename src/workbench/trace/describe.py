"""A move in a line, and two moves so that the line shows what is not the same in them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import Any

from .steps import Move

MAX_SHOWN = 160  # characters of a value in a report
MAX_ARGUMENT = 60  # and of one argument of a call
LEAD = 40  # characters kept before the first that differs


def tell(move: Move) -> str:
    """A move in one line: what was tried, and what became of it."""
    if move.call is not None:
        args = ", ".join(f"{k}={short(v, MAX_ARGUMENT)}" for k, v in move.call.args.items())
        what = f"{move.call.tool}({args})"
    elif move.message is not None:
        what = "the customer's message"
    else:
        what = "reply " + short(move.answer.text if move.answer else "")
    effect = move.after_effect if move.effect == "allowed" and move.after_effect != "allowed" else move.effect
    if effect in ("allowed", "absent", "rejected"):
        if move.call is not None and move.result is None:
            return f"{what}: stopped before it came to anything"
        if move.result is not None and move.result.outcome == "missing":
            return f"{what}: allowed; {short(move.result.value)}"
        if move.result is not None and move.result.outcome in ("rejected", "absent"):
            return f"{what}: {move.result.outcome}: {short(move.result.value)}"
        return f"{what}: {'executed' if move.executed else 'allowed'}"
    deciding = [d for d in move.decisions if d.verdict != "allow"]
    by = f" by {deciding[0].policy}: {deciding[0].reason}" if deciding else ""
    return f"{what}: {effect}{by}"


def sides(recorded: Move, now: Move) -> tuple[str, str]:
    """Both moves in a line each, and what differs though the lines do not show it."""
    lines = tell(recorded), tell(now)
    alike = recorded.effect == now.effect and recorded.after_effect == now.after_effect
    hidden = _details(recorded, now) if lines[0] == lines[1] else _rewrites(recorded, now) if alike else ()
    for what, one, other in hidden:
        if one != other:
            a, b = apart(one, other)
            return f"{lines[0]}; {what} {a}", f"{lines[1]}; {what} {b}"
    return lines


def _rewrites(one: Move, other: Move) -> Iterator[tuple[str, Any, Any]]:
    for stand in ("message", "before", "after", "reply"):
        yield "rewritten to", one.rewritten(stand), other.rewritten(stand)


def _details(one: Move, other: Move) -> Iterator[tuple[str, Any, Any]]:
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


def flat(value: Any) -> str:
    """A value in one line."""
    return " ".join((value if isinstance(value, str) else repr(value)).split())


def short(value: Any, limit: int = MAX_SHOWN) -> str:
    """Its beginning, in one line."""
    text = flat(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def apart(one: Any, other: Any, limit: int = MAX_SHOWN) -> tuple[str, str]:
    """Both in one line each, cut so that the first place where they differ is in it."""
    a, b = flat(one), flat(other)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False)))
    start = max(0, same - LEAD) if max(len(a), len(b)) > limit else 0
    lead = "…" if start else ""
    return lead + short(a[start:], limit - len(lead)), lead + short(b[start:], limit - len(lead))
