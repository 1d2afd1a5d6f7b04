"""Judge a live run of a transcript: recorded customer messages, live model, tools in the sandbox.

A live run has other step ids than the recording. So an expectation is checked in
the *turn* of its annotation, at the steps that are like the annotated one (calls
of the same tool, replies, the message).
"""

from __future__ import annotations

import re
from typing import Any, Literal, NamedTuple

import msgspec

from ..engine.limits import timed_out
from ..errors import TranscriptError
from ..replay.verdict import Verdict
from ..text import pluralize
from ..trace.describe import describe_step
from ..trace.events import Answer, Fault, ToolResult, TurnEnded, UserMessage
from ..trace.step_id import StepId
from ..trace.steps import Step
from ..trace.trace import Trace
from ..transcripts.expectation import Expectation
from ..transcripts.matching import arguments_match, contains_text
from ..transcripts.predicates import PREDICATES, JudgedRun, holds, without_fault
from ..transcripts.transcript import Transcript
from ..transcripts.visible import shows
from .effects import effect_difference

TrialOutcome = Literal["pass", "fail", "fault", "error"]

QUESTION = re.compile(r"[?？؟]\s*(?:$|\s|[\"'”’)])")


class Trial(msgspec.Struct, frozen=True, omit_defaults=True):
    """The result of one live run.

    A `fault` of the infrastructure (no credential, an overloaded server) counts
    neither for nor against the agent; an `error` is one of journey code. `tokens` and
    `cost` (dollars, None if the price is unknown) are those of the live answers of
    `model` at `server`; `judgements` are those of a judge.
    """

    outcome: TrialOutcome
    why: str = ""
    tokens: int = 0
    cost: float | None = None
    model: str = ""
    server: str = ""
    judgements: list[dict[str, Any]] = []


class Judgement(NamedTuple):
    """The answer of a judge to a rubric."""

    agrees: bool
    because: str


class ToolTraits(NamedTuple):
    """The names of the tools that write, and of those without a body, which can only be replayed."""

    writes: frozenset[str] = frozenset()
    replay_only: frozenset[str] = frozenset()


def last_turn(transcript: Transcript) -> int:
    """Return the last turn that an expectation needs."""
    turns = [s.turn for s in transcript.events if isinstance(s, UserMessage)]
    wanted = [StepId.parse(e.step).turn for e in transcript.expectations]
    whole = not wanted or any(e.decided_by == "world" for e in transcript.expectations)
    return max(turns, default=0) if whole else max(wanted)


def world_red_proof(transcript: Transcript, ended: dict[str, Any]) -> str:
    """Explain why the recording of a mistake does not show it in its final world; "" if it does."""
    wrong = transcript.kind == "mistake" and transcript.expectations[0]
    try:
        shown = wrong and wrong.kind == "final_world" and holds(wrong, JudgedRun(transcript.trace, ended))
    except TranscriptError as error:  # a regular expression that takes too long
        return str(error)
    if wrong and shown:
        return (
            "this transcript does not show the mistake: "
            f"the expectation already holds in the recording: {wrong.description}"
        )
    return ""


def judge_trial(
    transcript: Transcript,
    trace: Trace,
    since: StepId,
    tools: ToolTraits,
    judgements: dict[str, Judgement | str],
    ended: dict[str, Any],
) -> tuple[TrialOutcome, str]:
    """Return the outcome of a live run, and why.

    `judgements` has the judgement of each rubric, by its text, or why there is none;
    `ended` is the final world by class name.
    """
    live = [event for event in trace if event.step_id >= since]
    for event in live:
        if isinstance(event, Fault) and event.origin in ("model", "worker"):
            return "fault", event.message
        if isinstance(event, Fault):
            return "error", f"{event.where}: {event.name}: {event.message}"
        if isinstance(event, ToolResult) and event.tool in tools.replay_only and event.outcome == "error":
            return "fault", f"{event.tool} has no implementation: it can only be replayed"
        if isinstance(event, TurnEnded) and event.reason == "limit" and timed_out(event.detail):
            return "fault", f"turn {event.turn} was cut off after {event.detail}"
        if isinstance(event, TurnEnded) and event.reason == "model_error":  # and no fault before it
            return "fail", f"turn {event.turn} ended without an answer: {event.detail}"
        if isinstance(event, Answer) and event.stop in _CUT:
            return "fail", f"{_CUT[event.stop]} in turn {event.turn}: an incomplete answer proves nothing"
    if not transcript.expectations:
        why = effect_difference(transcript.trace, trace, tools.writes)
        return ("fail", why) if why else ("pass", "")
    for expectation in transcript.expectations:
        outcome, why = _one(transcript, expectation, JudgedRun(trace, ended), judgements)
        if outcome != "pass":
            return outcome, why
    return "pass", ""


def _one(
    transcript: Transcript, expectation: Expectation, run: JudgedRun, judgements: dict[str, Judgement | str]
) -> tuple[TrialOutcome, str]:
    step_id = StepId.parse(expectation.step)
    turn = [step for step in run.steps.values() if step.step_id.turn == step_id.turn]
    of_message = not step_id.answer and expectation.kind in _OF_MESSAGES
    if not of_message and not any(step.answer is not None for step in turn):
        return "fail", f"the agent gave no answer in turn {step_id.turn}, which is annotated"
    if expectation.kind == "rubric":
        judgement = judgements.get(expectation.text, "")
        if not isinstance(judgement, Judgement):
            return "fault", f"the judge gave no verdict: {judgement}"
        return ("pass", "") if judgement.agrees else ("fail", f"the judge disagrees: {judgement.because}")
    if expectation.kind in _LIVE:
        held = _LIVE[expectation.kind](expectation, run, turn)
    else:
        held = _as_offline(expectation, run, turn, JudgedRun(transcript.trace).steps[step_id])
    return (
        ("pass", "")
        if held
        else ("fail", f"does not hold: {expectation.description}; in the turn: {_brief(turn)}")
    )


def _brief(turn: list[Step]) -> str:
    """Describe the steps of a turn in one line."""
    return "; ".join(describe_step(m) for m in turn if m.message is None)[:300] or "no steps"


# live expectations

_CUT = {
    "max_tokens": "an answer was cut off by the token limit",
    "model_context_window_exceeded": "an answer was cut off by the context window",
    "refusal": "the model refused",
}


def _calls(turn: list[Step], expectation: Expectation) -> list[Step]:
    return [
        m for m in turn if m.call and m.call.tool == expectation.tool and arguments_match(expectation, m.call.args)
    ]


def _words(turn: list[Step]) -> list[str]:
    """Return the replies of the model in a turn, before any policy changed them."""
    return [m.answer.text for m in turn if m.call is None and m.answer is not None]


def _asks_first(expectation: Expectation, run: JudgedRun, turn: list[Step]) -> bool:
    """Return whether the reply before the first call of the tool (without one: of this turn) asks a question."""
    called = [m.step_id.turn for m in run.steps.values() if m.call and m.call.tool == expectation.tool]
    asked = min(called) - 1 if called else turn[0].step_id.turn
    sent = (str(m.reply.text) for m in run.steps.values() if m.reply is not None and m.step_id.turn == asked)
    return any(QUESTION.search(words) for words in sent)


_LIVE: dict[str, Any] = {
    "must_call": lambda e, run, turn: bool(_calls(turn, e)),
    "must_not_call": lambda e, run, turn: not _calls(turn, e),
    "model_says": lambda e, run, turn: any(contains_text(words, e.text) for words in _words(turn)),
    "model_never_says": lambda e, run, turn: not any(shows(words, e.text) for words in _words(turn)),
    "asks_before": _asks_first,
}

# offline expectations, checked at the steps that are like the annotated one

_OF_MESSAGES = ("blocked", "rewritten", "escalated", "redacted", "allowed")  # may be about a customer message
_ANY = ("allowed", "executed", "called_with", "result", "reply_contains")  # one such step is enough
_BY_POLICY = ("blocked", "rewritten", "escalated")
_UNTRIED_IS_FINE = (
    "blocked", "rewritten", "escalated", "not_executed", "rejected", "redacted", "reply_excludes",
    "prompt_excludes",
)  # fmt: skip


def _as_offline(expectation: Expectation, run: JudgedRun, turn: list[Step], annotated: Step) -> bool:
    """Return whether an offline expectation holds in this run.

    Without such a step, an expectation that forbids something holds, and one that demands something does not.
    """
    if expectation.kind == "final_world":  # about the whole run, not about a step
        return bool(PREDICATES["final_world"](expectation, run, annotated))
    if expectation.kind == "order":
        alike = [m for m in turn if m.message is None][-1:]
    elif expectation.kind in ("prompt_contains", "prompt_excludes"):
        alike = [m for m in turn if m.answer is not None]
        alike = alike[-1:] if expectation.kind == "prompt_contains" else alike
    else:
        alike = [m for m in turn if _like(m, annotated)]
    if not alike:
        return expectation.kind in _UNTRIED_IS_FINE
    found = [PREDICATES[expectation.kind](expectation, run, m) for m in alike]
    held = [
        (bool(h) or _was_checked(expectation, m)) and without_fault(m) for h, m in zip(found, alike, strict=True)
    ]
    return any(held) if expectation.kind in _ANY else all(held)


def _was_checked(expectation: Expectation, step: Step) -> bool:
    """Return whether the step is another reply than the annotated one, and the policy allowed it."""
    if expectation.kind not in _BY_POLICY or step.call is not None or step.message is not None:
        return False
    return any(d.hook == "before_reply" and expectation.policy in ("", d.policy) for d in step.decisions)


def _like(step: Step, annotated: Step) -> bool:
    if annotated.call is not None:
        return step.call is not None and step.call.tool == annotated.call.tool
    if annotated.message is not None:
        return step.message is not None
    return step.message is None and step.call is None


# several trials


def combine_trials(trials: list[Trial], asked: int, unrun: str = "") -> tuple[Verdict, str]:
    """Return the verdict of a transcript and why: PASS if all requested trials ran, counted and passed."""
    passed, failed = (sum(t.outcome == outcome for t in trials) for outcome in ("pass", "fail"))
    faults = [t.why for t in trials if t.outcome == "fault"]
    counted = (
        f"{passed} of {pluralize(passed + failed, 'trial')} passed" if passed + failed else "no trial counted"
    )
    error = next((t.why for t in trials if t.outcome == "error"), "")
    if error:
        return Verdict.ERROR, error
    if failed:
        number, why = next((n, t.why) for n, t in enumerate(trials, 1) if t.outcome == "fail")
        return Verdict.FAIL, f"{counted}; trial {number}: {why}"
    if passed == asked:
        return Verdict.PASS, counted
    rest = [f"infrastructure fault: {faults[0]}"] if faults else []
    if len(faults) > 1:
        rest = [f"{len(faults)} infrastructure faults, the first: {faults[0]}"]
    rest += [unrun] if unrun else []
    return Verdict.NEEDS_LIVE, "; ".join([f"{counted}, {asked} requested", *rest])
