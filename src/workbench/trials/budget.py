"""Budgets of live trials, and what has been spent."""

from __future__ import annotations

from typing import Any

import msgspec

from ..text import pluralize
from ..trace.events import Answer


class Budget(msgspec.Struct, frozen=True):
    """What may be spent: trials, tokens, dollars. 0 is no limit."""

    trials: int = 0
    tokens: int = 0
    cost: float = 0.0


class Spent(msgspec.Struct):
    """What was spent so far, by trials that still run too. `priced` is False once an answer had no known price."""

    trials: int = 0
    tokens: int = 0
    cost: float = 0.0
    priced: bool = True

    def exceeded(self, budget: Budget) -> str:
        """Which part of the budget is spent, or ""."""
        if budget.trials and self.trials >= budget.trials:
            return f"the budget of {pluralize(budget.trials, 'trial')} is spent"
        if budget.tokens and self.tokens >= budget.tokens:
            return f"the budget of {pluralize(budget.tokens, 'token')} is spent"
        if budget.cost and self.cost >= budget.cost:
            return f"the budget of ${budget.cost:g} is spent"
        if budget.cost and not self.priced:
            return "the price of this model is not known, so its cost cannot be held to a budget"
        return ""


class TrialCost:
    """Adds up what one trial costs, and adds it to what all have spent."""

    def __init__(self, spent: Spent) -> None:
        self.spent = spent
        self.tokens = 0
        self.cost: float | None = 0.0
        self.model = ""
        self.server = ""

    def take(self, answer: Answer) -> None:
        self.model = self.model or answer.model
        self.server = self.server or (answer.usage.server if answer.usage else "")
        self.count(answer.usage)

    def count(self, meter: Any) -> None:
        if meter is None:
            return
        tokens = meter.tokens_in + meter.tokens_out + meter.cache_read + meter.cache_write
        self.tokens += tokens
        self.spent.tokens += tokens
        if meter.cost is None:
            self.cost, self.spent.priced = None, False
            return
        self.cost = None if self.cost is None else self.cost + meter.cost
        self.spent.cost += meter.cost
