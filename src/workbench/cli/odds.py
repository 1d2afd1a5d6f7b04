"""What trials say of chance, in a table for a person."""

from __future__ import annotations

from ..chance import pass_power, wilson
from ..trial import Trial
from .report import say


def tell_odds(tasks: list[list[Trial]], asked: int) -> None:
    """pass^k for k up to what was asked for, with n always beside it; the faults apart."""
    trials = [trial for task in tasks for trial in task]
    counts = [
        (sum(t.came == "pass" for t in task), sum(t.came in ("pass", "fail") for t in task)) for task in tasks
    ]
    counted = sum(n for _, n in counts)
    faults = sum(t.came == "fault" for t in trials)
    if faults:
        say(f"{faults} of {len(trials)} trials were faults of the infrastructure: they count neither way")
    if counted:
        passed = sum(c for c, _ in counts)
        low, high = wilson(passed, counted)
        for k in range(1, asked + 1):
            value, over = pass_power(counts, k)
            if not over:
                say(f"pass^{k}  not known: no task has {k} counted trials")
                break
            sure = f"; {passed} of {counted} trials, 95% Wilson {low:.2f} to {high:.2f}" if k == 1 else ""
            say(f"pass^{k}  {value:.3f}  (n={asked}, {over} of {len(tasks)} tasks{sure})")
    tokens = sum(t.tokens for t in trials)
    prices = [t.cost for t in trials]
    if tokens:
        money = "at a price not known" if None in prices else f"about ${sum(p or 0 for p in prices):.4f}"
        say(f"{len(trials)} trials took {tokens:,} tokens, {money}")
