"""A transcript: a saved conversation with its annotations and expectations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from ..plain import content_hash
from ..trace.events import Answer, AnyEvent, Prompt, ToolResult, UserMessage
from ..trace.setup import Setup
from ..trace.step_id import StepId
from ..trace.trace import Trace
from .expectation import Expectation
from .migrations import FORMAT, PREFIX


def expects_prompt_change(transcript: Transcript) -> bool:
    """Whether it is a mistake of what the model was told: that the prompt changes is what it asks for."""
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
FAULTS: tuple[str, ...] = Cause.__args__  # type: ignore[attr-defined]
SEVERITIES: tuple[str, ...] = Severity.__args__  # type: ignore[attr-defined]
MARK_KINDS: tuple[str, ...] = ErrorKind.__args__  # type: ignore[attr-defined]


class Annotation(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A judgement pinned to one step. `at` is a place such as "3.1.2"; `should` what should have happened."""

    step: str
    fault: Cause = "agent"
    severity: Severity = "critical"
    kind: ErrorKind = "other"
    note: str = ""
    expected: str = ""


class Transcript(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """A saved conversation. A mistake has one expectation, at its marked place; a guard none newly changed.

    `passed_on` is the code hash a mistake was accepted on: empty while it is
    open, set once it guards. `recording` names the conversation it was saved
    from, so that two transcripts of one recording know each other. `code` maps
    the agent's files to their hashes at the time of recording.
    """

    schema: str
    id: str
    kind: Literal["mistake", "golden"]
    title: str = ""
    agent: str
    tags: list[str] = []
    accepted_code: str = ""
    reason: str = ""
    expectations: list[Expectation] = []
    annotations: list[Annotation] = []
    source: dict[str, Any] = {}
    recording_id: str = ""
    code: dict[str, str] = {}
    setup: Setup
    events: list[AnyEvent]
    blobs: dict[str, Any] = {}

    @property
    def trace(self) -> Trace:
        return Trace(self.events, self.blobs)

    @property
    def annotated_step(self) -> StepId | None:
        """The marked place of a mistake; None for a guard."""
        if self.kind == "golden" or not self.expectations:
            return None
        return StepId.parse(self.expectations[0].step)

    @property
    def state(self) -> str:
        """guard | open | guarding."""
        return "golden" if self.kind == "golden" else "fixed" if self.accepted_code else "open"


def hash_recording(events: list[AnyEvent], setup: Setup) -> str:
    """What two transcripts of one recording share: the hash of its customer's words, answers and results."""
    kept = [msgspec.to_builtins(s) for s in events if isinstance(s, UserMessage | Answer | ToolResult)]
    for step in kept:
        step.pop("usage", None)
    return content_hash([msgspec.to_builtins(setup), kept])


def expectations_hash(transcript: Transcript) -> str:
    """The hash of what a transcript expects."""
    return content_hash(msgspec.to_builtins(transcript.expectations))


def prompt_hash(setup: Setup, events: Iterable[AnyEvent]) -> str:
    """The hash of all that a model is asked with: the customer's words, and every prompt of a run."""
    told: list[Any] = [msgspec.to_builtins(setup)]
    for event in events:
        if isinstance(event, UserMessage):
            told.append(str(event.text))
        elif isinstance(event, Prompt):
            told.append([event.sections, event.tools])
    return content_hash(told)


def without_usage(events: Iterable[AnyEvent]) -> list[AnyEvent]:
    """The steps without what is volatile."""
    return [msgspec.structs.replace(s, usage=None) if isinstance(s, Answer) else s for s in events]
