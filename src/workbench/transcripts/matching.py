"""Compare arguments with an expectation: exact, subset, regex or ignore."""

from __future__ import annotations

from typing import Any

import msgspec

from ..errors import TranscriptError
from ..plain import plain_equal
from . import patterns
from .expectation import MATCH_MODES, Expectation, Match


def arguments_match(e: Expectation, args: dict[str, Any]) -> bool:
    """Return whether the arguments match the expectation, each by its match mode.

    Raises TranscriptError if a regular expression takes too long.
    """
    if e.match == "exact" and args.keys() - e.args.keys():
        return False
    return all(_fits(e, k, want, args.get(k, _ABSENT)) for k, want in e.args.items())


def with_match(e: Expectation, fields: dict[str, Match]) -> Expectation:
    """Return the expectation with other match modes. Raises TranscriptError for an unknown argument or mode."""
    for field, how in fields.items():
        if how not in MATCH_MODES:
            raise TranscriptError(f"{field}={how}: choose one of: {', '.join(MATCH_MODES)}")
    made = msgspec.structs.replace(e, fields={**e.fields, **fields})
    made.validate(e.step)
    return made


def ignore_one_more(e: Expectation) -> Expectation:
    """Return the expectation with one more argument ignored, in order but never all; then with none ignored."""
    ignored = [k for k in e.args if e.match_for(k) == "ignore"]
    left = [k for k in e.args if k not in ignored]
    more: list[str] = [*ignored, left[0]] if len(left) > 1 else []
    return msgspec.structs.replace(e, fields=dict.fromkeys(more, "ignore"))


_ABSENT = object()


def _fits(e: Expectation, field: str, want: Any, have: Any) -> bool:
    how = e.match_for(field)
    if how == "ignore":
        return True
    if have is _ABSENT:
        return False
    if how == "regex":
        return patterns.found(str(want), str(have), f"{field} of the expectation {e.kind}", e.step)
    return plain_equal(want, have) if how == "exact" else _within(want, have)


def _within(want: Any, have: Any) -> bool:
    """Return whether `have` contains `want`: keys of objects, items of lists in any order, equal values."""
    if isinstance(want, dict) and isinstance(have, dict):
        return all(k in have and _within(v, have[k]) for k, v in want.items())
    if isinstance(want, list) and isinstance(have, list):
        return all(any(_within(one, other) for other in have) for one in want)
    return plain_equal(want, have)


def contains_text(words: str, text: str) -> bool:
    """Return whether `words` contains `text`, ignoring line breaks."""
    return text in words or " ".join(text.split()) in " ".join(words.split())
