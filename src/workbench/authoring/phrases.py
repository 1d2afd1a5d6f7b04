"""Split and compare the words of customer messages, for rehearsals."""

from __future__ import annotations

import re


def tokenize(text: str) -> list[str]:
    """Return the words of `text`: lower case, without apostrophes."""
    return re.findall(r"[a-z0-9]+", re.sub(r"['’]", "", text.lower()))


def normalize(text: str) -> str:
    """Return the words of `text` joined by single spaces, to compare phrases."""
    return " ".join(tokenize(text))


_STOP = frozenset(
    tokenize(
        "a about am an and any are as at how be been but by can could did do does for from get give got had has"
        " hello hi i if i'm in is it its i've i'd just let like may me mine my need now of off oh on one or our"
        " please so some something than that the their them then there these they this those to too us want was we"
        " were have what when where which who why will with would you your"
    )
)
_NO = frozenset(
    tokenize("no n nope not never nothing still don't doesn't didn't isn't won't can't haven't wasn't neither nah")
)
_YES = frozenset(
    tokenize("yes y yeah yep yup sure ok okay right correct works working plays playing fine great ahead")
)
_BRIEFLY_YES = frozenset(tokenize("please do go done good"))


def stems(text: str) -> frozenset[str]:
    """Return the significant words of `text` without their endings."""
    return frozenset(re.sub(r"(?<=\w{3})(ing|ed|es|s|e)$", "", w) for w in tokenize(text) if w not in _STOP)


def yes_or_no(text: str, yes: str = "", no: str = "") -> bool | None:
    """Interpret an answer as yes or no; None if neither. `yes` and `no` are additional words for it."""
    words = set(tokenize(text))
    if words & _NO or words & set(no.split()):
        return False
    if words & _YES or words & set(yes.split()) or (len(words) <= 3 and words & _BRIEFLY_YES):
        return True
    return None
