"""Switching a part of an agent off, to see what it is good for: a policy, a tool, a paragraph of a prompt.

The agent on disk stays as it is; `without()` makes a copy that lacks the parts.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from ..authoring.agent import Agent
from ..trace.blobs import Span

Kind = Literal["policy", "tool", "text"]


class Off(msgspec.Struct, frozen=True):
    """Something switched off: a policy by its full name, a tool by its name, a text as `paragraphs()` names it."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Paragraph(msgspec.Struct, frozen=True):
    """A paragraph of the persona or of a manual: its name, its place, its words."""

    name: str
    source: str
    text: str


def paragraphs(agent: Agent) -> list[Paragraph]:
    """All paragraphs of the prompt, in order. A name is the title of its section and a number."""
    found: list[Paragraph] = []
    for span in _spans(agent):
        file, _, line = span.source.rpartition(":")
        at = 0
        for number, text in enumerate(_split(span), 1):
            at = span.text.index(text, at)
            where = f"{file}:{int(line) + span.text.count(chr(10), 0, at)}" if line.isdigit() else span.source
            found.append(Paragraph(_name(span, number), where, text))
    return found


def _spans(agent: Agent) -> list[Span]:
    return [*agent.persona_spans, *(span for j in agent.journeys.values() for span in j.spans)]


def _split(span: Span) -> list[str]:
    return [part for part in (p.strip("\n") for p in span.text.split("\n\n")) if part.strip()]


def _name(span: Span, number: int) -> str:
    return f"{span.title} ¶{number}"


def without(agent: Agent, off: Iterable[Off]) -> Agent:
    """The agent without these parts; the same one where there are none. An unknown name changes nothing."""
    gone = frozenset(off)
    if not gone:
        return agent
    left: Agent = _lacking(agent, gone)
    left.__dict__["persona_spans"] = _kept(agent.persona_spans, gone)
    left.journeys = {}
    for name, journey in agent.journeys.items():
        one = _lacking(journey, gone)
        one.__dict__["spans"] = _kept(journey.spans, gone)
        left.journeys[name] = one
    return left


def _lacking(part: Any, gone: frozenset[Off]) -> Any:
    """A copy of an agent or a journey without the policies and tools that are off, with nothing worked out yet."""
    left = copy.copy(part)
    left.kept = {}
    left.policies = [p for p in part.policies if Off("policy", p.full_name) not in gone]
    left.tools = {n: t for n, t in part.tools.items() if Off("tool", n) not in gone}
    return left


def _kept(spans: Iterable[Span], gone: frozenset[Off]) -> tuple[Span, ...]:
    kept: list[Span] = []
    for span in spans:
        parts = _split(span)
        left = [p for n, p in enumerate(parts, 1) if Off("text", _name(span, n)) not in gone]
        if len(left) == len(parts):
            kept.append(span)
        elif left:
            kept.append(span._replace(text="\n\n".join(left)))
    return tuple(kept)
