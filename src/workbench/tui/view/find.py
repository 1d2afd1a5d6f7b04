"""What is looked for: in lines, which show it, and in rows, whose whole text counts, seen or not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from ...trace.steps import Move
from .rows import Row
from .step_lines import ended
from .text import Bit, Line, clean, plain

PLAIN = {True: "yes", False: "no"}
WHOLE = 10**9  # characters: a text is searched to its end, however little of it is shown


@dataclass(frozen=True)
class Words:
    """A phrase. Capitals count where it has any; blanks and line feeds are one blank."""

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


def highlight(line: Line, words: Words) -> Line:
    """A line with what was found in the role "hit", beside the role it had."""
    spans = words.spans(plain(line))
    if not spans:
        return line
    edges = sorted({edge for span in spans for edge in span})
    bits: list[Bit] = []
    at = 0
    for text, role in line:
        cuts = [0, *(edge - at for edge in edges if at < edge < at + len(text)), len(text)]
        for start, end in pairwise(cuts):
            hit = any(a <= at + start < b for a, b in spans)
            bits.append(Bit(text[start:end], f"{role} hit" if hit else role))
        at += len(text)
    return tuple(bits)


class Text:
    """The text of a row, as it is searched."""

    __slots__ = ("lower", "whole")

    def __init__(self, parts: Iterable[str]) -> None:
        self.whole = " ".join(clean(" ".join(parts), WHOLE).split())
        self.lower = self.whole.lower()


class Texts:
    """The texts of rows, made when first asked for. Rows are never changed, so neither are they."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[Row, Text]] = {}

    def of(self, row: Row) -> Text:
        kept = self._kept.get(id(row))
        if kept is None or kept[0] is not row:
            kept = self._kept[id(row)] = (row, Text(said(row)))
        return kept[1]


def said(row: Row) -> list[str]:
    """All that stands behind a row: words, names, arguments, results, reasons."""
    move = row.move
    if row.part == "fault" and row.fault is not None:
        return [row.fault.origin, row.fault.name, row.fault.message, row.fault.where]
    if row.part == "handoff" and row.handoff is not None:
        return [row.handoff.by, row.handoff.reason]
    if row.part == "end" and row.end is not None:
        return [ended(row.end)]
    if move is None:
        return []
    if row.part == "think":
        return [move.reasoning]
    if row.part == "policy":
        chosen = [row.decision] if row.decision else [d for d in move.decisions if d.verdict == "allow"]
        return [text for d in chosen for text in (d.policy, d.reason)]
    if row.part == "act":
        return _deed(move)
    return [move.reasoning, *_deed(move), *(text for d in move.decisions for text in (d.policy, d.reason))]


def _deed(move: Move) -> list[str]:
    """The customer's words, or the call with what came of it, or the reply."""
    texts: list[str] = [str(move.message.text)] if move.message is not None else []
    if move.call is not None:
        texts += [move.call.tool, flat(move.call.args), flat(move.args) if move.args != move.call.args else ""]
    elif move.answer is not None:
        texts.append(move.answer.text)
    if move.result is not None:
        texts += [flat(move.result.value), move.result.printed]
    if move.reply is not None:
        texts.append(str(move.reply.text))
    return [*texts, *(fault.message for fault in move.faults)]


def flat(thing: Any) -> str:
    """A plain value as one text, to its end."""
    if isinstance(thing, str):
        return thing
    if isinstance(thing, dict):
        return ", ".join(f"{key}={flat(value)}" for key, value in thing.items())
    if isinstance(thing, list | tuple):
        return ", ".join(flat(value) for value in thing)
    return "nothing" if thing is None else PLAIN.get(thing, "") if isinstance(thing, bool) else str(thing)
