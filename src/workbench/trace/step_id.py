"""Step ids: the address of a step, such as 3.1.2 (turn, answer, call)."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple


class StepId(NamedTuple):
    """The address of a step: `str(step_id)` is "3.1.2" for turn 3, answer 1, call 2."""

    turn: int
    answer: int = 0
    call: int = 0

    def __str__(self) -> str:
        return f"{self.turn}.{self.answer}.{self.call}"

    @classmethod
    def parse(cls, text: str) -> StepId:
        """Parse "3.1.2". Raises ValueError for anything else."""
        parts = [int(part) for part in text.split(".")]
        if not 1 <= len(parts) <= 3 or min(parts) < 0:
            raise ValueError(f"not a step id: {text!r}")
        return cls(*parts)


StepId.__new__ = lru_cache(maxsize=4096)(StepId.__new__)  # type: ignore  # cached: many lookups, few distinct ids
