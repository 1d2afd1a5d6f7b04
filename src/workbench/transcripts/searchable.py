"""What a query is asked of a single conversation: its facets, and its words as full text search sees them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property

from .header import TranscriptHeader

_MARKS = re.compile("[\u0300-\u036f]")  # accents on letters


def fold(text: str) -> bytes:
    """The bytes by which facets are compared: case counts for letters beyond ASCII only, as in SQLite's NOCASE."""
    return text.encode("utf-8", "surrogatepass").lower()


def tokens(text: str) -> str:
    """The words of a text with a space around each: without case and accents, as SQLite's unicode61 has them."""
    plain = unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFD", text.lower())))
    return f" {' '.join(''.join(c if c.isalnum() else ' ' for c in plain).split())} "


@dataclass(frozen=True)
class Searchable:
    """`facets` are (filter, value); `text` is what words are searched in."""

    facets: frozenset[tuple[str, str]]
    text: str = ""

    def has(self, filter: str, value: str, whole: bool) -> bool:
        """Whether a facet has this value, or one that begins so."""
        asked = fold(value)
        found = self._values.get(filter, ())
        return asked in found if whole else any(one.startswith(asked) for one in found)

    def says(self, words: str, whole: bool) -> bool:
        """Whether the words stand in the text one after another; if not `whole`, the last may go on."""
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


def header_facets(head: TranscriptHeader) -> frozenset[tuple[str, str]]:
    """The facets that the header of a transcript tells."""
    return frozenset({("agent", head.agent), ("kind", head.kind), *(("tag", tag) for tag in head.tags)})
