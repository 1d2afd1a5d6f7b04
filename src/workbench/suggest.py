"""What a person may have meant by a name that nothing has."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

MAX_CANDIDATES = 5_000  # names beyond which nobody waits for the nearest
MIN_RATIO = 0.7  # of 1: how alike two names must be spelt
RATIO_MARGIN = 0.08  # by so much less alike than the nearest, and it is not worth naming


def closest_names(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """The names that are spelt nearly like it, the nearest first, whatever their case."""
    from difflib import SequenceMatcher, get_close_matches

    spelt = {one.lower(): one for one in islice(dict.fromkeys(known), MAX_CANDIDATES) if one}
    found = get_close_matches(name.lower(), spelt, most, MIN_RATIO)
    alike = [SequenceMatcher(None, one, name.lower()).ratio() for one in found]
    return [spelt[one] for one, ratio in zip(found, alike, strict=True) if ratio > alike[0] - RATIO_MARGIN]


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """A question that names them, or `otherwise` where there are none."""
    found = closest_names(name, known)
    return f"did you mean {' or '.join(found)}?" if found else otherwise
