"""Suggest the nearest names for an unknown one ("did you mean ...?")."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

MAX_CANDIDATES = 5_000  # comparing more names takes too long
MIN_RATIO = 0.7  # the least similarity of two names, from 0 to 1
RATIO_MARGIN = 0.08  # names that are this much less similar than the nearest are omitted


def closest_names(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """List the known names with a similar spelling, nearest first, ignoring case."""
    from difflib import SequenceMatcher, get_close_matches

    by_lower = {one.lower(): one for one in islice(dict.fromkeys(known), MAX_CANDIDATES) if one}
    found = get_close_matches(name.lower(), by_lower, most, MIN_RATIO)
    ratios = [SequenceMatcher(None, one, name.lower()).ratio() for one in found]
    return [by_lower[one] for one, ratio in zip(found, ratios, strict=True) if ratio > ratios[0] - RATIO_MARGIN]


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Suggest the nearest names: "did you mean x?"; `otherwise` if there are none."""
    return did_you_mean_any(closest_names(name, known), otherwise)


def did_you_mean_any(names: Iterable[str], otherwise: str = "") -> str:
    """Suggest these names: "did you mean x?"; `otherwise` if there are none."""
    found = " or ".join(names)
    return f"did you mean {found}?" if found else otherwise
