"""Select transcripts: what a query matches, and shards."""

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
    """Number `number` of `of`, counted from 1."""

    number: int
    of: int

    @classmethod
    def parse_expression(cls, text: str) -> Shard:
        """Read "3/8". Raises UsageError."""
        found = re.fullmatch(r"(\d+)/(\d+)", text)
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            raise UsageError(
                f"there is no shard {text!r}", where="--shard", next="the third of eight is 3/8; they count from 1"
            )
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def contains(self, id: str) -> bool:
        """Whether the transcript with this id is in it: by a hash, so that others coming or going move none."""
        seal = hashlib.sha256(id.encode("utf-8", "replace")).digest()
        return int.from_bytes(seal[:8], "big") % self.of == self.number - 1


def matching(query: Query, found: Mapping[str, Searchable | None]) -> list[str]:
    """The names of what a query selects; a file that cannot be read (None) is always selected.

    Raises UsageError for a value of a filter that nothing has.
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
            raise unknown_value(one.filter, one.value, there)


def unmatched_words(query: Query, found: Mapping[str, Searchable | None]) -> dict[str, list[str]]:
    """The words of a query that nothing has, and what each may have meant."""
    known = [one for one in found.values() if one is not None]
    asked = [t for t in query.terms if not t.filter and not t.negated and not any(t.finds(one) for one in known)]
    there = dict.fromkeys(one.text.partition("\n")[0] for one in known) if asked else {}
    there |= dict.fromkeys(word for one in known for word in one.words.split()) if asked else {}
    return {term.value: closest_names(term.value, there) for term in asked}
