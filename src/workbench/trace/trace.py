"""The trace: the append-only record of a conversation.

A step, once appended, is never changed or removed: what was shown is what is
saved. `exhibits` keeps large texts (prompt spans, tool schemas, policy cards)
once each, by hash.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .events import AnyStep, Prompt
from .step_id import Place


class Trace:
    """Steps in order, and the exhibits they name. Iterates over its steps."""

    def __init__(self, steps: Iterable[AnyStep] = (), exhibits: dict[str, Any] | None = None) -> None:
        self._steps: list[AnyStep] = list(steps)
        self.append: Callable[[AnyStep], None] = self._steps.append
        self.exhibits: dict[str, Any] = dict(exhibits or {})

    def __iter__(self) -> Iterator[AnyStep]:
        return iter(self._steps)

    def __len__(self) -> int:
        return len(self._steps)

    def __getitem__(self, index: int) -> AnyStep:
        return self._steps[index]

    def since(self, index: int) -> list[AnyStep]:
        return self._steps[index:]

    @property
    def steps(self) -> tuple[AnyStep, ...]:
        return tuple(self._steps)

    def prompt_at(self, place: Place) -> Prompt | None:
        """The prompt that stood at `place`, or None before the first answer."""
        found = None
        for step in self._steps:
            if (step.turn, step.answer) > (place.turn, place.answer):
                break
            if isinstance(step, Prompt):
                found = step
        return found
