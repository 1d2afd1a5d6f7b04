"""Two texts as one: what went, what came, and the words in which they differ."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from .text import Line, Span, clean, wrap

MAX_LINES = 400  # of each text
MAX_SHOWN = 80  # lines of one difference
MAX_WORDS = 300  # of a line whose words are compared
ALIKE = 0.4  # from which two lines are one line that was changed

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


def diff(old: str, new: str, width: int, context: int = 1) -> list[Line]:
    """The lines that went (-) and came (+), with `context` lines around them; [] for equal texts."""
    before, after = (clean(text).split("\n") if text else [] for text in (old, new))
    lines: list[Line] = []
    for bits in _changes(before[:MAX_LINES], after[:MAX_LINES], context):
        lines += wrap(bits, width, 2)
        if len(lines) > MAX_SHOWN:
            return [*lines[:MAX_SHOWN], (Span("… more lines differ", "dim"),)]
    if max(len(before), len(after)) > MAX_LINES:
        lines.append((Span(f"… only the first {MAX_LINES} lines were compared", "dim"),))
    return lines


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
    """Lines that took the place of as many: the words that differ stand out."""
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
