"""What came of running one turn several times: the runs, grouped by their deeds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ..trace.events import Answer, AnyStep
from ..trace.step_id import Place
from ..trace.steps import Move, moves

MAX_ARGUMENT = 40  # characters of one argument


class Outcome(NamedTuple):
    """The deeds of one turn, a line each, and which of the runs (counted from 0) came to them."""

    deeds: tuple[str, ...]
    runs: list[int]


def outcomes(runs: Iterable[Iterable[AnyStep]], since: Place) -> list[Outcome]:
    """Group runs by what was done in the turn of `since`, from there on, the most frequent first.

    Words do not count.
    """
    found: dict[tuple[str, ...], list[int]] = {}
    for number, steps in enumerate(runs):
        found.setdefault(deeds(steps, since), []).append(number)
    return sorted((Outcome(done, at) for done, at in found.items()), key=lambda o: -len(o.runs))


def deeds(steps: Iterable[AnyStep], since: Place) -> tuple[str, ...]:
    """What was done in the turn of `since`, from there on: calls and what became of them, replies."""
    turn = next((t for t in moves(s for s in steps if s.turn == since.turn)), None)
    if turn is None:
        return ("nothing",)
    said = [_deed(move) for move in turn.moves if move.place >= since and move.message is None]
    if turn.end is not None and turn.end.reason != "replied":
        said.append(f"ended: {turn.end.reason}")
    return tuple(one for one in said if one) or ("nothing",)


def _deed(move: Move) -> str:
    effect = "" if move.effect == "allowed" else f" {move.effect}"
    if move.call is not None:
        args = ", ".join(f"{k}={_short(v)}" for k, v in move.call.args.items())
        came = f" {move.result.outcome}" if move.result and move.result.outcome not in ("ok", move.effect) else ""
        return f"{move.call.tool}({args}){effect or came}"
    return f"reply{effect}" if move.answer is not None else ""


def _short(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= MAX_ARGUMENT else text[: MAX_ARGUMENT - 1] + "…"


def cost(steps: Iterable[AnyStep], since: Place) -> tuple[int, float | None]:
    """Tokens and dollars of the answers from `since` on; None where no price is known."""
    tokens, dollars = 0, None
    for step in steps:
        if isinstance(step, Answer) and step.meter is not None and step.place >= since:
            m = step.meter
            tokens += m.tokens_in + m.tokens_out + m.cache_read + m.cache_write
            if m.cost is not None:
                dollars = (dollars or 0.0) + m.cost
    return tokens, dollars
