"""A conversation as a query sees it: its facets, and its text as full-text search sees it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .header import TranscriptHeader

_MARKS = re.compile("[\u0300-\u036f]")  # accents on letters


def fold(text: str) -> bytes:
    """Return the bytes by which facets are compared: like SQLite's NOCASE, only ASCII letters ignore case."""
    return text.encode("utf-8", "surrogatepass").lower()


def tokens(text: str) -> str:
    """Return the words of a text, each surrounded by spaces: without case and accents, like SQLite's unicode61."""
    plain = unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFD", text.lower())))
    return f" {' '.join(''.join(c if c.isalnum() else ' ' for c in plain).split())} "


@dataclass(frozen=True)
class Searchable:
    """`facets` are (filter, value); `text` is the searchable text."""

    facets: frozenset[tuple[str, str]]
    text: str = ""

    def has(self, filter: str, value: str, whole: bool) -> bool:
        """Return whether a facet equals this value, or starts with it if not `whole`."""
        asked = fold(value)
        found = self._values.get(filter, ())
        return asked in found if whole else any(one.startswith(asked) for one in found)

    def says(self, words: str, whole: bool) -> bool:
        """Return whether the text contains the words in sequence; if not `whole`, the last may be a prefix."""
        asked = tokens(words)
        return (asked if whole else asked.removesuffix(" ")) in self.words

    @cached_property
    def _values(self) -> dict[str, set[bytes]]:
        found: dict[str, set[bytes]] = {}
        for filter, value in self.facets:
            found.setdefault(filter, set()).add(fold(value))
        return found

    @cached_property
    def words(self) -> str:
        return tokens(self.text)


def source_ids(source: dict[str, Any]) -> list[str]:
    """Return the ids that a log gave an imported conversation."""
    return [str(value) for key, value in source.items() if key == "id" or key.endswith("_id")]


def source_facets(source: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the facets of an imported conversation: its ids, the log's name and its format."""
    names = [*source_ids(source), source.get("file"), source.get("format")]
    yield from (("source", name) for name in names if isinstance(name, str) and name)


def header_facets(head: TranscriptHeader) -> frozenset[tuple[str, str]]:
    """Return the facets that the header of a transcript provides."""
    return frozenset({("agent", head.agent), ("kind", head.kind), *(("tag", tag) for tag in head.tags)})
