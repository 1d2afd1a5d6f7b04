"""What can be known of a conversation without reading it again: counts, names, words, and how suspicious it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from ..trace.events import Answer, AnyStep, Decision, Entered, Fault, HandOff, Reply, TurnEnd, UserMessage
from ..trace.steps import Move, moves
from ..transcripts.searchable import Searchable
from ..transcripts.transcript import Mark, Transcript

SIGNS: dict[str, float] = {  # what makes a conversation suspicious, and how much each time, up to three times
    "fault": 5,
    "killed": 5,
    "model_error": 4,
    "limit": 4,
    "escalated": 3,
    "message_blocked": 3,
    "handed_off": 2,
    "blocked": 2,
    "absent": 2,
    "rejected": 2,
    "error": 1,
    "rewritten": 1,
}
ENDS = {"replied", "handed_off", "message_blocked", "limit", "model_error", "interrupted", "killed"}
MAX_WORDS = 200_000  # characters of one conversation that full text finds


class Gist(msgspec.Struct, frozen=True):
    """`outcome` is how it ended, "" where the record does not say; `signs` counts what is suspicious.

    `facets` are (filter, value): the filters of a query that it answers to.
    """

    outcome: str = ""
    turns: int = 0
    moves: int = 0
    suspicion: float = 0.0
    signs: dict[str, int] = {}
    marks: int = 0
    facets: frozenset[tuple[str, str]] = frozenset()
    words: str = ""

    @property
    def told(self) -> str:
        """What is suspicious, in words, the worst first: "fault, 2 blocked"."""
        return ", ".join(f"{n} {sign}" if n > 1 else sign for sign, n in self.signs.items()).replace("_", " ")


def gist(steps: Iterable[AnyStep], marks: Iterable[Mark] = ()) -> Gist:
    """The gist of a conversation."""
    steps, marks = list(steps), list(marks)
    happened = Counter(_happened(steps))
    signs = {sign: happened[sign] for sign in SIGNS if happened[sign]}
    ended = next((s.reason for s in reversed(steps) if isinstance(s, TurnEnd)), "")
    outcome = ended or ("handed_off" if happened["handed_off"] else "")
    return Gist(
        outcome=outcome,
        turns=sum(1 for s in steps if isinstance(s, UserMessage)),
        moves=happened["move"],
        suspicion=sum(SIGNS[sign] * min(count, 3) for sign, count in signs.items()),
        signs=signs,
        marks=len(marks),
        facets=frozenset(_facets(steps, marks, happened)),
        words=" ".join(_words(steps, marks))[:MAX_WORDS],
    )


def _happened(steps: list[AnyStep]) -> Iterator[str]:
    """What happened, a word for each time."""
    for turn in moves(steps):
        if turn.end is not None and turn.end.reason != "handed_off":  # the move that did it says so
            yield turn.end.reason
        for move in turn.moves:
            yield from _of(move)


def _of(move: Move) -> Iterator[str]:
    if move.message is None:
        yield "move"
    if move.handoff is not None:
        yield "handed_off"
    yield from ("fault" for _ in move.faults)
    effects = {move.effect, move.after_effect} - {"allowed"}
    outcome = move.result.outcome if move.result is not None else ""
    if outcome in ("error", "absent", "rejected"):
        effects.add(outcome)
    yield from effects


def _facets(steps: list[AnyStep], marks: list[Mark], happened: Counter[str]) -> Iterator[tuple[str, str]]:
    yield from (("outcome", word) for word in happened if word in SIGNS or word in ENDS)
    for step in steps:
        if isinstance(step, Answer):
            if step.model:
                yield "model", step.model
            yield from (("tool", call.tool) for call in step.calls)
        elif isinstance(step, Entered):
            yield "journey", step.journey
        elif isinstance(step, Decision) and step.verdict != "allow":
            yield "policy", step.policy
            yield "policy", step.policy.rpartition(".")[2]
    for mark in marks:
        yield from of_mark(mark)
    if any(sign in happened for sign in SIGNS):
        yield "is", "suspicious"


def of_mark(mark: Mark) -> Iterator[tuple[str, str]]:
    """The facets of a mark."""
    yield "is", "marked"
    yield from (("mark", value) for value in (mark.severity, mark.fault, mark.kind))


def tag_facets(tags: Iterable[str]) -> set[tuple[str, str]]:
    """The facets of tags."""
    found = {("tag", tag) for tag in tags}
    return found | {("is", "tagged")} if found else found


def transcript_facets(found: Transcript, state: str) -> frozenset[tuple[str, str]]:
    """The facets of a transcript, without those of its tags, marks and steps; `state` may be "import"."""
    versions = {version for version in (found.passed_on, *found.code.values()) if version}
    return frozenset({
        ("agent", found.agent), ("kind", found.kind), ("is", state),
        ("in", "imports" if state == "import" else "transcripts"), *(("version", v) for v in versions),
    })  # fmt: skip


def full_text(id: str, title: str, gist: Gist) -> str:
    """What the words of a query are searched in."""
    return f"{id}\n{title}\n{gist.words}"


def searchable(found: Transcript) -> Searchable:
    """A transcript as a query sees it, with the tags and marks that are in its file."""
    told = gist(found.steps, found.marks)
    facets = transcript_facets(found, found.state) | told.facets | tag_facets(found.tags)
    return Searchable(facets, full_text(found.id, found.title or found.id, told))


def _words(steps: list[AnyStep], marks: list[Mark]) -> Iterator[str]:
    """What was said and done: not what tools gave back, which drowns the rest."""
    said = ""
    for step in steps:
        if isinstance(step, UserMessage):
            yield str(step.text)
        elif isinstance(step, Answer):
            said = step.text
            yield from (said, step.thinking)
            for call in step.calls:
                yield call.tool
                yield from _plain(call.args)
        elif isinstance(step, Reply):
            if step.text != said:
                yield str(step.text)
        elif isinstance(step, Decision):
            if step.verdict != "allow":
                yield f"{step.policy} {step.reason}"
        elif isinstance(step, HandOff):
            yield step.reason
        elif isinstance(step, Fault):
            yield f"{step.name} {step.message}"
    for mark in marks:
        yield f"{mark.note} {mark.should}"


def _plain(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for part in value.values():
            yield from _plain(part)
    elif isinstance(value, list):
        for part in value:
            yield from _plain(part)
    elif value is not None:
        yield str(value)
