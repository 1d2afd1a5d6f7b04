"""A regular expression made to catch less, or one more or less: an alternative gone, a limit moved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{(\d+)?(,)?(\d+)?\}|\(\?[a-zA-Z]+\)|[(|)]|.", re.S)


class RegexEdit(NamedTuple):
    """What to put in the place of pattern[start:end]."""

    start: int
    end: int
    text: str


def without_alternatives(pattern: str) -> Iterator[RegexEdit]:
    """Each alternative taken out, of the whole and of every group that has several."""
    groups: list[list[int]] = [[0]]  # of each open group: where its alternatives begin
    for token in _TOKEN.finditer(pattern):
        match token[0]:
            case "(":
                groups.append([_inside(pattern, token.end())])
            case "|":
                groups[-1].append(token.end())
            case ")" if len(groups) > 1:
                yield from _each_out(groups.pop(), token.start())
    yield from _each_out(groups[0], len(pattern))


def _inside(pattern: str, at: int) -> int:
    """Where the content of a group begins: after `?:`, `?P<name>`, `?<=` and their like."""
    kind = re.compile(r"\?(?:P<\w+>|<?[=!]|[:>]|[a-zA-Z-]+:)").match(pattern, at)
    return kind.end() if kind else at


def _each_out(starts: list[int], end: int) -> Iterator[RegexEdit]:
    if len(starts) > 1:
        for start, stop in zip(starts, [*starts[1:], end + 1], strict=True):
            last = stop > end
            yield RegexEdit(start - last, end if last else stop, "")


def shifted_quantifiers(pattern: str) -> Iterator[RegexEdit]:
    """Each number in braces, one less and one more; only what is still a pattern."""
    for token in _TOKEN.finditer(pattern):
        for group in (1, 3):
            number = token[group] if token[0].startswith("{") else None
            for moved in (int(number) - 1, int(number) + 1) if number else ():
                start, end = token.span(group)
                if moved >= 0 and is_valid_regex(pattern[:start] + str(moved) + pattern[end:]):
                    yield RegexEdit(start, end, str(moved))


def is_valid_regex(text: str) -> bool:
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError):
        return False
    return True
