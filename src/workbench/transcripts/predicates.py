"""Predicates: whether an expectation holds in a run.

A predicate returns True, False, or None if it cannot be decided offline.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import msgspec

from ..plain import same
from ..trace.step_id import Place
from ..trace.steps import Move, Moves
from ..trace.trace import Trace
from .expectation import At, Expectation
from .matching import fits, says


class Run:
    """A run of a conversation to judge: its trace, its moves by place, the world it ended in where tools ran."""

    def __init__(
        self, trace: Trace, world: dict[str, Any] | None = None, moves: Mapping[At, Move] | None = None
    ) -> None:
        self.trace = trace
        self.world = world
        self._moves = moves

    @cached_property
    def moves(self) -> Mapping[At, Move]:
        return Moves(self.trace).at if self._moves is None else self._moves


def holds(expectation: Expectation, run: Run) -> bool | None:
    """Whether it holds in `run`; None where the run has no such move or it cannot be told.

    A predicate, `PREDICATES[kind](expectation, run, move)`, says yes, no, or None where it cannot be told offline.
    """
    move = run.moves.get(Place.parse(expectation.at))
    return None if move is None else PREDICATES[expectation.expect](expectation, run, move)


def intended(move: Move) -> bool:
    """Whether what happened at a move was decided by a policy that worked, not by a fault."""
    return not any(d.fault for d in move.decisions)


def _by_policy(verdict: str) -> Callable[[Expectation, Run, Move], bool]:
    def decided(e: Expectation, run: Run, move: Move) -> bool:
        return any(d.verdict == verdict and not d.fault and e.policy in ("", d.policy) for d in move.decisions)

    return decided


def _rewritten(e: Expectation, run: Run, move: Move) -> bool:
    """Whether the policy made something else of it: a rewrite to the same is none."""
    return any(
        d.verdict == "rewrite" and e.policy in ("", d.policy) and not same(d.to, _given(move, d.stand))
        for d in move.decisions
    )


def _given(move: Move, stand: str) -> Any:
    """What the policies at a stand were given first."""
    if stand == "before":
        return move.call.args if move.call else None
    if stand == "after":
        return move.result.value if move.result else None
    if stand == "reply":
        return move.answer.text if move.answer else None
    return move.message.text if move.message else None


def _not_executed(e: Expectation, run: Run, move: Move) -> bool:
    return move.effect in ("blocked", "escalated") and intended(move) and not move.executed


def _executed(e: Expectation, run: Run, move: Move) -> bool:
    # decided before a result is asked of the tape: that it may run is the point
    return move.call is not None and move.effect in ("allowed", "rewritten")


def _allowed(e: Expectation, run: Run, move: Move) -> bool:
    return move.effect == "allowed" and move.after_effect == "allowed"


def _rejected(e: Expectation, run: Run, move: Move) -> bool:
    return move.effect == "rejected"


def _redacted(e: Expectation, run: Run, move: Move) -> bool | None:
    """No where the text is to be seen; where it is not, it takes a policy to have taken it out."""
    if any(says(text, e.text) for text in _shown(move)):
        return False
    if move.result is not None and move.result.outcome == "missing":
        return None  # nobody has seen what the tool gives then
    if any(d.verdict == "rewrite" and not d.fault for d in move.decisions):
        return True
    return None if (move.effect, move.after_effect) == ("allowed", "allowed") else False


def _shown(move: Move) -> list[str]:
    """The texts that the model or the customer sees of a move: words as they are, never as JSON spells them."""
    after, message = move.rewritten("after"), move.rewritten("message")
    result = after if after is not None else (move.result.value if move.result else "")
    said = message if message is not None else (move.message.text if move.message else "")
    return [*_texts(result), str(move.reply.text) if move.reply else "", str(said)]


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for key, held in value.items() for text in (str(key), *_texts(held))]
    if isinstance(value, list):
        return [text for held in value for text in _texts(held)]
    return [value if isinstance(value, str) else msgspec.json.encode(value).decode()]


def _ordered(e: Expectation, run: Run, move: Move) -> bool:
    """Whether they were let through in this order; or this call was rightly held back: its turn had not come."""
    left = list(e.order)
    for m in run.moves.values():
        if left and m.call and m.place <= move.place and m.call.tool == left[0] and _executed(e, run, m):
            del left[0]
    if move.call is not None and _not_executed(e, run, move):
        return move.call.tool in left[1:] and move.call.tool != left[0]
    return not left


def _called_with(e: Expectation, run: Run, move: Move) -> bool:
    return _executed(e, run, move) and fits(e, move.args)


def _prompt_text(run: Run, move: Move) -> str | None:
    """The whole prompt at a move; None where the record does not hold all of it."""
    prompt = run.trace.prompt_at(move.place)
    if prompt is None:
        return None
    spans = [run.trace.exhibits.get(key) for key in prompt.spans]
    texts = [span["text"] for span in spans if isinstance(span, dict) and isinstance(span.get("text"), str)]
    return "\n".join(texts) if len(texts) == len(spans) else None


def _prompt_contains(e: Expectation, run: Run, move: Move) -> bool | None:
    text = _prompt_text(run, move)
    return None if text is None else says(text, e.text)


def _prompt_lacks(e: Expectation, run: Run, move: Move) -> bool | None:
    text = _prompt_text(run, move)
    return None if text is None else not says(text, e.text)


def _sent(move: Move) -> str | None:
    """The reply as sent; "" where an intended decision held it back; None where it cannot be told."""
    if move.reply is not None:
        return str(move.reply.text)
    return "" if move.effect in ("blocked", "escalated") and intended(move) else None


def _reply_contains(e: Expectation, run: Run, move: Move) -> bool | None:
    sent = _sent(move)
    return None if sent is None else says(sent, e.text)


def _reply_lacks(e: Expectation, run: Run, move: Move) -> bool | None:
    sent = _sent(move)
    return None if sent is None else not says(sent, e.text)


def _result_is(e: Expectation, run: Run, move: Move) -> bool | None:
    if move.result is None:
        return None
    if move.result.outcome not in ("ok", "error"):
        return False  # what a policy says of a call, or how a tool breaks, is nothing that it gives
    value = move.result.value
    return e.text in str(value) and (fits(e, value) if isinstance(value, dict) else not e.args)


def _final_world(e: Expectation, run: Run, move: Move) -> bool | None:
    if run.world is None:
        return None
    return fits(e, {path: _at(run.world, path.split(".")) for path in e.args})


def _at(value: Any, way: list[str]) -> Any:
    """What stands at a path such as Shop.orders.OL-1.status, or None; a key may hold dots itself."""
    if not way:
        return value
    for length in range(1, len(way) + 1):
        key = ".".join(way[:length])
        if isinstance(value, dict) and key in value:
            return _at(value[key], way[length:])
        if isinstance(value, list) and key.isdigit() and int(key) < len(value):
            return _at(value[int(key)], way[length:])
    return None


def _same_turn_calls(run: Run, move: Move) -> list[Move]:
    return [m for m in run.moves.values() if m.call and m.place.turn == move.place.turn and m.place >= move.place]


def _must_call(e: Expectation, run: Run, move: Move) -> bool:
    return any(m.call and m.call.tool == e.tool and fits(e, m.args) for m in _same_turn_calls(run, move))


def _must_not_call(e: Expectation, run: Run, move: Move) -> bool:
    return not _must_call(e, run, move)


def _says(e: Expectation, run: Run, move: Move) -> bool:
    return any(m.reply and says(str(m.reply.text), e.text) for m in run.moves.values() if m.place >= move.place)


def _says_not(e: Expectation, run: Run, move: Move) -> bool:
    return move.reply is None or not says(str(move.reply.text), e.text)


def _unknown(e: Expectation, run: Run, move: Move) -> None:
    return None


PREDICATES: dict[str, Callable[[Expectation, Run, Move], bool | None]] = {
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
    "prompt_lacks": _prompt_lacks,
    "reply_contains": _reply_contains,
    "reply_lacks": _reply_lacks,
    "result": _result_is,
    "final_world": _final_world,
    "must_call": _must_call,
    "must_not_call": _must_not_call,
    "says": _says,
    "says_not": _says_not,
    "asks_first": _unknown,
    "rubric": _unknown,
}
