"""Following a record: the same conversation on today's code, compared move by move.

Order selects, a projection verifies, a fingerprint warns. Hard: the combined
effect of the policies on each message, call, result and reply, the results the
tape holds, why the turn ended, an unused tail. Drift: the prompt, which policy
decided and in what words. Ignored: ids, times, usage, thinking. At the first
hard difference the run stops: what follows on the tape is counterfactual.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import msgspec

from ..authoring.agent import Agent
from ..engine.conversation import Conversation
from ..engine.turn import run_turn
from ..errors import JourneyError
from ..plain import same
from ..trace.describe import sides, tell
from ..trace.events import AnyStep, Fault, Prompt
from ..trace.setup import Setup
from ..trace.step_id import Place
from ..trace.steps import Move, Moves, TurnMoves
from ..trace.trace import Trace
from .reexecution import Recheck, Unlike
from .tape import STOPPED, Tape


class Difference(msgspec.Struct, frozen=True):
    """Where a run left the record: both sides in words, and why it counts."""

    place: Place
    recorded: str
    now: str
    why: str


class Drift(msgspec.Struct, frozen=True):
    """Something that changed without changing what was done. `move` counts from 1."""

    place: Place
    move: int
    what: str


class Rerun(msgspec.Struct):
    """A record run again: the new trace, up to and including the answer that differs.

    `then` and `now` are the moves of the record and of the run, in order, by place.
    `unlike`, `world`, `ran`: with tools that run, the first that gave something else,
    the world it all ended in, and the places where one ran.
    """

    trace: Trace
    differences: list[Difference] = []
    drift: list[Drift] = []
    moves: int = 0
    faults: list[Fault] = []
    then: Mapping[tuple[int, int, int], Move] = {}
    now: Mapping[tuple[int, int, int], Move] = {}
    unlike: Unlike | None = None
    world: dict[str, Any] | None = None
    ran: set[Place] = set()

    @property
    def first(self) -> Difference | None:
        return self.differences[0] if self.differences else None

    @property
    def broken(self) -> str:
        """The first fault of code that runs in every replay, in words; "" where there is none."""
        for fault in self.faults:
            if fault.origin in ("policy", "condition", "journey"):
                return f"{fault.where}: {fault.name}: {fault.message}"
        return ""

    @property
    def prompt_changed_from(self) -> int:
        """The first move whose prompt is not the recorded one; 0 where none is."""
        return next((d.move for d in self.drift if d.what == "prompt"), 0)


class _Follower:
    """Runs a record again in lock-step and notes where it leaves it."""

    def __init__(
        self, agent: Agent, setup: Setup, steps: list[AnyStep], recheck: Callable[[Tape], Recheck] | None
    ) -> None:
        self.tape = Tape(steps, self._checkpoint)
        self.recheck = recheck(self.tape) if recheck else None
        self._moves = Moves()
        self.conversation = Conversation(agent, setup)
        self.rerun = Rerun(self.conversation.trace, then=self.tape.moves, now=self._moves.at)
        self._grouped = 0  # steps
        self._drifted = False

    def _checkpoint(self) -> bool:
        """Compare what happened since the last checkpoint. True: still on the record."""
        for move in self._news():
            self._compare(move)
        if self.recheck is not None and self.recheck.found:
            self.rerun.unlike = self.recheck.found[0]
        return not self.rerun.differences and self.rerun.unlike is None

    def _news(self) -> list[Move]:
        """The moves made since this was asked last."""
        known, trace = len(self._moves.all), self.conversation.trace
        self._moves.extend(trace.since(self._grouped))
        self._grouped = len(trace)
        return self._moves.all[known:]

    def _compare(self, move: Move) -> None:
        rerun = self.rerun
        if move.message is None:
            rerun.moves += 1
        recorded = self.tape.move_at(move.place)
        if recorded is None:
            rerun.differences.append(
                Difference(move.place, "nothing", tell(move), "the record holds no such move")
            )
            return
        if not self._drifted and move.prompt is not None:
            self._prompt_drift(recorded.prompt, move)
        stops = self.tape.stops_at(move.place)
        if stops and undecided(recorded, move, recorded.prompt):
            return
        why = differs(recorded, move, stops)
        if why:
            rerun.differences.append(Difference(move.place, *sides(recorded, move), why))
        elif (recorded.decisions or move.decisions) and said(recorded) != said(move):
            rerun.drift.append(Drift(move.place, rerun.moves, "decisions"))
        elif (
            recorded.reply
            and move.reply
            and recorded.reply.text != move.reply.text
            and not move.rewritten("reply")
        ):
            rerun.drift.append(Drift(move.place, rerun.moves, "words sent"))  # of a policy, or of a hand-off

    def _prompt_drift(self, then: Prompt | None, move: Move) -> None:
        now = move.prompt
        assert now is not None
        if then is None or then.spans != now.spans or then.tools != now.tools:
            self._drifted = True
            self.rerun.drift.append(Drift(move.place, self.rerun.moves, "prompt"))

    async def run(self) -> Rerun:
        for turn in self.tape.turns:
            if not await self._turn(turn):
                break
        if self.recheck is not None:
            self.rerun.world = self.recheck.sandbox.world.whole()
            self.rerun.ran = self.recheck.ran
        self.rerun.faults = [fault for move in self._moves.all for fault in move.faults]
        self.tape.checkpoint = None  # no ring is left for the collector: it is dear
        return self.rerun

    async def _turn(self, turn: TurnMoves) -> bool:
        message = turn.moves[0].message if turn.moves else None
        if message is None:  # words of the agent before the customer's first: pinned as they are
            for move in turn.moves:
                first = move.call is None or move.call.number == 1  # an answer stands in the move of each call
                for step in (move.answer if first else None, move.result, move.reply):
                    if step is not None:
                        self.conversation.emit(step)
            self._news()
            return True
        end = await run_turn(self.conversation, str(message.text), self.tape, self.recheck or self.tape)
        if not self._checkpoint():
            return False
        return self._ended(turn, end.reason, end.detail)

    def _ended(self, turn: TurnMoves, reason: str, detail: str) -> bool:
        """Compare how the turn ended, and whether the tape was used up."""
        last = self._moves.turns[-1].last
        place = Place(turn.turn, last)
        if turn.last > last:
            left = next(m for m in turn.moves if m.place.answer > last and m.answer is not None)
            self.rerun.differences.append(
                Difference(left.place, tell(left), f"the turn ended: {reason}", "a part of the tape was not used")
            )
        elif turn.end is not None and turn.end.reason != reason and turn.end.reason not in STOPPED:
            why = "the turn ended for another reason"
            now = f"the turn ended: {reason}" + (f" ({detail})" if detail else "")
            self.rerun.differences.append(Difference(place, f"the turn ended: {turn.end.reason}", now, why))
        return not self.rerun.differences


async def rerun(
    agent: Agent, setup: Setup, steps: list[AnyStep], recheck: Callable[[Tape], Recheck] | None = None
) -> Rerun:
    """Run a record again on `agent`: tape pinned, journey code run, stopped at the first hard difference.

    `recheck` makes the runner of tools that run too; without it none does.
    """
    return await _Follower(agent, setup, steps, recheck).run()


def differs(recorded: Move, now: Move, cut_off: bool = False) -> str:
    """Why two moves at one place are a hard difference, or "".

    `cut_off`: the record stops in the middle of this turn, so a call may have no result on it.
    """
    if now.effect != recorded.effect:
        if now.effect == "absent":
            return "this agent has no such tool here"
        return "the policies' combined effect changed" if now.effect != "rejected" else "the schema changed"
    if now.decisions or recorded.decisions:
        for stand in ("message", "before", "reply", "after"):
            if not same(now.rewritten(stand), recorded.rewritten(stand)):
                return "it is rewritten otherwise"
        if now.after_effect != recorded.after_effect:
            return "the policies' combined effect on the result changed"
    if now.result is not None and now.result.outcome == "missing" and not (cut_off and recorded.result is None):
        return str(now.result.value)
    then, here = sent(recorded), sent(now)
    if then != here and then is not None and here is not None:
        return "the reply is sent otherwise"
    before, after = recorded.result, now.result
    if before is not None and after is not None and before.outcome != after.outcome:
        return "the result changed"
    return ""


def sent(move: Move) -> str | None:
    """What the customer was sent of an answer; None where nothing was, or where the words are a policy's."""
    return None if move.reply is None or move.answer is None or move.handoff else str(move.reply.text)


def undecided(recorded: Move, now: Move, then: Prompt | None) -> bool:
    """Whether a move was stopped before policies that stood there had said what they say now.

    `then` is the prompt it was made under: it names the policies of that time. What is
    on record of it counts: where those who had spoken say something else, it is decided.
    """
    if recorded.result is not None or recorded.reply is not None:
        return False
    asked = {decision.policy for decision in recorded.decisions}
    again = Move(now.place, decisions=tuple(d for d in now.decisions if d.policy in asked))
    if asked and differs(recorded, again, cut_off=True):
        return False
    held = {decision.policy for decision in now.decisions if decision.verdict != "allow"} - asked
    return bool(held if then is None else held.intersection(then.policies))


def said(move: Move) -> list[tuple[str, str, str, str]]:
    """What the policies said of a move, as drift is told by: policy, verdict, reason, version."""
    return [(d.policy, d.verdict, d.reason, d.version) for d in move.decisions]


def drive(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine to its end: by hand while nothing in it waits, else on an event loop.

    The event loop costs 30 ms to import, more than most replays take.
    """
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    coroutine.close()
    raise JourneyError(
        "a policy waits, but is not declared with `async def`", next="write it as `async def`, wrappers included"
    )


def has_async(agent: Agent) -> bool:
    """Whether any policy of the agent is a coroutine function (no condition is)."""
    if "async" not in agent.kept:
        agent.kept["async"] = any(_is_async(p.fn) for p in agent.all_policies())
    return bool(agent.kept["async"])


def _is_async(fn: Callable[..., Any]) -> bool:
    return bool(getattr(getattr(fn, "__code__", None), "co_flags", 0) & 0x80)


def run_sync(agent: Agent, coroutine: Coroutine[Any, Any, Any], *, tools: bool = False) -> Any:
    """Run to the end, on an event loop only where the agent needs one; with `tools`, its tools run too."""
    if not has_async(agent) and not (tools and any(_is_async(t.fn) for t in agent.all_tools())):
        return drive(coroutine)
    import asyncio

    return asyncio.run(coroutine)
