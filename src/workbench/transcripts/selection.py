"""Select transcripts by query and by shard."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace

import msgspec

from ..errors import UsageError
from ..suggest import closest_names
from .query import Query, Term, unknown_value
from .searchable import Searchable


class Shard(msgspec.Struct, frozen=True):
    """Shard `number` of `of`, counted from 1."""

    number: int
    of: int

    @classmethod
    def parse_expression(cls, text: str) -> Shard:
        """Parse "3/8". Raises UsageError."""
        found = re.fullmatch(r"(\d+)/(\d+)", text)
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            raise UsageError(f"invalid shard {text!r}", where="--shard", hint="write N/OF, for example 3/8")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def contains(self, id: str) -> bool:
        """Return whether this shard contains the transcript. Hash-based, so adding others does not reassign it."""
        digest = hashlib.sha256(id.encode("utf-8", "replace")).digest()
        return int.from_bytes(digest[:8], "big") % self.of == self.number - 1


def matching(query: Query, found: Mapping[str, Searchable | None]) -> list[str]:
    """Return the names that a query selects; an unreadable file (None) is always selected.

    Raises UsageError for a filter value that no transcript has.
    """
    known = [one for one in found.values() if one is not None]
    for term in query.terms:
        if term.filter and not term.negated and known:
            _check_known(term, known)
    return [name for name, one in found.items() if one is None or query.matches(one)]


def _check_known(term: Term, known: list[Searchable]) -> None:
    for one in (replace(term, alternatives=()), *term.alternatives):
        if not any(one.finds(each) for each in known):
            there = (value for each in known for filter, value in each.facets if filter == one.filter)
            raise unknown_value(one, there)


def unmatched_words(query: Query, found: Mapping[str, Searchable | None]) -> dict[str, list[str]]:
    """Return the words of a query that no transcript contains, with suggestions."""
    known = [one for one in found.values() if one is not None]
    asked = [t for t in query.terms if not t.filter and not t.negated and not any(t.finds(one) for one in known)]
    there = dict.fromkeys(one.text.partition("\n")[0] for one in known) if asked else {}
    there |= dict.fromkeys(word for one in known for word in one.words.split()) if asked else {}
    return {term.value: closest_names(term.value, there) for term in asked}
