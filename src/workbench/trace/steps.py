"""The moves of a conversation.

`moves()` groups steps into what a person reads as one thing: a tool call or a
reply, the reasoning before it, the decisions about it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from .events import (
    Answer,
    AnyStep,
    Call,
    Decision,
    Entered,
    Exchange,
    Fault,
    HandOff,
    Prompt,
    Reply,
    Result,
    TurnEnd,
    UserMessage,
)
from .step_id import Place


class Move(msgspec.Struct):
    """A tool call or a reply with all that belongs to it; at answer 0, the customer's message.

    `effect` is the policies' combined effect: "allowed", "blocked",
    "rewritten", "escalated"; or "rejected" or "absent" for a call that never
    reached a policy. A move without a call is a reply, even an empty one.
    `prompt` is the one its answer was given to, where the record has it.
    """

    place: Place
    call: Call | None = None
    message: UserMessage | None = None
    answer: Answer | None = None
    prompt: Prompt | None = None
    decisions: tuple[Decision, ...] = ()
    result: Result | None = None
    reply: Reply | None = None
    entered: Entered | None = None
    handoff: HandOff | None = None
    faults: tuple[Fault, ...] = ()
    exchanges: tuple[Exchange, ...] = ()

    @property
    def reasoning(self) -> str:
        """What led to it: the answer's thinking, and beside calls its words too, with the first call."""
        if self.answer is None or (self.call is not None and self.call.number > 1):
            return ""
        if self.call is None:
            return self.answer.thinking
        return "\n".join(part for part in (self.answer.thinking, self.answer.text) if part)

    @property
    def effect(self) -> str:
        if self.result is not None and self.result.outcome in ("rejected", "absent"):
            return self.result.outcome
        return self._effect(("message", "before", "reply")) if self.decisions else "allowed"

    @property
    def after_effect(self) -> str:
        """The combined effect of the policies after the tool."""
        return self._effect(("after",))

    def _effect(self, stands: tuple[str, ...]) -> str:
        effect = "allowed"
        for decision in self.decisions:
            verdict = decision.verdict
            if verdict != "allow" and decision.stand in stands:
                if verdict == "escalate":
                    return "escalated"
                if verdict == "block":
                    effect = "blocked"
                elif effect == "allowed":
                    effect = "rewritten"
        return effect

    def rewritten(self, stand: str) -> Any:
        """What the last rewrite at `stand` made of it, or None."""
        value = None
        for decision in self.decisions:
            if decision.verdict == "rewrite" and decision.stand == stand:
                value = decision.to
        return value

    @property
    def args(self) -> dict[str, Any]:
        """The arguments as the tool got them: the model's, or a policy's rewrite."""
        changed = self.rewritten("before")
        if isinstance(changed, dict):
            return changed
        return self.call.args if self.call else {}

    @property
    def executed(self) -> bool:
        """Whether the tool's body ran (or its recorded result stood in for it)."""
        return self.result is not None and self.result.outcome in ("ok", "error", "fault")


class TurnMoves(msgspec.Struct):
    """The moves of one turn, in order, the number of its last answer, and how it ended (None: it stops there)."""

    turn: int
    moves: list[Move] = []
    end: TurnEnd | None = None
    last: int = 0


class Moves:
    """Groups steps into moves as they come. `all` are the moves in order, `turns` the same by turn, `at` by place.

    `prompt` is the last one. Every step of every replay passes here twice: it is one loop for that.
    """

    def __init__(self, steps: Iterable[AnyStep] = ()) -> None:
        self.all: list[Move] = []
        self.turns: list[TurnMoves] = []
        self.at: dict[tuple[int, int, int], Move] = {}
        self.prompt: Prompt | None = None
        self._turn = TurnMoves(-1)
        self.extend(steps)

    def extend(self, steps: Iterable[AnyStep]) -> None:
        turn, at, begin = self._turn, self.at, self._begin
        for step in steps:
            if turn.turn != step.turn:
                turn = self._turn = TurnMoves(step.turn)
                self.turns.append(turn)
            kind = step.__class__
            if kind is Answer:
                self._answered(step)  # type: ignore[arg-type]
            elif kind is UserMessage:
                begin(Move(Place(step.turn), message=step))  # type: ignore[arg-type]
            elif kind is TurnEnd:
                turn.end = step  # type: ignore[assignment]
            elif kind is Prompt:
                self.prompt = step  # type: ignore[assignment]
            else:  # about a move that began before it, or has its own
                move = at.get((step.turn, step.answer, step.call)) or begin(Move(step.place))
                if kind in _ONE:
                    setattr(move, _ONE[kind], step)
                else:
                    many = _MANY[kind]
                    setattr(move, many, (*getattr(move, many), step))

    def _answered(self, step: Answer) -> None:
        turn, answer, prompt = step.turn, step.answer, self.prompt
        calls, self._turn.last = step.calls, answer
        if not calls:
            self._begin(Move(Place(turn, answer), answer=step, prompt=prompt))
        for call in calls:
            self._begin(Move(Place(turn, answer, call.number), call, answer=step, prompt=prompt))

    def _begin(self, move: Move) -> Move:
        self.at[move.place] = move
        self._turn.moves.append(move)
        self.all.append(move)
        return move


_ONE: dict[type[Any], str] = {Result: "result", Reply: "reply", Entered: "entered", HandOff: "handoff"}
_MANY: dict[type[Any], str] = {Decision: "decisions", Exchange: "exchanges", Fault: "faults"}


def moves(steps: Iterable[AnyStep]) -> list[TurnMoves]:
    """Group steps into turns of moves. Works on any prefix of a trace."""
    return Moves(steps).turns
