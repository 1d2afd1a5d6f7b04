"""The query language that selects conversations, as a value.

    tag:refund,exchange kind:mistake outcome:blocked -is:reviewed "gift card" card sort:suspicious sample:50

All terms must match; of several values after one filter, one must match. A
prefix of a value is enough, so the list narrows while you type; in quotes the
value must match completely. Words without a filter are searched in the text.
`-` negates a term. Pure: an index may translate a query; `Query.matches` decides
for a single conversation, and both find the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ..errors import UsageError
from ..suggest import did_you_mean
from .searchable import Searchable, fold

FILTERS: dict[str, str] = {  # the filters, with a description
    "tag": "has the tag",
    "kind": "mistake or golden",
    "journey": "entered the journey",
    "tool": "called the tool",
    "policy": "the policy blocked, rewrote or escalated something",
    "outcome": "how a turn ended (replied, handed_off, limit …), or what happened in it "
    "(blocked, rewritten, escalated, rejected, absent, fault)",
    "annotation": "has an annotation of that severity, cause or kind (critical, agent, hallucination …)",
    "agent": "the agent's name",
    "model": "the model that answered",
    "version": "the hash of the code it was recorded on, or accepted on",
    "source": "the id that an imported log gave it, the name of the log, or its format",
    "in": "transcripts, sessions or imports",
    "is": "golden, open, fixed, session, import, annotated, tagged, reviewed, suspicious or unreadable",
    "sort": "latest, suspicious or long; without it transcripts, sessions, imports, latest first",
    "sample": "a random sample of N; with sort:suspicious the most suspicious, and one in five at random. "
    "sample:50/2 is another sample",
    "queue": "the saved queue of that name",
}
SORTS = ("latest", "suspicious", "long")
VALUES: dict[str, tuple[str, ...]] = {  # filters with fixed values
    "kind": ("golden", "mistake"),
    "in": ("transcripts", "sessions", "imports"),
    "is": (
        "golden", "open", "fixed", "session", "import", "annotated", "tagged", "reviewed",
        "suspicious", "unreadable",
    ),
    "sort": SORTS,
}  # fmt: skip
REVIEW_ONLY = ("sort", "sample", "queue")  # filters that order or save the list of Review
_FROM_HEADER = ("tag", "kind", "agent")  # filters that need only the header of a transcript

_VALUE = r'"[^"]*"?|[^\s",]+'
_TOKEN = re.compile(rf'(-?)(?:([a-z]+):((?:{_VALUE})?(?:,(?:{_VALUE})?)*)|("[^"]*"?|[^\s"]\S*)?)')


@dataclass(frozen=True)
class Term:
    """One condition. Without a `filter` it is text; `exact`: it was in quotes; `negated`: it must not match.

    `alternatives` are the other values after the same filter: one must match. `from_option`: it was given
    as a command-line option with the name of the filter.
    """

    filter: str
    value: str
    exact: bool = False
    negated: bool = False
    alternatives: tuple[Term, ...] = ()
    from_option: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        values = ",".join(one._as_typed for one in (self, *self.alternatives))
        return f"{'-' if self.negated else ''}{self.filter}{':' if self.filter else ''}{values}"

    @property
    def _as_typed(self) -> str:
        return f'"{self.value}"' if self.exact or " " in self.value else self.value

    @property
    def description(self) -> str:
        """Describe the term in words."""
        values = " or ".join(one.value for one in (self, *self.alternatives))
        what = f"{self.filter} {values}" if self.filter else f"“{values}”"
        return f"without {what}" if self.negated else what

    @property
    def asks(self) -> bool:
        """Return whether it selects anything: text without a letter or digit does not."""
        return bool(self.filter) or any(c.isalnum() for c in self.value)

    def finds(self, one: Searchable) -> bool:
        """Return whether a conversation matches, negation included."""
        return any(term._finds(one) for term in (self, *self.alternatives))

    def _finds(self, one: Searchable) -> bool:
        if self.filter:
            return one.has(self.filter, self.value, self.exact)
        return one.says(self.value, self.exact)


@dataclass(frozen=True)
class Query:
    """A query: its terms, order and sample size (0: all); `sample_seed` selects the sample."""

    terms: tuple[Term, ...] = ()
    sort: str = ""
    sample: int = 0
    sample_seed: int = 1

    def __str__(self) -> str:
        parts = [str(term) for term in self.terms]
        if self.sort:
            parts.append(f"sort:{self.sort}")
        if self.sample:
            parts.append(f"sample:{self.sample}" + (f"/{self.sample_seed}" if self.sample_seed > 1 else ""))
        return " ".join(parts)

    def __bool__(self) -> bool:
        return bool(self.terms or self.sort or self.sample)

    @classmethod
    def parse(cls, text: str, queues: Mapping[str, str] | None = None) -> Query:
        """Parse a query as typed; `queues` are the saved ones by name. An incomplete filter is ignored.

        Raises UsageError for an unknown filter, value, order or queue.
        """
        return _parse(text, queues or {}, ())

    @classmethod
    def parse_whole(cls, text: str) -> Query:
        """Parse a query that selects transcript files.

        Raises UsageError also for incomplete terms and for filters that only Review supports.
        """
        for found in _TOKEN.finditer(text):
            _, filter, values, word = found.groups()
            if filter in REVIEW_ONLY:
                raise UsageError(f"{filter}: works in Review only", where="--query", hint="remove it")
            value = values or word or ""
            if found[0] and (found[0].count('"') % 2 or not value.strip('",') or (values or "").endswith(",")):
                raise UsageError(f"{found[0]} is not complete", where="--query", hint="add the value or the quote")
        query = cls.parse(text)
        for term in query.terms:
            if not term.asks:
                raise UsageError(f"{term} has no letter or digit", where="--query", hint="remove it")
            if any((t.filter, fold(t.value)) == ("is", fold("reviewed")) for t in (term, *term.alternatives)):
                raise UsageError("is:reviewed works in Review only", where="--query", hint="remove it")
        return query

    def also(self, filter: str, values: Iterable[str]) -> Query:
        """Return this query restricted to any of `values`; unchanged if there are none. Raises UsageError."""
        terms = [Term(filter, value, exact=True, from_option=True) for value in values]
        for term in terms:
            _check(term)
        if not terms:
            return self
        return replace(self, terms=(*self.terms, replace(terms[0], alternatives=tuple(terms[1:]))))

    @property
    def needs_steps(self) -> bool:
        """Return whether the header of a transcript is not enough to decide it."""
        return any(term.filter not in _FROM_HEADER for term in self.terms)

    def matches(self, one: Searchable) -> bool:
        """Return whether a conversation matches all terms; order and sample are ignored."""
        return all(term.finds(one) is not term.negated for term in self.terms if term.asks)

    def next_sample(self, size: int) -> Query:
        """Return a sample of this query, or the next sample if it already is one."""
        if self.sample:
            return replace(self, sample_seed=self.sample_seed + 1)
        return replace(self, sample=size)

    @property
    def key(self) -> str:
        """Return the key for stored progress: equal for equal selections, however typed or ordered."""
        terms = sorted({str(t) for t in self.terms if (t.filter, t.value) != ("is", "reviewed")})
        order = replace(self, terms=(), sort=self.sort if self.sample else "")
        return " ".join(filter(None, [*terms, str(order)]))

    @property
    def description(self) -> str:
        """Describe the query in words."""
        return ", ".join(term.description for term in self.terms)


ALL = Query()  # selects every transcript


def unknown_value(term: Term, known: Iterable[str]) -> UsageError:
    """Return the error for a value that no conversation has, with the existing values."""
    filter, value = term.filter, term.value
    names = sorted(set(known))
    some = ", ".join(names[:20]) + (" …" if len(names) > 20 else "")
    if term.from_option:
        message, where = f"no transcript has this {filter}", f"--{filter} {value}"
        missing = f"remove --{filter}: no transcript has one"
    else:
        message, where = f"no conversation has {filter}:{value}", filter
        missing = f"remove {filter}: no conversation has one"
    hint = f"{did_you_mean(value, names)} choose one of: {some}".strip() if some else missing
    return UsageError(message, where=where, hint=hint)


def _check(term: Term) -> None:
    """Raise UsageError for a value that its filter does not support."""
    known = VALUES.get(term.filter)
    if known is None:
        return
    value = term.value.lower()
    if not any(one == value if term.exact else one.startswith(value) for one in known):
        raise unknown_value(term, known)


def _parse(text: str, queues: Mapping[str, str], opened: tuple[str, ...]) -> Query:
    query = Query()
    for found in _TOKEN.finditer(text):
        minus, filter, values, word = found[1], found[2] or "", found[3] or "", found[4] or ""
        if filter and filter not in FILTERS:
            then = did_you_mean(filter, FILTERS)
            quoted = f'to search for the text, use quotes: "{filter}:{values}"'
            raise UsageError(
                f"unknown filter {filter!r}; filters: {', '.join(FILTERS)}", hint=f"{then} {quoted}".strip()
            )
        raws = re.findall(_VALUE, values) if filter else [word]
        terms = [term for raw in raws if (term := _term(filter, raw, bool(minus))).value]
        if not terms:
            continue  # still being typed
        value = terms[0].value
        if filter == "sort":
            query = replace(query, sort=_sort(value))
        elif filter == "sample":
            query = _sampled(query, value)
        elif filter == "queue":
            query = _opened(query, value, queues, opened)
        else:
            for term in terms:
                _check(term)
            term = replace(terms[0], alternatives=tuple(terms[1:]))
            query = replace(query, terms=tuple(dict.fromkeys([*query.terms, term])))
    return query


def _term(filter: str, raw: str, without: bool) -> Term:
    value = raw.strip('"').strip() if raw.startswith('"') else raw
    closed = len(raw) > 1 and raw.startswith('"') and raw.endswith('"')
    return Term(filter, value, closed, without)


def _sort(value: str) -> str:
    found = next((sort for sort in SORTS if sort.startswith(value)), "")
    if not found:
        raise UsageError(f"unknown order {value!r}", hint=f"choose one of: {', '.join(SORTS)}")
    return found


def _sampled(query: Query, value: str) -> Query:
    size, _, draw = value.partition("/")
    if not size.isdecimal() or (draw and not draw.isdecimal()) or len(size) > 6 or len(draw) > 4:
        raise UsageError(f"{value!r} is not a number", hint="sample:50, or sample:50/2 for another sample")
    return replace(query, sample=int(size), sample_seed=max(int(draw or 1), 1))


def _opened(query: Query, name: str, queues: Mapping[str, str], opened: tuple[str, ...]) -> Query:
    kept = queues.get(name)
    if kept is None or name in opened:
        names = ", ".join(sorted(queues))
        hint = f"choose one of: {names}" if names else "save a queue in Review first"
        raise UsageError(f"unknown queue {name!r}", hint=hint)
    inner = _parse(kept, queues, (*opened, name))
    return Query(
        tuple(dict.fromkeys([*query.terms, *inner.terms])), inner.sort or query.sort,
        inner.sample or query.sample, inner.sample_seed if inner.sample else query.sample_seed,
    )  # fmt: skip
