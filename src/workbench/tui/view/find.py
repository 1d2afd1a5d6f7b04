"""Search in lines as they are shown, and in rows including the text that is not visible."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from ...trace.steps import Step
from .end_lines import end_text
from .rows import Row
from .text import JSON_WORDS, Line, Span, clean, plain

WHOLE = 10**9  # characters: a text is searched completely, even if only a part is shown


@dataclass(frozen=True)
class SearchPhrase:
    """A phrase to search for. Case matters if it contains a capital; any white space matches one blank."""

    text: str = ""

    def __bool__(self) -> bool:
        return bool(self.text.strip())

    @cached_property
    def folded(self) -> str:
        return re.sub(r"\s+", " ", self.text)

    @cached_property
    def exact(self) -> bool:
        return self.folded != self.folded.lower()

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(re.escape(self.folded), 0 if self.exact else re.IGNORECASE)

    def spans(self, text: str) -> list[tuple[int, int]]:
        return [found.span() for found in self._pattern.finditer(text)]

    def on(self, line: Line) -> bool:
        return self._pattern.search(plain(line)) is not None

    def within(self, text: Text) -> bool:
        return self.folded in (text.whole if self.exact else text.lower)


def highlight(line: Line, words: SearchPhrase) -> Line:
    """Add the role "hit" to the matches in a line."""
    spans = words.spans(plain(line))
    if not spans:
        return line
    edges = sorted({edge for span in spans for edge in span})
    bits: list[Span] = []
    at = 0
    for text, role in line:
        cuts = [0, *(edge - at for edge in edges if at < edge < at + len(text)), len(text)]
        for start, end in pairwise(cuts):
            hit = any(a <= at + start < b for a, b in spans)
            bits.append(Span(text[start:end], f"{role} hit" if hit else role))
        at += len(text)
    return tuple(bits)


class Text:
    """The searchable text of a row."""

    __slots__ = ("lower", "whole")

    def __init__(self, parts: Iterable[str]) -> None:
        self.whole = " ".join(clean(" ".join(parts), WHOLE).split())
        self.lower = self.whole.lower()


class Texts:
    """A cache of the texts of rows. Rows are immutable, so it needs no invalidation."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[Row, Text]] = {}

    def of(self, row: Row) -> Text:
        kept = self._kept.get(id(row))
        if kept is None or kept[0] is not row:
            kept = self._kept[id(row)] = (row, Text(searchable_text(row)))
        return kept[1]


def searchable_text(row: Row) -> list[str]:
    """Return all texts of a row: messages, names, arguments, results, reasons."""
    step = row.step
    if row.part == "fault" and row.fault is not None:
        return [row.fault.origin, row.fault.name, row.fault.message, row.fault.where]
    if row.part == "handoff" and row.handoff is not None:
        return [row.handoff.by, row.handoff.reason]
    if row.part == "end" and row.end is not None:
        return [end_text(row.end)]
    if step is None:
        return []
    if row.part == "think":
        return [step.reasoning]
    if row.part == "policy":
        chosen = [row.decision] if row.decision else [d for d in step.decisions if d.effect == "allow"]
        return [text for d in chosen for text in (d.policy, d.reason)]
    if row.part == "act":
        return _action(step)
    return [step.reasoning, *_action(step), *(text for d in step.decisions for text in (d.policy, d.reason))]


def _action(step: Step) -> list[str]:
    """Return the customer's message, the call with its result, or the reply."""
    texts: list[str] = [str(step.message.text)] if step.message is not None else []
    if step.call is not None:
        texts += [
            step.call.tool,
            flat(step.call.shown_args),
            flat(step.args) if step.args != step.call.args else "",
        ]
    elif step.answer is not None:
        texts.append(step.answer.text)
    if step.partial is not None:
        texts.append(str(step.partial.text))
    if step.result is not None:
        texts += [flat(step.result.value), step.result.output]
    if step.reply is not None:
        texts.append(str(step.reply.text))
    return [*texts, *(fault.message for fault in step.faults)]


def flat(thing: Any) -> str:
    """Return a plain value as one text, without a limit."""
    if isinstance(thing, str):
        return thing
    if isinstance(thing, dict):
        return ", ".join(f"{key}={flat(value)}" for key, value in thing.items())
    if isinstance(thing, list | tuple):
        return ", ".join(flat(value) for value in thing)
    return JSON_WORDS[thing] if thing is None or isinstance(thing, bool) else str(thing)
