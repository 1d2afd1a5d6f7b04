"""Replay: what following a record on today's code says of a transcript."""

from __future__ import annotations

from collections.abc import Iterator

from ..authoring.agent import Agent
from ..authoring.builtin import BUILT_IN
from ..engine.sandbox import Sandbox
from ..trace.describe import tell
from ..trace.events import Answer, Decision, Prompt
from ..trace.step_id import Place
from ..transcripts.expectation import Expectation
from ..transcripts.predicates import Run, holds, intended
from ..transcripts.transcript import Transcript, expects, names_prompt, prompt_seal
from .blame import blame
from .drift import of_prompts, told
from .reexecution import Recheck
from .rerun import Difference, Rerun, rerun, run_sync
from .verdict import DEFAULT, NEEDS, MakeWorld, Options, Outcome, Verdict, footprint, parting


def replay(
    transcript: Transcript, agent: Agent, options: Options = DEFAULT, make_world: MakeWorld | None = None
) -> Outcome:
    """The verdict on one transcript. Never raises for what a transcript or a journey may hold.

    `make_world` gives the sandbox that a setup starts from; it is needed where tools run.
    """
    work = weigh(transcript, agent, options, make_world)
    outcome: Outcome = run_sync(agent, work, tools=options.tools == "sandbox")
    return outcome


async def weigh(
    transcript: Transcript, agent: Agent, options: Options = DEFAULT, make_world: MakeWorld | None = None
) -> Outcome:
    """replay(), for those who are on an event loop already. Raises JourneyError where there is no such world."""
    if options.tools == "sandbox" and make_world is None:
        raise ValueError("tools cannot run without a world")
    make = make_world if options.tools == "sandbox" else None
    proof = red_proof(transcript, make) or unknown_tools(transcript, agent)
    if proof:
        return Outcome(Verdict.ERROR, proof)
    result = await _run(transcript, agent, make)
    verdict, why = judge(transcript, result, agent)
    drift = tuple(f"{d.place} {d.what}" for d in result.drift)
    unnamed = [d for d in result.drift if not names_prompt(transcript) or d.what != "prompt"]
    drifted = verdict is Verdict.PASS and options.strict_drift and bool(unnamed)
    if drifted:
        verdict, why = (
            Verdict.STALE,
            f"nothing was done otherwise, but it drifted: {told(unnamed, result, transcript.exhibits)}",
        )
    seen: tuple[str, ...] = ()
    if (options.twice or options.footprint) and verdict is not Verdict.ERROR:
        seen = footprint(result)
    if options.twice and seen:
        other = parting(seen, footprint(await _run(transcript, agent, make)))
        if other:
            verdict, why = Verdict.FLAKY, f"two replays of it differ: {other}"
    outcome = Outcome(verdict, why, _first(result), result.moves, result.prompt_changed_from, drift=drift)
    outcome.drifted = drifted and verdict is Verdict.STALE
    outcome.footprint = seen
    if result.world is not None:
        executed = sum(1 for move in result.now.values() if move.executed)
        outcome.ran, outcome.taped = len(result.ran), executed - len(result.ran)
    if verdict is not Verdict.PASS:
        outcome.before, outcome.marked = _around(result, transcript.place)
        outcome.untaped = _untaped(result)
        outcome.changed = tuple(_changed(transcript, result, agent))
        outcome.where = "" if outcome.drifted else blame(transcript, agent, result)
    if verdict is Verdict.NEEDS_LIVE:
        outcome.live = {"prompt": prompt_seal(transcript.setup, result.trace), "expects": expects(transcript)}
    return outcome


async def _run(transcript: Transcript, agent: Agent, make: MakeWorld | None) -> Rerun:
    if make is None:
        return await rerun(agent, transcript.setup, transcript.steps)
    sandbox = Sandbox(make(transcript.setup))
    decided = transcript.kind == "mistake" and transcript.expectations[0].decided == "world"
    judged = transcript.place if decided else None
    bare = not any(step.__class__ is Prompt for step in transcript.steps)  # imported: no changes are on record
    return await rerun(
        agent, transcript.setup, transcript.steps, lambda tape: Recheck(tape, sandbox, judged, bare)
    )


def _first(result: Rerun) -> Difference | None:
    unlike = result.unlike
    if result.first is None and unlike is not None:
        return Difference(unlike.place, unlike.recorded, unlike.now, unlike.why)
    return result.first


def _untaped(result: Rerun) -> bool:
    move = result.now.get(result.first.place) if result.first else None
    return move is not None and move.result is not None and move.result.outcome == "missing"


def _around(result: Rerun, marked: Place | None) -> tuple[tuple[str, ...], str]:
    """The two moves before the first difference or else before the marked move; and that move as it is now."""
    first = _first(result)
    place = first.place if first else marked
    if place is None:
        return (), ""
    done = [m for m in result.now.values() if m.place < place]
    now = result.now.get(marked) if marked else None
    return tuple(f"{m.place}  {tell(m)}" for m in done[-2:]), tell(now) if now else ""


def _changed(transcript: Transcript, result: Rerun, agent: Agent) -> list[str]:
    """Policies and prompt spans that are not the recorded ones, by name."""
    then = {s.policy: s.version for s in transcript.steps if isinstance(s, Decision)}
    now = {s.policy: s.version for s in result.trace if isinstance(s, Decision)}
    found = [f"policy {p}" + ("" if p in then else " (new)") for p, v in now.items() if then.get(p) != v]
    here = {policy.full_name for policy in agent.all_policies()}
    expected = (e.policy for e in transcript.expectations if e.policy)
    found += [f"policy {p} (gone)" for p in dict.fromkeys((*then, *expected)) if p not in here]
    prompts = {(id(then), id(now)): (then, now) for then, now in _prompts(result)}
    for then_, now_ in prompts.values():
        found += of_prompts(then_, now_, transcript.exhibits, result.trace.exhibits)
    return list(dict.fromkeys(found))


def _prompts(result: Rerun) -> Iterator[tuple[Prompt | None, Prompt | None]]:
    """The prompts of every move that both runs have."""
    for place, move in result.now.items():
        recorded = result.then.get(place)
        if recorded is not None and recorded.prompt is not move.prompt:
            yield recorded.prompt, move.prompt


def red_proof(transcript: Transcript, make_world: MakeWorld | None = None) -> str:
    """Why a mistake's record does not show the mistake, or "". Recomputed at every replay."""
    if transcript.kind == "guard":
        return ""
    expectation = transcript.expectations[0]
    ended = None
    if make_world is not None and expectation.expect == "final_world":
        ended = make_world(transcript.setup).after(transcript.steps)
    run = Run(transcript.trace, ended)
    held = holds(expectation, run)
    if held:
        return f"this transcript never showed the mistake: in the record, {expectation.sentence} already"
    if (
        held is not None
        and expectation.expect == "not_executed"
        and not run.moves[Place.parse(expectation.at)].executed
    ):
        return "this transcript never showed the mistake: in the record the call came to nothing either"
    if held is None and expectation.decided == "offline":
        return f"this transcript does not show the mistake: its record cannot tell whether {expectation.sentence}"
    return ""


def unknown_tools(transcript: Transcript, agent: Agent) -> str:
    """Why an order cannot be kept: it names a tool that the agent has not, so it could not be broken; or ""."""
    ordered = [e for e in transcript.expectations if e.order]
    known = {tool.name for tool in agent.all_tools()} | set(BUILT_IN) if ordered else set()
    for expectation in ordered:
        for name in expectation.order:
            if name not in known:
                return f"it expects {expectation.sentence}, and the agent has no tool {name}"
    return ""


def judge(transcript: Transcript, result: Rerun, agent: Agent) -> tuple[Verdict, str]:
    """The verdict from a rerun, by the tables of the replay design."""
    if result.broken:
        return Verdict.ERROR, result.broken
    first = result.first
    if first is not None and stranger(transcript, agent):
        return Verdict.ERROR, stranger(transcript, agent)
    if not any(step.turn and step.__class__ in (Answer, Decision) for step in transcript.steps):
        return Verdict.ERROR, "nothing in it can be compared: no answer of a model, no decision of a policy"
    if transcript.kind == "guard":
        if first is not None:
            return Verdict.FAIL, first.why
        return _unlike(result) or _judge_guard(transcript, result)
    told = _judge_mistake(transcript, result, first)
    return told if _stands(transcript, result, told[0]) else _unlike(result) or told


def _unlike(result: Rerun) -> tuple[Verdict, str] | None:
    """The verdict on the first tool that gave something else; None where all gave what they gave."""
    if result.unlike is None:
        return None
    return Verdict.TOOL_ERROR if result.unlike.kind == "raised" else Verdict.STALE, result.unlike.why


def _stands(transcript: Transcript, result: Rerun, verdict: Verdict) -> bool:
    """Whether a verdict on a mistake stands though a tool gave something else: it is red, or came before that."""
    unlike, place = result.unlike, transcript.place
    if unlike is None or place is None or verdict is Verdict.DIVERGED:
        return True
    if transcript.expectations[0].expect == "final_world":
        return False  # the world did not come to its end
    return verdict is Verdict.FAIL or unlike.place > place


def stranger(transcript: Transcript, agent: Agent) -> str:
    """Why a record cannot be one of this agent, or "": it called tools, and the agent has none of them."""
    called = {call.tool for step in transcript.steps if isinstance(step, Answer) for call in step.calls}
    called -= set(BUILT_IN)
    if not called or called & {tool.name for tool in agent.all_tools()}:
        return ""
    return f"never recorded with this agent: {agent.name} has none of its tools ({', '.join(sorted(called)[:5])})"


def _judge_guard(transcript: Transcript, result: Rerun) -> tuple[Verdict, str]:
    """A guard in which nothing differs: its expectations hold, each of them, or it is not green."""
    run = Run(result.trace, result.world, result.now)
    undecided = Verdict.PASS, ""
    for expectation in transcript.expectations:
        if expectation.decided == "live" or unrun(expectation, result, run):
            kept_out = _kept_out(result) if expectation.decided == "world" else ""
            undecided = NEEDS[expectation.decided], f"a replay cannot say: {expectation.sentence}{kept_out}"
            continue
        held = holds(expectation, run)
        if held is None:
            return Verdict.ERROR, f"cannot be told from this run: {expectation.sentence}"
        if not held:
            return Verdict.FAIL, f"no longer so: {expectation.sentence}"
    return undecided


def unrun(expectation: Expectation, result: Rerun, run: Run) -> bool:
    """Whether it hangs on a tool that did not run: none does, or what this one gives or writes is the tape's."""
    if expectation.decided != "world" or result.world is None:
        return expectation.decided == "world"
    taped = [move for move in run.moves.values() if move.executed and move.place not in result.ran]
    if expectation.expect == "result":
        return any(move.place == Place.parse(expectation.at) for move in taped)
    written = {".".join(map(str, c.path)) for m in taped if m.result for c in m.result.changed}
    return any(
        f"{a}.".startswith(f"{b}.") or f"{b}.".startswith(f"{a}.") for a in expectation.args for b in written
    )


def _kept_out(result: Rerun) -> str:
    """What to do where tools ran, but not the one that it hangs on."""
    if result.world is None:
        return ""
    return "; its tool does not run again\n  next: let it (again=True, or hand it what it works on)"


def _judge_mistake(transcript: Transcript, result: Rerun, first: Difference | None) -> tuple[Verdict, str]:
    expectation = transcript.expectations[0]
    place = transcript.place
    assert place is not None
    if expectation.decided == "live":
        return Verdict.NEEDS_LIVE, f"only a model can say: {expectation.sentence}"
    if first is not None and first.place[:2] < place[:2]:
        return Verdict.DIVERGED, "the run left the record before the marked move; beyond it nothing is proven"
    run = Run(result.trace, result.world, result.now)
    if unrun(expectation, result, run):
        return Verdict.NEEDS_WORLD, f"only a run of the tool can say: {expectation.sentence}{_kept_out(result)}"
    if expectation.expect == "final_world" and first is not None and first.place > place:
        return (
            Verdict.DIVERGED,
            "the run left the record after the marked move: how the world ends is not proven",
        )
    held = holds(expectation, run)
    if held is None:
        if first is not None and first.place < place:
            return Verdict.DIVERGED, "the run left the record before the marked move; beyond it nothing is proven"
        return Verdict.ERROR, f"cannot be told from this run: {expectation.sentence}"
    move = run.moves[place]
    if held and intended(move):
        return Verdict.PASS, ""
    how = "broken again" if transcript.passed_on else "still broken"
    return Verdict.FAIL, f"{how}; it must hold that {expectation.sentence}"
