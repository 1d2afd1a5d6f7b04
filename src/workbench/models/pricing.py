"""Estimate the cost of an answer of a Claude model from its usage.

The figures are list prices in dollars per million tokens, from Anthropic's pricing
page of November 2026. They may be outdated and do not include discounts, server
tools, fast mode or regions: the cost is an estimate, not a bill.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple


class Price(NamedTuple):
    """Dollars per million tokens: uncached input, output, input read from the cache."""

    input: float
    output: float
    cache_read: float


WRITE_5_MINUTES, WRITE_1_HOUR = 1.25, 2.0  # factors on the price of uncached input, for every model

PRICES = {
    "claude-fable-5-2": Price(8, 40, 0.20),
    "claude-fable-5-1": Price(10, 50, 0.25),
    "claude-fable-5": Price(10, 50, 1.00),
    "claude-mythos-5-1": Price(10, 50, 0.25),
    "claude-mythos-5": Price(10, 50, 1.00),
    "claude-opus-5-5": Price(4, 20, 0.20),
    "claude-opus-5": Price(5, 25, 0.50),
    "claude-opus-4-8": Price(5, 25, 0.50),
    "claude-opus-4-7": Price(5, 25, 0.50),
    "claude-opus-4-6": Price(5, 25, 0.50),
    "claude-opus-4-5": Price(5, 25, 0.50),
    "claude-opus-4-1": Price(15, 75, 1.50),
    "claude-opus-4": Price(15, 75, 1.50),
    "claude-sonnet-5-5": Price(2, 10, 0.10),
    "claude-sonnet-5": Price(2, 10, 0.20),
    "claude-sonnet-4-6": Price(3, 15, 0.30),
    "claude-sonnet-4-5": Price(3, 15, 0.30),
    "claude-sonnet-4": Price(3, 15, 0.30),
    "claude-haiku-5-5": Price(0.10, 0.50, 0.01),
    "claude-haiku-4-5": Price(1, 5, 0.10),
}

# prompts above this many tokens have a higher price for all tokens of the request
LONG_PROMPTS = {"claude-haiku-5-5": (100_000, Price(0.50, 2.50, 0.05))}

# a family and its version, then nothing, a date or a suffix; never a further version number
_FAMILY = re.compile(r"(?:^|[./])(claude-[a-z]+-\d+(?:-\d{1,2})?)(?=$|[@:]|-\d{6,}|-[a-z])")


def family(model: str) -> str:
    """Return the model's family, "claude-sonnet-4-5" for "claude-sonnet-4-5-20250929"; "" if unknown."""
    found = _FAMILY.search(model)
    return found.group(1) if found and found.group(1) in PRICES else ""


def cost(model: str, usage: Mapping[str, Any]) -> float | None:
    """Return the dollars for one answer from the `usage` of the Messages API; None if the price is unknown."""
    name = family(model)
    if not name or usage.get("speed") == "fast":
        return None
    fresh, read, written = (
        _count(usage, key) for key in ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    )
    limit, dearer = LONG_PROMPTS.get(name, (0, PRICES[name]))
    price = dearer if fresh + read + written > limit else PRICES[name]
    hour = _count(usage.get("cache_creation") or {}, "ephemeral_1h_input_tokens")
    dollars = (
        price.input * (fresh + WRITE_5_MINUTES * max(written - hour, 0) + WRITE_1_HOUR * hour)
        + price.cache_read * read
        + price.output * _count(usage, "output_tokens")
    )
    return dollars / 1_000_000


def _count(usage: Mapping[str, Any], key: str) -> int:
    return int(usage.get(key) or 0)
