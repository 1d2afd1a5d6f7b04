"""The differences between two texts: removed lines, added lines, and the words that differ."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from .paragraphs import Block, paragraph
from .text import Span, clean

MAX_LINES = 400  # of each text
MAX_SHOWN = 80  # lines of one difference
MAX_WORDS = 300  # of a line whose words are compared
ALIKE = 0.4  # from which two lines are one line that was changed

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


def diff(old: str, new: str, context: int = 1) -> list[Block]:
    """Return the removed (-) and added (+) lines with `context` lines around them; [] for equal texts."""
    before, after = (clean(text).split("\n") if text else [] for text in (old, new))
    found = [paragraph(*spans, indent=2) for spans in _changes(before[:MAX_LINES], after[:MAX_LINES], context)]
    blocks: list[Block] = [*found[:MAX_SHOWN]]
    if len(found) > MAX_SHOWN:
        blocks.append(paragraph(Span("… more lines differ", "dim")))
    elif max(len(before), len(after)) > MAX_LINES:
        blocks.append(paragraph(Span(f"… only the first {MAX_LINES} lines were compared", "dim")))
    return blocks


def _changes(old: list[str], new: list[str], context: int) -> Iterator[list[Span]]:
    groups = SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(context)
    for number, group in enumerate(groups):
        if number:
            yield [Span("⋯", "dim")]
        for what, i, j, k, n in group:
            if what == "equal":
                yield from ([Span(f"  {text}", "dim")] for text in old[i:j])
            elif j - i == n - k:
                yield from _replaced(old[i:j], new[k:n])
            else:
                yield from ([Span(f"- {text}", "bad")] for text in old[i:j])
                yield from ([Span(f"+ {text}", "good")] for text in new[k:n])


def _replaced(old: list[str], new: list[str]) -> Iterator[list[Span]]:
    """Show lines that replace as many others, with the differing words highlighted."""
    both = [_words(a, b) for a, b in zip(old, new, strict=True)]
    yield from (gone for gone, _ in both)
    yield from (come for _, come in both)


def _words(old: str, new: str) -> tuple[list[Span], list[Span]]:
    gone, come = [Span("- ", "bad")], [Span("+ ", "good")]
    a, b = _WORDS.findall(old), _WORDS.findall(new)
    match = SequenceMatcher(None, a, b, autojunk=False)
    if max(len(a), len(b)) > MAX_WORDS or match.ratio() < ALIKE:
        return [*gone, Span(old, "bad")], [*come, Span(new, "good")]
    for what, i, j, k, n in match.get_opcodes():
        same = what == "equal"
        gone.append(Span("".join(a[i:j]), "bad" if same else "gone"))
        come.append(Span("".join(b[k:n]), "good" if same else "come"))
    return gone, come
