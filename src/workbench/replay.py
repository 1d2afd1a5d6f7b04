"""Replay: what following a record on today's code says of a transcript."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from .expectation import KINDS, Run, holds, intended
from .follow import Difference, Rerun, rerun, run_sync, tell
from .journey import Agent
from .steps import Answer, Decision, Place, Prompt
from .trace import moves
from .transcript import Transcript


class Verdict(StrEnum):
    PASS = "PASS"
    FAIL = "FAIL"
    SUPERSEDED = "SUPERSEDED"
    DIVERGED = "DIVERGED"
    NEEDS_WORLD = "NEEDS_WORLD"
    NEEDS_LIVE = "NEEDS_LIVE"
    ERROR = "ERROR"


class Options(msgspec.Struct, frozen=True):
    """How to replay. Plain data: it goes along to whoever replays."""


class Outcome(msgspec.Struct):
    """What a replay says of a transcript.

    `moves` were run; `prompt_changed_from` is the first whose prompt is not the
    recorded one (0: none). `before` are the two moves before the first
    difference, or before the marked move where nothing differs; `marked` is
    the marked move as it is now. `changed` names policies and prompt spans that
    are not the recorded ones.
    """

    verdict: Verdict
    why: str = ""
    first: Difference | None = None
    moves: int = 0
    prompt_changed_from: int = 0
    before: list[str] = []
    marked: str = ""
    changed: list[str] = []


DEFAULT = Options()


def replay(transcript: Transcript, agent: Agent, options: Options = DEFAULT) -> Outcome:
    """The verdict on one transcript. Never raises for what a transcript or a journey may hold."""
    outcome: Outcome = run_sync(agent, weigh(transcript, agent, options))
    return outcome


async def weigh(transcript: Transcript, agent: Agent, options: Options = DEFAULT) -> Outcome:
    """replay(), for those who are on an event loop already."""
    proof = red_proof(transcript)
    if proof:
        return Outcome(Verdict.ERROR, proof)
    result = await rerun(agent, transcript.setup, transcript.steps)
    verdict, why = judge(transcript, result)
    outcome = Outcome(verdict, why, result.first, result.moves, result.prompt_changed_from)
    if verdict is not Verdict.PASS:
        outcome.before, outcome.marked = _around(result, transcript.place)
        outcome.changed = _changed(transcript, result)
    return outcome


def _around(result: Rerun, marked: Place | None) -> tuple[list[str], str]:
    """The two moves before the first difference or else before the marked move; and that move as it is now."""
    place = result.first.place if result.first else marked
    if place is None:
        return [], ""
    run = [m for t in moves(result.trace) for m in t.moves]
    done = [f"{m.place}  {tell(m)}" for m in run if m.place < place]
    return done[-2:], next((tell(m) for m in run if m.place == marked), "")


def _changed(transcript: Transcript, result: Rerun) -> list[str]:
    """Policies and prompt spans that are not the recorded ones, by name."""
    then = {s.policy: s.version for s in transcript.steps if isinstance(s, Decision)}
    now = {s.policy: s.version for s in result.trace if isinstance(s, Decision)}
    found = [f"policy {p}" + ("" if p in then else " (new)") for p, v in now.items() if then.get(p) != v]
    old = [s for s in transcript.steps if isinstance(s, Prompt)]
    new = [s for s in result.trace if isinstance(s, Prompt)]
    seen = {key for prompt in old for key in prompt.spans}
    for prompt in new:
        for key in prompt.spans:
            if key not in seen:
                seen.add(key)
                span = result.trace.exhibits[key]
                found.append(f"prompt: {span['title']}" + (f" ({span['source']})" if span.get("source") else ""))
    return found


def red_proof(transcript: Transcript) -> str:
    """Why a mistake's record does not show the mistake, or "". Recomputed at every replay."""
    if transcript.kind == "guard":
        return ""
    expectation = transcript.expectations[0]
    held = holds(expectation, Run(transcript.trace))
    if held:
        return f"this transcript never showed the mistake: in the record, {expectation.sentence} already"
    if held is None and expectation.decided == "offline":
        return f"this transcript does not show the mistake: its record cannot tell whether {expectation.sentence}"
    return ""


def judge(transcript: Transcript, result: Rerun) -> tuple[Verdict, str]:
    """The verdict from a rerun, by the tables of the replay design."""
    if result.broken:
        return Verdict.ERROR, result.broken
    first = result.first
    if not any(step.__class__ in (Answer, Decision) for step in transcript.steps):
        return Verdict.ERROR, "nothing in it can be compared: no answer of a model, no decision of a policy"
    if transcript.kind == "guard":
        broken = _broken_guard(transcript, result)
        if first is not None:
            return Verdict.FAIL, first.why
        return (Verdict.FAIL, broken) if broken else (Verdict.PASS, "")
    return _judge_mistake(transcript, result, first)


def _broken_guard(transcript: Transcript, result: Rerun) -> str:
    if not transcript.expectations:
        return ""
    run = Run(result.trace)
    for expectation in transcript.expectations:
        if KINDS[expectation.expect].decided == "offline" and holds(expectation, run) is False:
            return f"no longer so: {expectation.sentence}"
    return ""


def _judge_mistake(transcript: Transcript, result: Rerun, first: Difference | None) -> tuple[Verdict, str]:
    expectation = transcript.expectations[0]
    place = transcript.place
    assert place is not None
    if expectation.decided == "live":
        return Verdict.NEEDS_LIVE, f"only a model can say: {expectation.sentence}"
    if first is not None and first.place[:2] < place[:2]:
        return Verdict.DIVERGED, "the run left the record before the marked move; beyond it nothing is proven"
    if expectation.decided == "world":
        return Verdict.NEEDS_WORLD, f"only a run of the tool can say: {expectation.sentence}"
    run = Run(result.trace)
    held = holds(expectation, run)
    if held is None:
        if first is not None and first.place < place:
            return Verdict.DIVERGED, "the run left the record before the marked move; beyond it nothing is proven"
        return Verdict.ERROR, f"cannot be told from this run: {expectation.sentence}"
    move = run.moves[place]
    if held and intended(move):
        return Verdict.PASS, ""
    return Verdict.FAIL, f"still broken; it must hold that {expectation.sentence}"
