"""The parameters of a live model that a user may choose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeGuard

import msgspec

THINKING = ("adaptive", "off")
MIN_BUDGET = 1_024  # tokens: the least that the Messages API accepts
DEFAULT_MAX_TOKENS = 16_000


class ModelParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """The chosen parameters; None is the default.

    `max_tokens` limits one answer, including its thinking. `thinking` is a number of
    tokens, "adaptive" (the default) or "off" (the default with another temperature than 1).
    """

    temperature: float | None = None
    max_tokens: int | None = None
    thinking: Literal["adaptive", "off"] | int | None = None

    def __str__(self) -> str:
        parts = [f"temperature {self.temperature:g}" if self.temperature is not None else ""]
        parts.append(f"max {self.max_tokens:,} tokens" if self.max_tokens is not None else "")
        budget = f"{self.thinking:,} tokens" if isinstance(self.thinking, int) else self.thinking
        parts.append(f"thinking {budget}" if self.thinking is not None else "")
        return ", ".join(filter(None, parts))


def invalid_params(values: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong with the values of the fields of ModelParams, by field; None is always valid."""
    temperature, most, thinking = (values.get(name) for name in ModelParams.__struct_fields__)
    wrong: dict[str, str] = {}
    if temperature is not None and not (_is_number(temperature) and 0 <= temperature <= 1):
        wrong["temperature"] = "must be a number from 0 to 1"
    if most is not None and not (_is_whole(most) and most >= 1):
        wrong["max_tokens"] = "must be a whole number of at least 1"
    if thinking is not None and thinking not in THINKING and not (_is_whole(thinking) and thinking >= MIN_BUDGET):
        wrong["thinking"] = f'must be "adaptive", "off" or a number of tokens of at least {MIN_BUDGET}'
    if wrong:
        return wrong
    limit = DEFAULT_MAX_TOKENS if most is None else most
    if _is_whole(thinking) and thinking >= limit:
        return {"thinking": f"must be less than max_tokens ({limit})"}
    if temperature not in (None, 1) and thinking not in (None, "off"):
        return {"thinking": 'must be "off" if the temperature is not 1'}
    return {}


def _is_whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
