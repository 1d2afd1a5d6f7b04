"""Edits of source text, made by position."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple


class Edit(NamedTuple):
    """The `text` that replaces the bytes start:end of a file."""

    start: int
    end: int
    text: str


class SourceText:
    """The bytes of a file, with the positions of the nodes of its syntax tree."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    @cached_property
    def _lines(self) -> list[int]:
        starts = [0]
        for line in self.data.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        return starts

    def start(self, node: ast.AST) -> int:
        """Return the offset of a node."""
        return self._lines[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined,no-any-return]

    def end(self, node: ast.AST) -> int:
        """Return the offset after a node."""
        return self._lines[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined,no-any-return]

    def of(self, node: ast.AST) -> str:
        """Return the source of a node."""
        return self.data[self.start(node) : self.end(node)].decode()

    def line_at(self, offset: int) -> int:
        return self.data.count(b"\n", 0, offset) + 1

    def replaced(self, node: ast.AST, text: str) -> Edit:
        """Replace a node."""
        return Edit(self.start(node), self.end(node), text)

    def between(self, left: ast.AST, right: ast.AST, old: str, new: str) -> Iterator[Edit]:
        """Replace the operator between two nodes."""
        start = self.end(left)
        gap = self.data[start : self.start(right)].decode()
        token = r"\b" + r"\s+".join(old.split()) + r"\b" if old[0].isalpha() else re.escape(old)
        found = re.search(token, gap)
        if found:
            yield Edit(start + len(gap[: found.start()].encode()), start + len(gap[: found.end()].encode()), new)

    def without(self, items: list[ast.AST], index: int, whole: ast.AST) -> Edit:
        """Remove one of several items, with its separator and its own brackets."""
        spans = [self._outer(item, whole) for item in items]
        if index:
            return Edit(spans[index - 1][1], spans[index][1], "")
        return Edit(spans[0][0], spans[1][0] if len(spans) > 1 else spans[0][1], "")

    def _outer(self, node: ast.AST, whole: ast.AST) -> tuple[int, int]:
        start, end = self.start(node), self.end(node)
        while True:
            before, after = self.data[:start].rstrip(), self.data[end:]
            left, right = len(before) - 1, len(self.data) - len(after.lstrip())
            inside = left >= self.start(whole) and right < self.end(whole)
            if not (inside and before.endswith(b"(") and self.data[right : right + 1] == b")"):
                return start, end
            start, end = left, right + 1


class MutationSite(NamedTuple):
    """A node, its parent, and their source. `within`: the role of the definition."""

    node: ast.AST
    parent: ast.AST
    text: SourceText
    within: str
