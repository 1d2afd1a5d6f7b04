"""A transcript: a saved conversation with its annotations and expectations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from ..plain import digest
from ..trace.events import Answer, AnyStep, Prompt, Result, UserMessage
from ..trace.setup import Setup
from ..trace.step_id import Place
from ..trace.trace import Trace
from .expectation import Expectation
from .migrations import FORMAT, PREFIX


def names_prompt(transcript: Transcript) -> bool:
    """Whether it is a mistake of what the model was told: that the prompt changes is what it asks for."""
    return transcript.kind == "mistake" and transcript.expectations[0].expect.startswith("prompt_")


SCHEMA = f"{PREFIX}{FORMAT}"

MarkFault = Literal["agent", "policy", "tool", "user", "world", "test"]
Severity = Literal["critical", "minor"]
MarkKind = Literal[
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
FAULTS: tuple[str, ...] = MarkFault.__args__  # type: ignore[attr-defined]
SEVERITIES: tuple[str, ...] = Severity.__args__  # type: ignore[attr-defined]
MARK_KINDS: tuple[str, ...] = MarkKind.__args__  # type: ignore[attr-defined]


class Mark(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A judgement pinned to one step. `at` is a place such as "3.1.2"; `should` what should have happened."""

    at: str
    fault: MarkFault = "agent"
    severity: Severity = "critical"
    kind: MarkKind = "other"
    note: str = ""
    should: str = ""


class Transcript(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """A saved conversation. A mistake has one expectation, at its marked place; a guard none newly changed.

    `passed_on` is the code hash a mistake was accepted on: empty while it is
    open, set once it guards. `recording` names the conversation it was saved
    from, so that two transcripts of one recording know each other. `code` maps
    the agent's files to their hashes at the time of recording.
    """

    schema: str
    id: str
    kind: Literal["mistake", "guard"]
    title: str = ""
    agent: str
    tags: list[str] = []
    passed_on: str = ""
    why: str = ""
    expectations: list[Expectation] = []
    marks: list[Mark] = []
    source: dict[str, Any] = {}
    recording: str = ""
    code: dict[str, str] = {}
    setup: Setup
    steps: list[AnyStep]
    exhibits: dict[str, Any] = {}

    @property
    def trace(self) -> Trace:
        return Trace(self.steps, self.exhibits)

    @property
    def place(self) -> Place | None:
        """The marked place of a mistake; None for a guard."""
        if self.kind == "guard" or not self.expectations:
            return None
        return Place.parse(self.expectations[0].at)

    @property
    def state(self) -> str:
        """guard | open | guarding."""
        return "guard" if self.kind == "guard" else "guarding" if self.passed_on else "open"


def recording_id(steps: list[AnyStep], setup: Setup) -> str:
    """What two transcripts of one recording share: the hash of its customer's words, answers and results."""
    kept = [msgspec.to_builtins(s) for s in steps if isinstance(s, UserMessage | Answer | Result)]
    for step in kept:
        step.pop("meter", None)
    return digest([msgspec.to_builtins(setup), kept])


def expects(transcript: Transcript) -> str:
    """The hash of what a transcript expects."""
    return digest(msgspec.to_builtins(transcript.expectations))


def prompt_seal(setup: Setup, steps: Iterable[AnyStep]) -> str:
    """The hash of all that a model is asked with: the customer's words, and every prompt of a run."""
    told: list[Any] = [msgspec.to_builtins(setup)]
    for step in steps:
        if isinstance(step, UserMessage):
            told.append(str(step.text))
        elif isinstance(step, Prompt):
            told.append([step.spans, step.tools])
    return digest(told)


def still(steps: Iterable[AnyStep]) -> list[AnyStep]:
    """The steps without what is volatile."""
    return [msgspec.structs.replace(s, meter=None) if isinstance(s, Answer) else s for s in steps]
