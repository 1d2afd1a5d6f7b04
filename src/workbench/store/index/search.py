"""Combine the results of the terms of a query: sets of row numbers, in the requested order."""

from __future__ import annotations

import sqlite3
from array import array
from bisect import bisect_left
from collections.abc import Iterable

import msgspec

from ...transcripts.query import Query
from ...workspace.library import SearchResult
from . import sql
from .sql import Sql

SAMPLE_SPACE = 1 << 47  # sample keys are smaller than this
GOLDEN = 87_000_000_000_007  # the distance between the starts of two samples: far apart, and never the same
RANDOM_SHARE = 5  # one in 5 of a sample of suspicious conversations is chosen at random


class Search:
    """A search of one state of the index: orders are read once, so a changed index needs a new Search."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self._read: dict[tuple[str, str], array[int]] = {}

    def find(self, query: Query) -> SearchResult:
        """Return the numbers that a query selects, in its order, with those that were reviewed."""
        order = self.order(query.sort)
        chosen = self.chosen(query)
        if query.sample:
            chosen = self.sample(query, chosen)
        numbers = order if chosen is None else array("I", filter(chosen.__contains__, order))
        reviewed = self.numbers(sql.reviewed(query))
        per_term: tuple[tuple[str, int], ...] = ()
        if not numbers and len(query.terms) > 1:
            per_term = tuple((str(term), len(self.find(Query((term,))).numbers)) for term in query.terms)
        return SearchResult(
            numbers, set(reviewed).intersection(numbers) if reviewed else set(), len(order), per_term
        )

    def chosen(self, query: Query) -> set[int] | None:
        """Return the numbers that match the query (may include deleted ones); None means all."""
        chosen: set[int] | None = None
        for statement, wanted in sql.terms(query):
            found = self.numbers(statement)
            if wanted:
                chosen = set(found) if chosen is None else chosen.intersection(found)
            else:
                chosen = (set(self.order("")) if chosen is None else chosen).difference(found)
        return chosen

    def sample(self, query: Query, chosen: set[int] | None) -> set[int]:
        """Return a reproducible random sample, each conversation once.

        Sample keys are hashes, so the first conversations after any key are a random choice.
        """
        sampled: set[int] = set()
        keys: set[int] = set()
        if query.sort == "suspicious":
            worst = zip(self.order("suspicious"), self.order("suspicious", "sample_key"), strict=True)
            _sample_from(worst, query.sample - max(query.sample // RANDOM_SHARE, 1), chosen, sampled, keys)
        numbers, by_key = self.order("sample"), self.order("sample", "sample_key")
        start = bisect_left(by_key, (query.sample_seed - 1) * GOLDEN % SAMPLE_SPACE)
        for part in (slice(start, None), slice(0, start)):
            _sample_from(zip(numbers[part], by_key[part], strict=True), query.sample, chosen, sampled, keys)
        return sampled

    def order(self, name: str, column: str = "number") -> array[int]:
        """Return a column of all conversations in an order of `sql.ORDERS`."""
        key = (name, column)
        if key not in self._read:
            self._read[key] = self.numbers(sql.order(name, column), "I" if column == "number" else "Q")
        return self._read[key]

    def numbers(self, sql: Sql, code: str = "I") -> array[int]:
        """Return the numbers of a statement, fetched as one text: single rows would block other threads."""
        column = "number" if code == "I" else "sample_key"
        row = self.connection.execute(f"SELECT group_concat({column}) FROM ({sql.text})", sql.values).fetchone()
        return array(code, msgspec.json.decode(f"[{row[0] or ''}]", type=list[int]))


def _sample_from(
    pairs: Iterable[tuple[int, int]], size: int, chosen: set[int] | None, sampled: set[int], keys: set[int]
) -> None:
    """Add numbers until there are `size` of them; of several with the same sample key, one."""
    for number, key in pairs:
        if len(sampled) >= size:
            return
        if key not in keys and (chosen is None or number in chosen):
            sampled.add(number)
            keys.add(key)
