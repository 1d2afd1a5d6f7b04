"""Disable parts of an agent to measure their effect: policies, tools, prompt_paragraphs of the prompt.

`without_parts()` returns a copy; the agent on disk is not changed.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from ..authoring.agent import Agent
from ..trace.blobs import PromptSection

Kind = Literal["policy", "tool", "text"]


class DisabledPart(msgspec.Struct, frozen=True):
    """A disabled part: a policy by its full name, a tool by its name, a text as named by `prompt_paragraphs()`."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class PromptParagraph(msgspec.Struct, frozen=True):
    """A paragraph of the persona or of a manual: its name, "file:line" and text."""

    name: str
    source: str
    text: str


def prompt_paragraphs(agent: Agent) -> list[PromptParagraph]:
    """Return all prompt_paragraphs of the prompt, in order; a name is the title of the section and a number."""
    found: list[PromptParagraph] = []
    for section in _sections(agent):
        file, _, line = section.source.rpartition(":")
        at = 0
        for number, text in enumerate(_split(section), 1):
            at = section.text.index(text, at)
            where = (
                f"{file}:{int(line) + section.text.count(chr(10), 0, at)}" if line.isdigit() else section.source
            )
            found.append(PromptParagraph(_name(section, number), where, text))
    return found


def _sections(agent: Agent) -> list[PromptSection]:
    return [*agent.persona_sections, *(section for j in agent.journeys.values() for section in j.sections)]


def _split(section: PromptSection) -> list[str]:
    return [part for part in (p.strip("\n") for p in section.text.split("\n\n")) if part.strip()]


def _name(section: PromptSection, number: int) -> str:
    return f"{section.title} ¶{number}"


def without_parts(agent: Agent, off: Iterable[DisabledPart]) -> Agent:
    """Return a copy of the agent without these parts; the agent itself if there are none.

    Unknown names are ignored.
    """
    gone = frozenset(off)
    if not gone:
        return agent
    left: Agent = _copy_without(agent, gone)
    left.__dict__["persona_sections"] = _remaining(agent.persona_sections, gone)
    left.journeys = {}
    for name, journey in agent.journeys.items():
        one = _copy_without(journey, gone)
        one.__dict__["sections"] = _remaining(journey.sections, gone)
        left.journeys[name] = one
    return left


def _copy_without(part: Any, gone: frozenset[DisabledPart]) -> Any:
    """Copy an agent or a journey without the disabled policies and tools, and with an empty cache."""
    left = copy.copy(part)
    left.cache = {}
    left.policies = [p for p in part.policies if DisabledPart("policy", p.full_name) not in gone]
    left.tools = {n: t for n, t in part.tools.items() if DisabledPart("tool", n) not in gone}
    return left


def _remaining(sections: Iterable[PromptSection], gone: frozenset[DisabledPart]) -> tuple[PromptSection, ...]:
    kept: list[PromptSection] = []
    for section in sections:
        parts = _split(section)
        left = [p for n, p in enumerate(parts, 1) if DisabledPart("text", _name(section, n)) not in gone]
        if len(left) == len(parts):
            kept.append(section)
        elif left:
            kept.append(section._replace(text="\n\n".join(left)))
    return tuple(kept)
