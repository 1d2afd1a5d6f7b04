"""Putting together what the terms of a query find: sets of numbers, in the order that is asked for."""

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

SAMPLE_SPACE = 1 << 47  # lots are smaller than this
GOLDEN = 87_000_000_000_007  # where the next draw begins; far from the one before, and never the same
RANDOM_SHARE = 5  # one in so many of a sample of suspicious ones is drawn by chance


class Search:
    """Over one state of the index: the orders are read once, so one that has changed needs another Search."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self._read: dict[tuple[str, str], array[int]] = {}

    def find(self, query: Query) -> SearchResult:
        order = self.order(query.sort)
        chosen = self.chosen(query)
        if query.sample:
            chosen = self.sample(query, chosen)
        numbers = order if chosen is None else array("I", filter(chosen.__contains__, order))
        seen = self.numbers(sql.reviewed(query))
        alone: tuple[tuple[str, int], ...] = ()
        if not numbers and len(query.terms) > 1:
            alone = tuple((str(term), len(self.find(Query((term,))).numbers)) for term in query.terms)
        return SearchResult(numbers, set(seen).intersection(numbers) if seen else set(), len(order), alone)

    def chosen(self, query: Query) -> set[int] | None:
        """The numbers of what is asked, and of some that are no more; None: all."""
        chosen: set[int] | None = None
        for statement, wanted in sql.terms(query):
            found = self.numbers(statement)
            if wanted:
                chosen = set(found) if chosen is None else chosen.intersection(found)
            else:
                chosen = (set(self.order("")) if chosen is None else chosen).difference(found)
        return chosen

    def sample(self, query: Query, chosen: set[int] | None) -> set[int]:
        """So many of them, each conversation once. Conversations lie in the order of their lots, which are
        hashes: whoever comes first from some place on is drawn by chance, and again the next time."""
        drawn: set[int] = set()
        lots: set[int] = set()
        if query.sort == "suspicious":
            worst = zip(self.order("suspicious"), self.order("suspicious", "lot"), strict=True)
            _sample_from(worst, query.sample - max(query.sample // RANDOM_SHARE, 1), chosen, drawn, lots)
        numbers, by_lot = self.order("lot"), self.order("lot", "lot")
        start = bisect_left(by_lot, (query.sample_seed - 1) * GOLDEN % SAMPLE_SPACE)
        for part in (slice(start, None), slice(0, start)):
            _sample_from(zip(numbers[part], by_lot[part], strict=True), query.sample, chosen, drawn, lots)
        return drawn

    def order(self, name: str, column: str = "number") -> array[int]:
        key = (name, column)
        if key not in self._read:
            self._read[key] = self.numbers(sql.order(name, column), "I" if column == "number" else "Q")
        return self._read[key]

    def numbers(self, sql: Sql, code: str = "I") -> array[int]:
        """As one text: fetched a row at a time they would hold up the screen's thread."""
        column = "number" if code == "I" else "lot"
        row = self.connection.execute(f"SELECT group_concat({column}) FROM ({sql.text})", sql.values).fetchone()
        return array(code, msgspec.json.decode(f"[{row[0] or ''}]", type=list[int]))


def _sample_from(
    pairs: Iterable[tuple[int, int]], size: int, chosen: set[int] | None, drawn: set[int], lots: set[int]
) -> None:
    """Add numbers until there are `size` of them; of what has the same lot, one."""
    for number, lot in pairs:
        if len(drawn) >= size:
            return
        if lot not in lots and (chosen is None or number in chosen):
            drawn.add(number)
            lots.add(lot)
