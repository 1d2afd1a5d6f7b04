"""What a live run of a transcript says: the customer's words from the tape, the model live, tools in the sandbox.

A live run has other places than the record. So an expectation is put to the
*turn* of its mark: to those moves there that are like the marked one (calls of
the same tool, replies, the message).
"""

from __future__ import annotations

import re
from typing import Any, Literal, NamedTuple

import msgspec

from ..replay.verdict import Verdict
from ..text import count
from ..trace.describe import tell
from ..trace.events import Answer, Fault, Result, TurnEnd, UserMessage
from ..trace.step_id import Place
from ..trace.steps import Move
from ..trace.trace import Trace
from ..transcripts.expectation import Expectation
from ..transcripts.matching import fits, says
from ..transcripts.predicates import PREDICATES, Run, holds, intended
from ..transcripts.transcript import Transcript
from .effects import other_deeds

Came = Literal["pass", "fail", "fault", "error"]

QUESTION = re.compile(r"[?？؟]\s*(?:$|\s|[\"'”’)])")


class Trial(msgspec.Struct, frozen=True, omit_defaults=True):
    """What came of one live run.

    `fault` is of the infrastructure (no credential, an overloaded server): it
    counts neither for nor against the agent. `error` is of the engineer's code.
    `tokens` and `cost` (dollars, None
    where the price is not known) are those of the live answers, `model` and `server` who gave them;
    `judged` is what a judge was asked and said.
    """

    came: Came
    why: str = ""
    tokens: int = 0
    cost: float | None = None
    model: str = ""
    server: str = ""
    judged: list[dict[str, Any]] = []


class Opinion(NamedTuple):
    """What a judge said of a rubric."""

    agrees: bool
    because: str


class Tools(NamedTuple):
    """The tools of an agent that write, and those that have no body, by name: what a run is judged with."""

    writes: frozenset[str] = frozenset()
    bodiless: frozenset[str] = frozenset()


def last_turn(transcript: Transcript) -> int:
    """The turn after which nothing more can be decided."""
    turns = [s.turn for s in transcript.steps if isinstance(s, UserMessage)]
    wanted = [Place.parse(e.at).turn for e in transcript.expectations]
    whole = not wanted or any(e.decided == "world" for e in transcript.expectations)
    return max(turns, default=0) if whole else max(wanted)


def unshown(transcript: Transcript, ended: dict[str, Any]) -> str:
    """Why the record of a mistake does not show it, in the world it ended in; or "". The rest is its red proof."""
    wrong = transcript.kind == "mistake" and transcript.expectations[0]
    if wrong and wrong.expect == "final_world" and holds(wrong, Run(transcript.trace, ended)):
        return f"this transcript never showed the mistake: in the record, {wrong.sentence} already"
    return ""


def came_of(
    transcript: Transcript,
    trace: Trace,
    since: Place,
    tools: Tools,
    opinions: dict[str, Opinion | str],
    ended: dict[str, Any],
) -> tuple[Came, str]:
    """What a live run came to, and why.

    `opinions` are what a judge said of each rubric, by its text, or why nothing; `ended` is the
    world it ended in, by class name.
    """
    live = [step for step in trace if step.place >= since]
    for step in live:
        if isinstance(step, Fault) and step.origin in ("model", "worker"):
            return "fault", step.message
        if isinstance(step, Fault):
            return "error", f"{step.where}: {step.name}: {step.message}"
        if isinstance(step, Result) and step.tool in tools.bodiless and step.outcome == "error":
            return "fault", f"{step.tool} has no body here: it can only be replayed"
        if isinstance(step, TurnEnd) and step.reason == "limit" and step.detail.endswith(" seconds"):
            return "fault", f"turn {step.turn} was cut off after {step.detail}"
        if isinstance(step, TurnEnd) and step.reason == "model_error":  # and no fault before it
            return "fail", f"turn {step.turn} came to no answer: {step.detail}"
        if isinstance(step, Answer) and step.stop in _CUT:
            return "fail", f"{_CUT[step.stop]} in turn {step.turn}: what it left unsaid proves nothing"
    if not transcript.expectations:
        why = other_deeds(transcript.trace, trace, tools.writes)
        return ("fail", why) if why else ("pass", "")
    for expectation in transcript.expectations:
        came, why = _one(transcript, expectation, Run(trace, ended), opinions)
        if came != "pass":
            return came, why
    return "pass", ""


def _one(
    transcript: Transcript, expectation: Expectation, run: Run, opinions: dict[str, Opinion | str]
) -> tuple[Came, str]:
    place = Place.parse(expectation.at)
    turn = [move for move in run.moves.values() if move.place.turn == place.turn]
    of_message = not place.answer and expectation.expect in _OF_MESSAGES
    if not of_message and not any(move.answer is not None for move in turn):
        return "fail", f"the agent gave no answer in turn {place.turn}, where the mark stands"
    if expectation.expect == "rubric":
        opinion = opinions.get(expectation.text, "")
        if not isinstance(opinion, Opinion):
            return "fault", f"the judge gave no verdict: {opinion}"
        return ("pass", "") if opinion.agrees else ("fail", f"the judge says no: {opinion.because}")
    if expectation.expect in _LIVE:
        held = _LIVE[expectation.expect](expectation, run, turn)
    else:
        held = _as_offline(expectation, run, turn, Run(transcript.trace).moves[place])
    return ("pass", "") if held else ("fail", f"it does not hold that {expectation.sentence}: {_brief(turn)}")


def _brief(turn: list[Move]) -> str:
    """The moves of a turn in a line."""
    return "; ".join(tell(m) for m in turn if m.message is None)[:300] or "nothing was done"


# live expectations

_CUT = {"max_tokens": "an answer was cut off by the token limit", "refusal": "the model refused"}


def _calls(turn: list[Move], expectation: Expectation) -> list[Move]:
    return [m for m in turn if m.call and m.call.tool == expectation.tool and fits(expectation, m.call.args)]


def _words(turn: list[Move]) -> list[str]:
    """What the model said to the customer in a turn, before any policy changed it."""
    return [m.answer.text for m in turn if m.call is None and m.answer is not None]


def _asks_first(expectation: Expectation, run: Run, turn: list[Move]) -> bool:
    """Whether the reply right before the first call of the tool asked something; without a call, this turn's."""
    called = [m.place.turn for m in run.moves.values() if m.call and m.call.tool == expectation.tool]
    asked = min(called) - 1 if called else turn[0].place.turn
    sent = (str(m.reply.text) for m in run.moves.values() if m.reply is not None and m.place.turn == asked)
    return any(QUESTION.search(words) for words in sent)


_LIVE: dict[str, Any] = {
    "must_call": lambda e, run, turn: bool(_calls(turn, e)),
    "must_not_call": lambda e, run, turn: not _calls(turn, e),
    "says": lambda e, run, turn: any(says(words, e.text) for words in _words(turn)),
    "says_not": lambda e, run, turn: not any(says(words, e.text) for words in _words(turn)),
    "asks_first": _asks_first,
}

# offline ones, put to the moves that are like the marked one

_OF_MESSAGES = ("blocked", "rewritten", "escalated", "redacted", "allowed")  # may be of a customer's message
_ANY = ("allowed", "executed", "called_with", "result", "reply_contains")  # one such move is enough
_BY_POLICY = ("blocked", "rewritten", "escalated")
_UNTRIED_IS_FINE = (
    "blocked", "rewritten", "escalated", "not_executed", "rejected", "redacted", "reply_lacks", "prompt_lacks",
)  # fmt: skip


def _as_offline(expectation: Expectation, run: Run, turn: list[Move], marked: Move) -> bool:
    """Whether an offline expectation holds of what the model did this time.

    What forbids something holds too where the model did not try it; what demands something does not.
    """
    if expectation.expect == "final_world":  # of the whole run, not of a move in it
        return bool(PREDICATES["final_world"](expectation, run, marked))
    if expectation.expect == "order":
        like = [m for m in turn if m.message is None][-1:]
    elif expectation.expect in ("prompt_contains", "prompt_lacks"):
        like = [m for m in turn if m.answer is not None]
        like = like[-1:] if expectation.expect == "prompt_contains" else like
    else:
        like = [m for m in turn if _like(m, marked)]
    if not like:
        return expectation.expect in _UNTRIED_IS_FINE
    found = [PREDICATES[expectation.expect](expectation, run, m) for m in like]
    held = [(bool(h) or _looked_at(expectation, m)) and intended(m) for h, m in zip(found, like, strict=True)]
    return any(held) if expectation.expect in _ANY else all(held)


def _looked_at(expectation: Expectation, move: Move) -> bool:
    """Whether it is a reply, in other words than the marked one, that the policy saw and let pass."""
    if expectation.expect not in _BY_POLICY or move.call is not None or move.message is not None:
        return False
    return any(d.stand == "reply" and expectation.policy in ("", d.policy) for d in move.decisions)


def _like(move: Move, marked: Move) -> bool:
    if marked.call is not None:
        return move.call is not None and move.call.tool == marked.call.tool
    if marked.message is not None:
        return move.message is not None
    return move.message is None and move.call is None


# several trials


def verdict_of(trials: list[Trial], asked: int, unrun: str = "") -> tuple[Verdict, str]:
    """The verdict from trials of one transcript: PASS where all that were asked for ran, counted and passed."""
    passed, failed = (sum(t.came == came for t in trials) for came in ("pass", "fail"))
    faults = [t.why for t in trials if t.came == "fault"]
    counted = f"{passed} of {count(passed + failed, 'trial')} passed" if passed + failed else "no trial counted"
    error = next((t.why for t in trials if t.came == "error"), "")
    if error:
        return Verdict.ERROR, error
    if failed:
        number, why = next((n, t.why) for n, t in enumerate(trials, 1) if t.came == "fail")
        return Verdict.FAIL, f"{counted}; trial {number}: {why}"
    if passed == asked:
        return Verdict.PASS, counted
    rest = [f"a fault of the infrastructure: {faults[0]}"] if faults else []
    if len(faults) > 1:
        rest = [f"{len(faults)} faults of the infrastructure, the first: {faults[0]}"]
    rest += [unrun] if unrun else []
    return Verdict.NEEDS_LIVE, "; ".join(
        [f"{counted}, {asked} {'was' if asked == 1 else 'were'} asked for", *rest]
    )
