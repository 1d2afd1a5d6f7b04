"""Budgets of live trials, and the amounts spent."""

from __future__ import annotations

import msgspec

from ..text import pluralize
from ..trace.events import Answer, Usage


class Budget(msgspec.Struct, frozen=True):
    """The limits of a run: trials, tokens, dollars; 0: unlimited."""

    trials: int = 0
    tokens: int = 0
    cost: float = 0.0


class Spent(msgspec.Struct):
    """The amounts spent so far, running trials included; `priced` is False if a price is unknown."""

    trials: int = 0
    tokens: int = 0
    cost: float = 0.0
    priced: bool = True

    def exceeded(self, budget: Budget) -> str:
        """Describe the limit that is reached, or return ""."""
        if budget.trials and self.trials >= budget.trials:
            return f"the budget of {pluralize(budget.trials, 'trial')} is spent"
        if budget.tokens and self.tokens >= budget.tokens:
            return f"the budget of {pluralize(budget.tokens, 'token')} is spent"
        if budget.cost and self.cost >= budget.cost:
            return f"the budget of ${budget.cost:g} is spent"
        if budget.cost and not self.priced:
            return "the price of this model is unknown, so its cost cannot be limited"
        return ""


class TrialCost:
    """Adds up the cost of one trial, and adds it to `spent`."""

    def __init__(self, spent: Spent) -> None:
        self.spent = spent
        self.tokens = 0
        self.cost: float | None = 0.0
        self.model = ""
        self.server = ""

    def add(self, answer: Answer) -> None:
        """Add a live answer."""
        self.model = self.model or answer.model
        self.server = self.server or (answer.usage.server if answer.usage else "")
        self.add_usage(answer.usage)

    def add_usage(self, usage: Usage | None) -> None:
        """Add tokens and cost of an answer."""
        if usage is None:
            return
        tokens = usage.tokens
        self.tokens += tokens
        self.spent.tokens += tokens
        if usage.cost is None:
            self.cost, self.spent.priced = None, False
            return
        self.cost = None if self.cost is None else self.cost + usage.cost
        self.spent.cost += usage.cost
