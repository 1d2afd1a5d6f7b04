"""Suggest expectations for an annotated step."""

from __future__ import annotations

from ..trace.steps import Move
from .expectation import Expectation


def suggest(move: Move, policies: list[str] | None = None) -> list[Expectation]:
    """What a mark at `move` could expect, likeliest first; `policies` are those that may stand at it."""
    at = str(move.place)
    if move.call is not None:
        tool = move.call.tool
        if move.executed:
            named = [Expectation("blocked", at, policy=p) for p in policies or []]
            return [
                Expectation("not_executed", at, tool=tool),
                *named,
                Expectation("escalated", at),
                Expectation("must_not_call", at, tool=tool),
                *([Expectation("must_not_call", at, tool=tool, args=move.args)] if move.args else []),
                Expectation("result", at, tool=tool),
            ]
        if move.effect in ("blocked", "escalated", "rejected", "absent"):
            return [Expectation("executed", at, tool=tool), Expectation("allowed", at)]
    if move.message is not None and move.call is None:
        return [
            Expectation("rewritten", at),
            Expectation("blocked", at),
            Expectation("escalated", at),
        ]
    words = str(move.reply.text) if move.reply else (move.answer.text if move.answer else "")
    if move.reply is not None:
        first = words.strip().split("\n")[0][:80]
        return [
            Expectation("blocked", at),
            Expectation("rewritten", at),
            Expectation("reply_lacks", at, text=first),
            Expectation("says_not", at, text=first),
            Expectation("rubric", at, text="(say what a good reply does)"),
        ]
    return [Expectation("allowed", at)]
