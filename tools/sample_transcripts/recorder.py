"""Run the conversation of a sample and make the transcript that a person would save."""

from __future__ import annotations

import itertools

import msgspec

from workbench.models.rehearsal import RehearsalModel
from workbench.runtime.agent_files import code_hash, file_hashes
from workbench.runtime.loader import LoadedAgent
from workbench.testing import Blocks, ScriptedModel, load_agent, run_conversation
from workbench.text import slug
from workbench.trace.events import Answer, AnyEvent, Reply, UserMessage
from workbench.transcripts.redaction import Redactor, redact
from workbench.transcripts.transcript import SCHEMA, Transcript, hash_recording

from .sample import AGENT, JOURNEYS, Sample


def agent_for(sample: Sample) -> LoadedAgent:
    """The agent that this conversation is had with."""
    loaded = load_agent(JOURNEYS, AGENT)
    if sample.broken is not None:
        sample.broken(loaded.agent)
    return loaded


def record(sample: Sample) -> Transcript:
    """Have the conversation, and keep it as a person would save it."""
    loaded = agent_for(sample)
    model = ScriptedModel(*numbered(sample.answers)) if sample.answers else RehearsalModel(loaded.agent)
    ran = run_conversation(
        loaded, sample.fixture, *sample.said, model=model, clock=sample.clock, customer=sample.customer
    )
    events: list[AnyEvent] = list(ran.trace)
    at = place_of(sample.at, events) if sample.at else ""
    setup = ran.setup
    transcript = Transcript(
        schema=SCHEMA,
        id=slug(sample.title),
        kind="mistake" if sample.is_mistake else "golden",
        title=sample.title,
        agent=AGENT,
        tags=list(sample.tags),
        accepted_code=code_hash(JOURNEYS, AGENT) if sample.is_mistake and not sample.open else "",
        expectations=[
            *([msgspec.structs.replace(sample.expect, step=at)] if sample.expect else []),
            *(msgspec.structs.replace(each, step=place_of(each.step, events)) for each in sample.holds),
        ],
        annotations=[msgspec.structs.replace(sample.mark, step=at)] if sample.mark else [],
        source={"model": model.name},
        recording_id=hash_recording(events, setup),
        code=file_hashes(JOURNEYS, AGENT),
        setup=setup,
        events=events,
        blobs=ran.trace.blobs,
    )
    return redact(transcript, Redactor())


def numbered(answers: tuple[Blocks | str, ...]) -> list[Blocks | str]:
    """The answers, every call with an id of its own."""
    count = itertools.count(1)
    return [
        answer if isinstance(answer, str) else [{**b, "id": b.get("id") or f"call_{next(count)}"} for b in answer]
        for answer in answers
    ]


def place_of(what: str, events: list[AnyEvent]) -> str:
    """The place of the last call of a tool, of the last message, or of the last reply."""
    found = ""
    for event in events:
        if isinstance(event, Answer):
            for call in event.calls:
                if call.tool == what:
                    found = f"{event.turn}.{event.answer}.{call.number}"
        elif isinstance(event, UserMessage if what == "message" else Reply) and what in ("message", "reply"):
            found = str(event.step_id)
    assert found, f"nobody did {what} in this conversation"
    return found
