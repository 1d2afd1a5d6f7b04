"""Replay a transcript: rerun the recording on today's code and decide the verdict."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..authoring.agent import Agent
from ..authoring.builtin import BUILT_IN
from ..errors import TranscriptError
from ..trace.describe import describe_step
from ..trace.events import Answer, PolicyDecision, Prompt
from ..trace.step_id import StepId
from ..transcripts.expectation import Expectation
from ..transcripts.predicates import JudgedRun, holds, without_fault
from ..transcripts.transcript import Transcript, expectations_hash, expects_prompt_change, prompt_hash
from .agent_outline import AgentOutline, outline
from .blame import blame
from .comparison import Rerun
from .difference import Difference
from .drift import describe_drift, prompt_changes
from .execute import MakeWorld, execute
from .run_request import run_request
from .verdict import (
    DEFAULT,
    VERDICT_WHEN_UNDECIDED,
    Options,
    ReplayResult,
    Verdict,
    first_divergence,
)

NO_FIXTURE = "the conversation starts from no fixture, so the tools worked on an empty world"


def replay(
    transcript: Transcript, agent: Agent, options: Options = DEFAULT, make_world: MakeWorld | None = None
) -> ReplayResult:
    """Return the verdict on one transcript, replayed in this process. Never raises for any content of it.

    `make_world` creates the sandbox for a setup; it is required if tools run.
    """
    result = execute(run_request(transcript), agent, options, make_world)
    return judge_run(transcript, result, outline(agent), options)


def judge_run(
    transcript: Transcript, result: Rerun, agent: AgentOutline, options: Options = DEFAULT
) -> ReplayResult:
    """Return the verdict on a run. Pure: it may be decided in a process that never loads the agent."""
    proof = red_proof(transcript, result.recorded_world) or unknown_tools(transcript, agent)
    if proof:
        return ReplayResult(Verdict.ERROR, proof)
    verdict, why = judge(transcript, result, agent)
    drift = tuple(f"{d.step_id} {d.what}" for d in result.drift)
    unnamed = [d for d in result.drift if not expects_prompt_change(transcript) or d.what != "prompt"]
    drifted = verdict is Verdict.PASS and options.strict_drift and bool(unnamed)
    if drifted:
        searched = any(d.what == "knowledge" for d in unnamed)  # the model would read something else
        verdict, why = (
            Verdict.STALE if searched else Verdict.DRIFTED,
            f"the actions are the same, but it drifted: {describe_drift(unnamed, result, transcript.blobs)}",
        )
    seen = result.fingerprints if verdict is not Verdict.ERROR else []
    other = first_divergence(seen[0], seen[-1]) if seen else ""
    if other:
        verdict, why = Verdict.FLAKY, f"two replays differ: {other}"
    outcome = ReplayResult(verdict, why, _first(result), result.steps, result.prompt_changed_from, drift=drift)
    outcome.fingerprint = seen[0] if seen else ()
    if result.world is not None:
        executed = sum(1 for step in result.current.values() if step.executed)
        outcome.executed, outcome.from_recording = len(result.executed), executed - len(result.executed)
    if verdict is not Verdict.PASS:
        outcome.context, outcome.current_step = _around(result, transcript.annotated_step)
        outcome.needs_recording = _lacks_recording(result)
        outcome.changed = tuple(_changed(transcript, result, agent))
        outcome.source_line = "" if verdict is Verdict.DRIFTED else blame(transcript, agent, result)
    if verdict is Verdict.NEEDS_LIVE:
        outcome.live = {
            "prompt": prompt_hash(transcript.setup, result.trace),
            "expects": expectations_hash(transcript),
        }
    return outcome


def _first(result: Rerun) -> Difference | None:
    unlike = result.tool_mismatch
    if result.first is None and unlike is not None:
        return Difference(unlike.step_id, unlike.recorded, unlike.now, unlike.why)
    return result.first


def _lacks_recording(result: Rerun) -> bool:
    step = result.current.get(result.first.step_id) if result.first else None
    return step is not None and step.result is not None and step.result.outcome == "missing"


def _around(result: Rerun, annotated: StepId | None) -> tuple[tuple[str, ...], str]:
    """Return the two steps before the first difference (or the annotated step), and that step as it is now."""
    first = _first(result)
    step_id = first.step_id if first else annotated
    if step_id is None:
        return (), ""
    done = [m for m in result.current.values() if m.step_id < step_id]
    now = result.current.get(annotated) if annotated else None
    return tuple(f"{m.step_id}  {describe_step(m)}" for m in done[-2:]), describe_step(now) if now else ""


def _changed(transcript: Transcript, result: Rerun, agent: AgentOutline) -> list[str]:
    """Return the names of policies and prompt sections that differ from the recording."""
    then = {s.policy: s.version for s in transcript.events if isinstance(s, PolicyDecision)}
    now = {s.policy: s.version for s in result.trace if isinstance(s, PolicyDecision)}
    found = [f"policy {p}" + ("" if p in then else " (new)") for p, v in now.items() if then.get(p) != v]
    here = agent.policies
    expected = (e.policy for e in transcript.expectations if e.policy)
    found += [f"policy {p} (gone)" for p in dict.fromkeys((*then, *expected)) if p not in here]
    prompts = {(id(then), id(now)): (then, now) for then, now in _prompts(result)}
    for then_, now_ in prompts.values():
        found += prompt_changes(then_, now_, transcript.blobs, result.trace.blobs)
    return list(dict.fromkeys(found))


def _prompts(result: Rerun) -> Iterator[tuple[Prompt | None, Prompt | None]]:
    """Yield the recorded and current prompt of every step that both runs have."""
    for step_id, step in result.current.items():
        recorded = result.recorded.get(step_id)
        if recorded is not None and recorded.prompt is not step.prompt:
            yield recorded.prompt, step.prompt


def red_proof(transcript: Transcript, recorded_world: dict[str, Any] | None = None) -> str:
    """Return why the recording does not show the mistake, or "". Recomputed at every replay.

    `recorded_world` is the world that the recording ends with, if it is known.
    """
    if transcript.kind == "golden":
        return ""
    try:
        return _red_proof(transcript, recorded_world)
    except TranscriptError as error:  # a regular expression that takes too long
        return str(error)


def _red_proof(transcript: Transcript, recorded_world: dict[str, Any] | None) -> str:
    expectation = transcript.expectations[0]
    run = JudgedRun(transcript.trace, recorded_world)
    held = holds(expectation, run)
    if held:
        return (
            "this transcript does not show the mistake: "
            f"the expectation already holds in the recording: {expectation.description}"
        )
    if (
        held is not None
        and expectation.kind == "not_executed"
        and not run.steps[StepId.parse(expectation.step)].executed
    ):
        return "this transcript does not show the mistake: the recorded call had no result either"
    if held is None and expectation.decided_by == "offline":
        return (
            f"this transcript does not show the mistake; not decided by the recording: {expectation.description}"
        )
    return ""


def unknown_tools(transcript: Transcript, agent: AgentOutline) -> str:
    """Return why an order can never be violated: it names a tool that the agent does not have; or ""."""
    ordered = [e for e in transcript.expectations if e.order]
    known = {*agent.tools, *BUILT_IN} if ordered else set()
    for expectation in ordered:
        for name in expectation.order:
            if name not in known:
                return f"it expects {expectation.description}, but the agent has no tool {name}"
    return ""


def judge(transcript: Transcript, result: Rerun, agent: AgentOutline) -> tuple[Verdict, str]:
    """Return the verdict on a rerun, by the tables in docs/replay.md."""
    if result.journey_fault:
        return Verdict.ERROR, result.journey_fault
    first = result.first
    if first is not None and recorded_with_other_agent(transcript, agent):
        return Verdict.ERROR, recorded_with_other_agent(transcript, agent)
    if not any(event.turn and event.__class__ in (Answer, PolicyDecision) for event in transcript.events):
        return Verdict.ERROR, "it has nothing to compare: no model answer and no policy decision"
    if transcript.kind == "golden" and first is not None:
        return Verdict.FAIL, first.why
    try:
        if transcript.kind == "golden":
            return _unlike(transcript, result) or _judge_golden(transcript, result)
        decided = _judge_mistake(transcript, result, first)
    except TranscriptError as error:  # a regular expression that takes too long
        return Verdict.ERROR, str(error)
    return decided if _still_decided(transcript, result, decided[0]) else _unlike(transcript, result) or decided


def _unlike(transcript: Transcript, result: Rerun) -> tuple[Verdict, str] | None:
    """Return the verdict on the first tool with a different result; None if there is none."""
    unlike = result.tool_mismatch
    if unlike is None:
        return None
    why = unlike.why if transcript.setup.fixture else f"{unlike.why}; {NO_FIXTURE}"
    return Verdict.TOOL_ERROR if unlike.kind == "raised" else Verdict.STALE, why


def _still_decided(transcript: Transcript, result: Rerun, verdict: Verdict) -> bool:
    """Return whether the verdict on a mistake is valid despite a changed tool result.

    It is if it failed, or was decided before that result.
    """
    unlike, step_id = result.tool_mismatch, transcript.annotated_step
    if unlike is None or step_id is None or verdict is Verdict.DIVERGED:
        return True
    if transcript.expectations[0].kind == "final_world":
        return False  # the final world was not reached
    return verdict is Verdict.FAIL or unlike.step_id > step_id


def recorded_with_other_agent(transcript: Transcript, agent: AgentOutline) -> str:
    """Return why the recording cannot be of this agent, or "": none of the called tools exists in it."""
    called = {call.tool for event in transcript.events if isinstance(event, Answer) for call in event.calls}
    called -= set(BUILT_IN)
    if not called or called & {*agent.tools}:
        return ""
    return f"recorded with another agent: {agent.name} has none of its tools ({', '.join(sorted(called)[:5])})"


def _judge_golden(transcript: Transcript, result: Rerun) -> tuple[Verdict, str]:
    """Decide a golden transcript without differences: all its expectations must hold."""
    run = JudgedRun(result.trace, result.world, result.current)
    undecided = Verdict.PASS, ""
    for expectation in transcript.expectations:
        if expectation.decided_by == "live" or needs_skipped_tool(expectation, result, run):
            kept_out = _kept_out(result) if expectation.decided_by == "world" else ""
            undecided = (
                VERDICT_WHEN_UNDECIDED[expectation.decided_by],
                f"cannot be decided by a replay: {expectation.description}{kept_out}",
            )
            continue
        held = holds(expectation, run)
        if held is None:
            return Verdict.ERROR, f"cannot be decided by this run: {expectation.description}"
        if not held:
            return Verdict.FAIL, f"no longer true: {expectation.description}"
    return undecided


def needs_skipped_tool(expectation: Expectation, result: Rerun, run: JudgedRun) -> bool:
    """Return whether the expectation depends on a tool that did not run in this replay."""
    if expectation.decided_by != "world" or result.world is None:
        return expectation.decided_by == "world"
    recorded = [step for step in run.steps.values() if step.executed and step.step_id not in result.executed]
    if expectation.kind == "result":
        return any(step.step_id == StepId.parse(expectation.step) for step in recorded)
    written = {".".join(map(str, c.path)) for m in recorded if m.result for c in m.result.changed}
    return any(
        f"{a}.".startswith(f"{b}.") or f"{b}.".startswith(f"{a}.") for a in expectation.args for b in written
    )


def _kept_out(result: Rerun) -> str:
    """Return the next step if tools ran, but not the one that the expectation depends on."""
    if result.world is None:
        return ""
    return "; the tool cannot be re-executed\n  next: allow it with reexecute=True, or give it injected parameters"


def _judge_mistake(transcript: Transcript, result: Rerun, first: Difference | None) -> tuple[Verdict, str]:
    expectation = transcript.expectations[0]
    step_id = transcript.annotated_step
    assert step_id is not None
    if expectation.decided_by == "live":
        return Verdict.NEEDS_LIVE, f"cannot be decided without a live model: {expectation.description}"
    if first is not None and first.step_id[:2] < step_id[:2]:
        return (
            Verdict.DIVERGED,
            "the replay diverged before the annotated step, so the expectation could not be checked",
        )
    run = JudgedRun(result.trace, result.world, result.current)
    if needs_skipped_tool(expectation, result, run):
        return (
            Verdict.NEEDS_TOOLS,
            f"cannot be decided without running the tool: {expectation.description}{_kept_out(result)}",
        )
    if expectation.kind == "final_world" and first is not None and first.step_id > step_id:
        return (
            Verdict.DIVERGED,
            "the replay diverged after the annotated step, so the final world could not be checked",
        )
    held = holds(expectation, run)
    if held is None:
        if first is not None and first.step_id < step_id:
            return (
                Verdict.DIVERGED,
                "the replay diverged before the annotated step, so the expectation could not be checked",
            )
        return Verdict.ERROR, f"cannot be decided by this run: {expectation.description}"
    step = run.steps[step_id]
    if held and without_fault(step):
        return Verdict.PASS, ""
    how = "broken again" if transcript.accepted_code else "still broken"
    return Verdict.FAIL, f"{how}; expected: {expectation.description}"
