"""Edits of a regular expression: without an alternative, or with a changed limit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{(\d+)?(,)?(\d+)?\}|\(\?[a-zA-Z]+\)|[(|)]|.", re.S)


class RegexEdit(NamedTuple):
    """The `text` that replaces pattern[start:end]."""

    start: int
    end: int
    text: str


def without_alternatives(pattern: str) -> Iterator[RegexEdit]:
    """Yield edits that remove one alternative, of the whole pattern and of every group."""
    groups: list[list[int]] = [[0]]  # for each open group: the starts of its alternatives
    for token in _TOKEN.finditer(pattern):
        match token[0]:
            case "(":
                groups.append([_inside(pattern, token.end())])
            case "|":
                groups[-1].append(token.end())
            case ")" if len(groups) > 1:
                yield from _each_removed(groups.pop(), token.start())
    yield from _each_removed(groups[0], len(pattern))


def _inside(pattern: str, at: int) -> int:
    """Return the start of the content of a group: after `?:`, `?P<name>`, `?<=` etc."""
    kind = re.compile(r"\?(?:P<\w+>|<?[=!]|[:>]|[a-zA-Z-]+:)").match(pattern, at)
    return kind.end() if kind else at


def _each_removed(starts: list[int], end: int) -> Iterator[RegexEdit]:
    if len(starts) > 1:
        for start, stop in zip(starts, [*starts[1:], end + 1], strict=True):
            last = stop > end
            yield RegexEdit(start - last, end if last else stop, "")


def shifted_quantifiers(pattern: str) -> Iterator[RegexEdit]:
    """Yield edits that increase or decrease a number in braces; only valid patterns."""
    for token in _TOKEN.finditer(pattern):
        for group in (1, 3):
            number = token[group] if token[0].startswith("{") else None
            for moved in (int(number) - 1, int(number) + 1) if number else ():
                start, end = token.span(group)
                if moved >= 0 and is_valid_regex(pattern[:start] + str(moved) + pattern[end:]):
                    yield RegexEdit(start, end, str(moved))


def is_valid_regex(text: str) -> bool:
    """Return whether a text is a valid regular expression."""
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError):
        return False
    return True
