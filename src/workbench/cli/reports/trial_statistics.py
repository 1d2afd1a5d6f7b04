"""Statistics of trials, as text: pass^k with its interval, faults, tokens and cost."""

from __future__ import annotations

from ...text import count
from ...trials.stats import pass_power, wilson
from ...trials.trial import Trial
from ..output import say


def print_trial_statistics(tasks: list[list[Trial]], asked: int) -> None:
    """Print pass^k for k up to the trials asked for, with n, the counted trials of a task; faults apart."""
    trials = [trial for task in tasks for trial in task]
    counts = [
        (sum(t.came == "pass" for t in task), sum(t.came in ("pass", "fail") for t in task)) for task in tasks
    ]
    counted = sum(n for _, n in counts)
    faults = sum(t.came == "fault" for t in trials)
    if faults:
        met = f"{count(faults, 'fault')} of the infrastructure in {count(len(trials), 'trial')}"
        say(f"{met}: a fault counts neither way")
    if counted:
        passed = sum(c for c, _ in counts)
        fewest, most = min(n for _, n in counts), max(n for _, n in counts)
        n = str(most) if fewest == most else f"{fewest} to {most}"
        low, high = wilson(passed, counted)
        for k in range(1, asked + 1):
            value, over = pass_power(counts, k)
            if not over:
                say(f"pass^{k}  not known: no task has {k} counted trials")
                break
            sure = f"; {passed} of {count(counted, 'trial')}, 95% Wilson {low:.2f} to {high:.2f}" if k == 1 else ""
            say(f"pass^{k}  {value:.3f}  (n={n}, {over} of {count(len(tasks), 'task')}{sure})")
    tokens = sum(t.tokens for t in trials)
    prices = [t.cost for t in trials]
    if tokens:
        money = "at a price not known" if None in prices else f"about ${sum(p or 0 for p in prices):.4f}"
        say(f"{count(len(trials), 'trial')} took {tokens:,} tokens, {money}")
