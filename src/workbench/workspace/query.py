"""A queue is a query: what a person types to choose conversations, as a value.

    tag:refund journey:returns outcome:blocked -is:seen "gift card" card sort:suspicious sample:50

Everything asked must hold. A value is matched from its beginning, so that the
list narrows with every key; in quotes it is matched whole. Words without a
filter are looked for in what was said and done. `-` before a term turns it round.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..errors import UsageError

FILTERS: dict[str, str] = {  # what may stand before a colon, and what it asks
    "tag": "it has the tag",
    "journey": "the journey was entered",
    "tool": "the tool was called",
    "policy": "the policy held something back, changed it or handed over",
    "outcome": "how a turn ended (replied, handed_off, limit …), or what happened on the way "
    "(blocked, rewritten, escalated, rejected, absent, fault)",
    "mark": "it has a mark of that severity, fault or kind (critical, agent, hallucination …)",
    "agent": "the agent's name",
    "model": "the model that answered",
    "version": "the hash of the code it was recorded on, or passed on",
    "in": "transcripts, sessions or imports",
    "is": "guard, open, guarding, session, import, marked, tagged, seen, suspicious or unreadable",
    "sort": "latest, suspicious or long; without it transcripts, sessions, imports, latest first",
    "sample": "so many, drawn by chance; with sort:suspicious the worst, and one in five by chance. "
    "sample:50/2 is another draw",
    "queue": "the queue kept under that name",
}
SORTS = ("latest", "suspicious", "long")

_TERM = re.compile(r'(-?)(?:([a-z]+):)?("[^"]*"?|[^\s"]\S*)?')


@dataclass(frozen=True)
class Term:
    """One thing asked. Without a `filter` it is words; `whole` was in quotes; `without` turns it round."""

    filter: str
    value: str
    whole: bool = False
    without: bool = False

    def __str__(self) -> str:
        value = f'"{self.value}"' if self.whole or " " in self.value else self.value
        return f"{'-' if self.without else ''}{self.filter}{':' if self.filter else ''}{value}"

    @property
    def words(self) -> str:
        """What it asks, in words."""
        what = f"{self.filter} {self.value}" if self.filter else f"“{self.value}”"
        return f"without {what}" if self.without else what


@dataclass(frozen=True)
class Query:
    """What is asked, in what order, and how many: `sample` 0 means all; `draw` says which sample."""

    terms: tuple[Term, ...] = ()
    sort: str = ""
    sample: int = 0
    draw: int = 1

    def __str__(self) -> str:
        parts = [str(term) for term in self.terms]
        if self.sort:
            parts.append(f"sort:{self.sort}")
        if self.sample:
            parts.append(f"sample:{self.sample}" + (f"/{self.draw}" if self.draw > 1 else ""))
        return " ".join(parts)

    def __bool__(self) -> bool:
        return bool(self.terms or self.sort or self.sample)

    @classmethod
    def parse(cls, text: str, queues: Mapping[str, str] | None = None) -> Query:
        """Read what was typed; `queues` are those kept, by name. A filter without a value yet asks nothing.

        Raises UsageError for a filter, an order or a queue that there is not.
        """
        return _parse(text, queues or {}, ())

    def drawn(self, size: int) -> Query:
        """A sample of it; of one that is a sample already, the next draw."""
        if self.sample:
            return replace(self, draw=self.draw + 1)
        return replace(self, sample=size)

    @property
    def name(self) -> str:
        """What progress is kept under: the same conversations, however typed and in whatever order."""
        terms = sorted({str(t) for t in self.terms if (t.filter, t.value) != ("is", "seen")})
        order = replace(self, terms=(), sort=self.sort if self.sample else "")
        return " ".join(filter(None, [*terms, str(order)]))

    @property
    def words(self) -> str:
        """What is asked, in words."""
        return ", ".join(term.words for term in self.terms)


def _parse(text: str, queues: Mapping[str, str], opened: tuple[str, ...]) -> Query:
    query = Query()
    for found in _TERM.finditer(text):
        minus, filter, raw = found[1], found[2] or "", found[3] or ""
        value = raw.strip('"').strip() if raw.startswith('"') else raw
        if filter and filter not in FILTERS:
            raise UsageError(
                f"there is no filter {filter!r}; filters: {', '.join(FILTERS)}",
                next=f'to look for the words, put them in quotes: "{filter}:{value}"',
            )
        if not value:
            continue  # still being typed
        if filter == "sort":
            query = replace(query, sort=_sort(value))
        elif filter == "sample":
            query = _sampled(query, value)
        elif filter == "queue":
            query = _opened(query, value, queues, opened)
        else:
            closed = len(raw) > 1 and raw.startswith('"') and raw.endswith('"')
            term = Term(filter, value, closed, bool(minus))
            query = replace(query, terms=tuple(dict.fromkeys([*query.terms, term])))
    return query


def _sort(value: str) -> str:
    found = next((sort for sort in SORTS if sort.startswith(value)), "")
    if not found:
        raise UsageError(f"there is no order {value!r}", next=f"sort: one of {', '.join(SORTS)}")
    return found


def _sampled(query: Query, value: str) -> Query:
    size, _, draw = value.partition("/")
    if not size.isdecimal() or (draw and not draw.isdecimal()) or len(size) > 6 or len(draw) > 4:
        raise UsageError(f"{value!r} is no number", next="sample:50, or sample:50/2 for another draw")
    return replace(query, sample=int(size), draw=max(int(draw or 1), 1))


def _opened(query: Query, name: str, queues: Mapping[str, str], opened: tuple[str, ...]) -> Query:
    kept = queues.get(name)
    if kept is None or name in opened:
        there = ", ".join(sorted(queues)) or "none is kept yet"
        raise UsageError(f"there is no queue {name!r}", next=f"queues: {there}")
    inner = _parse(kept, queues, (*opened, name))
    return Query(
        tuple(dict.fromkeys([*query.terms, *inner.terms])), inner.sort or query.sort,
        inner.sample or query.sample, inner.draw if inner.sample else query.draw,
    )  # fmt: skip
