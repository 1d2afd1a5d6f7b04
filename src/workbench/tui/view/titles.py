"""Titles and ids in a list: cut so that what tells them from each other stays visible."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise, takewhile

from ...text import display_width
from .text import cut

MIN_HEAD = 6  # cells of the beginning that stay


def cut_middle(text: str, cells: int) -> str:
    """Cut a text to at most `cells` cells, in the middle: two thirds are its beginning, the rest its end."""
    if display_width(text) <= cells:
        return text
    tail = _end(text, (cells - 1) // 3)
    head = cut(text, cells - display_width(tail))
    return head.removesuffix("…").rstrip() + "…" + tail.lstrip() if cells > 0 else ""


def cut_apart(text: str, at: int, cells: int, head: int = MIN_HEAD) -> str:
    """Cut a text so that its end, the word at `at` and `head` cells of its beginning stay visible."""
    if display_width(text) <= cells:
        return text
    start = max(text.rfind(" ", 0, at), text.rfind("-", 0, at)) + 1
    if start < cells * 2 // 3 - MIN_HEAD:
        return cut_middle(text, cells)
    tail = text[start:]
    room = max(cells - display_width(tail), min(head, cells // 2), 1)
    return cut(text, room).removesuffix("…").rstrip() + "…" + cut_middle(tail, cells - room)


def _end(text: str, cells: int) -> str:
    """Return as much of the end of a text as fits."""
    size = 0
    for index in range(len(text) - 1, -1, -1):
        size += display_width(text[index])
        if size > cells:
            return text[index + 1 :]
    return text


def differences(texts: Mapping[str, str]) -> dict[str, int]:
    """Return by key where each text begins to differ from the one most like it."""
    order = sorted(texts, key=lambda key: texts[key].casefold())
    found = dict.fromkeys(order, 0)
    for one, other in pairwise(order):
        pairs = zip(texts[one].casefold(), texts[other].casefold(), strict=False)
        at = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        found[one], found[other] = max(found[one], at), at
    return found
