"""Summary of a conversation for the index: counts, names, texts and risk signals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from ..trace.events import (
    Answer,
    AnyEvent,
    Fault,
    HandedOff,
    JourneyEntered,
    PartialAnswer,
    PolicyDecision,
    Reply,
    TurnEnded,
    UserMessage,
)
from ..trace.steps import Step, group_steps
from ..transcripts.searchable import Searchable, source_facets, source_ids
from ..transcripts.transcript import Annotation, Transcript

RISK_WEIGHTS: dict[str, float] = {  # risk signals, with the weight of each occurrence (at most three count)
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
KNOWN_ENDS = {"replied", "handed_off", "message_blocked", "limit", "model_error", "interrupted", "killed"}
MAX_WORDS = 200_000  # characters of one conversation in the full-text index


class ConversationSummary(msgspec.Struct, frozen=True):
    """The summary; `outcome` is how it ended, "" if that was not recorded.

    `risk_signals` counts suspicious events. `facets` are (filter, value) pairs of a query.
    """

    outcome: str = ""
    turns: int = 0
    steps: int = 0
    risk_score: float = 0.0
    risk_signals: dict[str, int] = {}
    annotations: int = 0
    facets: frozenset[tuple[str, str]] = frozenset()
    words: str = ""

    @property
    def describe_signals(self) -> str:
        """Describe the risk signals, worst first: "fault, 2 blocked"."""
        return ", ".join(f"{n} {signal}" if n > 1 else signal for signal, n in self.risk_signals.items()).replace(
            "_", " "
        )


def summarize(events: Iterable[AnyEvent], annotations: Iterable[Annotation] = ()) -> ConversationSummary:
    """Summarize a conversation."""
    events, annotations = list(events), list(annotations)
    happened = Counter(_happened(events))
    signals = {signal: happened[signal] for signal in RISK_WEIGHTS if happened[signal]}
    ended = next((s.reason for s in reversed(events) if isinstance(s, TurnEnded)), "")
    outcome = ended or ("handed_off" if happened["handed_off"] else "")
    return ConversationSummary(
        outcome=outcome,
        turns=sum(1 for s in events if isinstance(s, UserMessage)),
        steps=happened["step"],
        risk_score=sum(RISK_WEIGHTS[signal] * min(count, 3) for signal, count in signals.items()),
        risk_signals=signals,
        annotations=len(annotations),
        facets=frozenset(_facets(events, annotations, happened)),
        words=" ".join(_words(events, annotations))[:MAX_WORDS],
    )


def _happened(events: list[AnyEvent]) -> Iterator[str]:
    """Yield a word for each noteworthy event."""
    for turn in group_steps(events):
        if turn.end is not None and turn.end.reason != "handed_off":  # the step that handed off counts instead
            yield turn.end.reason
        for step in turn.steps:
            yield from _of(step)


def _of(step: Step) -> Iterator[str]:
    if step.message is None:
        yield "step"
    if step.handoff is not None:
        yield "handed_off"
    yield from ("fault" for _ in step.faults)
    effects = {step.effect, step.result_effect} - {"allowed"}
    outcome = step.result.outcome if step.result is not None else ""
    if outcome in ("error", "absent", "rejected"):
        effects.add(outcome)
    yield from effects


def _facets(
    events: list[AnyEvent], annotations: list[Annotation], happened: Counter[str]
) -> Iterator[tuple[str, str]]:
    yield from (("outcome", word) for word in happened if word in RISK_WEIGHTS or word in KNOWN_ENDS)
    for event in events:
        if isinstance(event, Answer):
            if event.model:
                yield "model", event.model
            yield from (("tool", call.tool) for call in event.calls)
        elif isinstance(event, JourneyEntered):
            yield "journey", event.journey
        elif isinstance(event, PolicyDecision) and event.effect != "allow":
            yield "policy", event.policy
            yield "policy", event.policy.rpartition(".")[2]
    for annotation in annotations:
        yield from annotation_facets(annotation)
    if any(signal in happened for signal in RISK_WEIGHTS):
        yield "is", "suspicious"


def annotation_facets(annotation: Annotation) -> Iterator[tuple[str, str]]:
    """Yield the facets of an annotation."""
    yield "is", "annotated"
    yield from (("annotation", value) for value in (annotation.severity, annotation.cause, annotation.kind))


def tag_facets(tags: Iterable[str]) -> set[tuple[str, str]]:
    """Return the facets of tags."""
    found = {("tag", tag) for tag in tags}
    return found | {("is", "tagged")} if found else found


def transcript_facets(found: Transcript, state: str) -> frozenset[tuple[str, str]]:
    """Return the facets of a transcript except tags, annotations and steps; `state` may be "import"."""
    versions = {version for version in (found.accepted_code, *found.code.values()) if version}
    return frozenset({
        ("agent", found.agent), ("kind", found.kind), ("is", state),
        ("in", "imports" if state == "import" else "transcripts"), *(("version", v) for v in versions),
        *source_facets(found.source),
    })  # fmt: skip


def full_text(id: str, title: str, summary: ConversationSummary) -> str:
    """Return the searchable text."""
    return f"{id}\n{title}\n{summary.words}"


def searchable(found: Transcript) -> Searchable:
    """Return a transcript as a query sees it, with the tags and annotations of its file."""
    summary = summarize(found.events, found.annotations)
    facets = transcript_facets(found, found.state) | summary.facets | tag_facets(found.tags)
    return Searchable(facets, full_text(search_id(found), found.title or found.id, summary))


def search_id(found: Transcript) -> str:
    """Return the ids of a transcript, its own and those of its log, as searchable text."""
    return " ".join([found.id, *source_ids(found.source)])


def _words(events: list[AnyEvent], annotations: list[Annotation]) -> Iterator[str]:
    """Yield the texts of a conversation, without tool results, which would dominate."""
    last = ""
    for event in events:
        if isinstance(event, UserMessage):
            yield str(event.text)
        elif isinstance(event, Answer):
            last = event.text
            yield from (last, event.thinking)
            for call in event.calls:
                yield call.tool
                yield from _plain(call.args)
        elif isinstance(event, PartialAnswer):
            yield from (str(event.text), str(event.thinking))
        elif isinstance(event, Reply):
            if event.text != last:
                yield str(event.text)
        elif isinstance(event, PolicyDecision):
            if event.effect != "allow":
                yield f"{event.policy} {event.reason}"
        elif isinstance(event, HandedOff):
            yield event.reason
        elif isinstance(event, Fault):
            yield f"{event.name} {event.message}"
    for annotation in annotations:
        yield f"{annotation.note} {annotation.expected}"


def _plain(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for part in value.values():
            yield from _plain(part)
    elif isinstance(value, list):
        for part in value:
            yield from _plain(part)
    elif value is not None:
        yield str(value)
