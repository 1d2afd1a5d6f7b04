"""Suggest the nearest names for an unknown one ("did you mean ...?")."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

MAX_CANDIDATES = 5_000  # more names than this take too long to compare
MIN_RATIO = 0.7  # of 1: the least similarity of two names
RATIO_MARGIN = 0.08  # a name that is less similar than the nearest by this is left out


def closest_names(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """List the known names with nearly the same spelling, the nearest first, in any case."""
    from difflib import SequenceMatcher, get_close_matches

    by_spelling = {one.lower(): one for one in islice(dict.fromkeys(known), MAX_CANDIDATES) if one}
    found = get_close_matches(name.lower(), by_spelling, most, MIN_RATIO)
    alike = [SequenceMatcher(None, one, name.lower()).ratio() for one in found]
    return [by_spelling[one] for one, ratio in zip(found, alike, strict=True) if ratio > alike[0] - RATIO_MARGIN]


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Ask whether one of the nearest names was meant; `otherwise` if there are none."""
    return did_you_mean_any(closest_names(name, known), otherwise)


def did_you_mean_any(names: Iterable[str], otherwise: str = "") -> str:
    """Ask whether one of these names was meant; `otherwise` if there are none."""
    found = " or ".join(names)
    return f"did you mean {found}?" if found else otherwise
