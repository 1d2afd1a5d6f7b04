"""What is asked, as SQL over the index. Pure: text and values, to be run elsewhere.

One statement a term, each giving numbers, and one an order. Putting them
together is set arithmetic: at 100,000 conversations that takes a tenth of what
SQLite takes to join and sort them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from ...transcripts.query import Query, Term

ORDERS = {
    "": "rank, time DESC, number",
    "latest": "time DESC, number",
    "suspicious": "suspicion DESC, time DESC, number",
    "long": "moves DESC, number",
    "lot": "lot, rank, number",  # by chance, and always the same; all that is kept of one conversation together
}
LAST = "\U0010ffff"  # sorts after all that begins alike
VALUES = 20  # of a filter, at most


class Sql(NamedTuple):
    text: str
    values: list[object]


def order(name: str, column: str = "number") -> Sql:
    return Sql(f"SELECT {column} FROM conversations ORDER BY {ORDERS[name]}", [])


def terms(query: Query) -> list[tuple[Sql, bool]]:
    """What the terms find, and whether that is wanted. Single words are one statement: what has them all."""
    words = [t for t in query.terms if not t.filter and not t.negated and t.value.isalnum()]
    found = [(_matching("words", words), True)] if words else []
    others = ((term, _one(term, query)) for term in query.terms if term not in words)
    return [*found, *((sql, not term.negated) for term, sql in others if sql is not None)]


def reviewed(query: Query) -> Sql:
    """All that was seen in this queue."""
    return Sql(
        "SELECT number FROM conversations WHERE recording <> ''"
        " AND recording IN (SELECT recording FROM seen WHERE queue = ?)",
        [query.key],
    )


def values(filter: str, start: str) -> Sql:
    """What a filter can be asked for that begins so, and how many each would find."""
    return Sql(
        "SELECT value, count(*) AS times FROM facets WHERE filter = ? AND value >= ? AND value < ?"
        f" GROUP BY value ORDER BY times DESC, value LIMIT {VALUES}",
        [filter, start, start + LAST],
    )


def _one(term: Term, query: Query) -> Sql | None:
    """None: there is no letter and no digit in it to look for."""
    if not term.filter:
        table = "words" if term.value.isalnum() else "phrases"
        return _matching(table, [term]) if any(c.isalnum() for c in term.value) else None
    if term.alternatives:
        found = [sql for one in (replace(term, alternatives=()), *term.alternatives) if (sql := _one(one, query))]
        return Sql(" UNION ".join(sql.text for sql in found), [value for sql in found for value in sql.values])
    if (term.filter, term.value) == ("is", "reviewed"):
        return reviewed(query)
    if term.exact:
        return Sql("SELECT number FROM facets WHERE filter = ? AND value = ?", [term.filter, term.value])
    return Sql(
        "SELECT number FROM facets WHERE filter = ? AND value >= ? AND value < ?",
        [term.filter, term.value, term.value + LAST],
    )


def _matching(table: str, terms: list[Term]) -> Sql:
    """Full text, from the beginning of each word; what was in quotes as it stands."""
    texts = (term.value.replace('"', " ").replace("\0", " ") for term in terms)
    asked = " ".join(f'"{text}"{"" if term.exact else " *"}' for text, term in zip(texts, terms, strict=True))
    return Sql(f"SELECT rowid AS number FROM {table} WHERE {table} MATCH ?", [asked])
