"""A transcript: a saved conversation with its annotations and expectations."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from ..plain import content_hash
from ..trace.events import Answer, AnyEvent, PartialAnswer, Prompt, ToolResult, Usage, UserMessage
from ..trace.setup import Setup
from ..trace.step_id import StepId
from ..trace.trace import Trace
from .expectation import Expectation
from .migrations import FORMAT, PREFIX


def expects_prompt_change(transcript: Transcript) -> bool:
    """Return whether it is a mistake about the prompt, whose expectation requires a prompt change."""
    return transcript.kind == "mistake" and transcript.expectations[0].kind.startswith("prompt_")


SCHEMA = f"{PREFIX}{FORMAT}"

Cause = Literal["agent", "policy", "tool", "user", "world", "test"]
Severity = Literal["critical", "minor"]
ErrorKind = Literal[
    "hallucination",
    "incorrect_interpretation",
    "guideline_violation",
    "revealed_info_early",
    "inconsistent_behavior",
    "tool_call_schema_error",
    "tool_call_argument_error",
    "irrelevant_tool_call",
    "premature_termination",
    "missed_required_action",
    "wrong_sequence",
    "other",
]
CAUSES: tuple[str, ...] = Cause.__args__  # type: ignore[attr-defined]
SEVERITIES: tuple[str, ...] = Severity.__args__  # type: ignore[attr-defined]
ERROR_KINDS: tuple[str, ...] = ErrorKind.__args__  # type: ignore[attr-defined]


class Annotation(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A person's judgement of one step."""

    step: str
    """The step id, for example "3.1.2"."""
    cause: Cause = "agent"
    """The part that is responsible for the mistake."""
    severity: Severity = "critical"
    kind: ErrorKind = "other"
    note: str = ""
    """A description of the mistake, in the person's words."""
    expected: str = ""
    """The correct behavior, in the person's words."""


class Transcript(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """A saved conversation.

    A mistake has one expectation; a golden transcript passes if nothing in it changed.
    """

    schema: str
    """The transcript format, for example "workbench.transcript/1"."""
    id: str
    """Unique in the project."""
    kind: Literal["mistake", "golden"]
    title: str = ""
    agent: str
    tags: list[str] = []
    accepted_code: str = ""
    """The code hash on which a mistake was accepted as fixed; "" while it is open."""
    reason: str = ""
    """The reason for accepting the current behavior."""
    expectations: list[Expectation] = []
    annotations: list[Annotation] = []
    source: dict[str, Any] = {}
    """The origin: {"model"} of a saved conversation, {"format", "file", ...} of an imported one."""
    recording_id: str = ""
    """Identifies the recording: equal for all transcripts saved from one conversation."""
    code: dict[str, str] = {}
    """Hashes of the agent's files at the time of recording, by path."""
    setup: Setup
    events: list[AnyEvent]
    blobs: dict[str, Any] = {}
    """Large texts and schemas by hash."""

    @property
    def trace(self) -> Trace:
        return Trace(self.events, self.blobs)

    @property
    def annotated_step(self) -> StepId | None:
        """Return the step of a mistake's expectation; None for a golden transcript."""
        if self.kind == "golden" or not self.expectations:
            return None
        return StepId.parse(self.expectations[0].step)

    @property
    def state(self) -> str:
        """Return golden, open or fixed."""
        return "golden" if self.kind == "golden" else "fixed" if self.accepted_code else "open"


def hash_recording(events: list[AnyEvent], setup: Setup) -> str:
    """Return the hash that identifies a recording: of its customer messages, answers and results."""
    kept = [msgspec.to_builtins(s) for s in events if isinstance(s, UserMessage | Answer | ToolResult)]
    for step in kept:
        step.pop("usage", None)
    return content_hash([msgspec.to_builtins(setup), kept])


def expectations_hash(transcript: Transcript) -> str:
    """Return the hash of the expectations of a transcript."""
    return content_hash(msgspec.to_builtins(transcript.expectations))


def prompt_hash(setup: Setup, events: Iterable[AnyEvent]) -> str:
    """Return the hash of a model's input: the setup, the customer's messages and every prompt of a run."""
    parts: list[Any] = [msgspec.to_builtins(setup)]
    for event in events:
        if isinstance(event, UserMessage):
            parts.append(str(event.text))
        elif isinstance(event, Prompt):
            parts.append([event.sections, event.tools])
    return content_hash(parts)


def with_saved_usage(events: Iterable[AnyEvent]) -> list[AnyEvent]:
    """Return the events with only the usage that limits count: output tokens, and tenths of a second.

    The seconds are rounded down, so that their sum is not longer than the turn was.
    """
    return [
        msgspec.structs.replace(s, usage=_saved(s.usage)) if isinstance(s, Answer | PartialAnswer) else s
        for s in events
    ]


def _saved(usage: Usage | None) -> Usage | None:
    if usage is None or not (usage.tokens_out or usage.seconds):
        return None
    return Usage(tokens_out=usage.tokens_out, seconds=math.floor(usage.seconds * 10) / 10)
