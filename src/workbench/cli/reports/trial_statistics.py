"""Statistics of trials as text: pass^k with its interval, faults, tokens, cost."""

from __future__ import annotations

from ...text import pluralize
from ...trials.stats import pass_hat_k, wilson_interval
from ...trials.trial import Trial
from ..output import print_status


def print_trial_statistics(tasks: list[list[Trial]], asked: int) -> None:
    """Print pass^k for k up to the requested trials; n is the number of counted trials of a transcript."""
    trials = [trial for task in tasks for trial in task]
    counts = [
        (sum(t.outcome == "pass" for t in task), sum(t.outcome in ("pass", "fail") for t in task))
        for task in tasks
    ]
    counted = sum(n for _, n in counts)
    faults = sum(t.outcome == "fault" for t in trials)
    if faults:
        met = f"{pluralize(faults, 'infrastructure fault')} in {pluralize(len(trials), 'trial')}"
        print_status(f"{met}: not counted")
    if counted:
        passed = sum(c for c, _ in counts)
        fewest, most = min(n for _, n in counts), max(n for _, n in counts)
        n = str(most) if fewest == most else f"{fewest} to {most}"
        low, high = wilson_interval(passed, counted)
        for k in range(1, asked + 1):
            value, over = pass_hat_k(counts, k)
            if not over:
                print_status(f"pass^{k}  unknown: no task has {k} counted trials")
                break
            sure = (
                f"; {passed} of {pluralize(counted, 'trial')}, 95% Wilson {low:.2f} to {high:.2f}"
                if k == 1
                else ""
            )
            print_status(f"pass^{k}  {value:.3f}  (n={n}, {over} of {pluralize(len(tasks), 'task')}{sure})")
    tokens = sum(t.tokens for t in trials)
    prices = [t.cost for t in trials]
    if tokens:
        money = "at an unknown price" if None in prices else f"about ${sum(p or 0 for p in prices):.4f}"
        print_status(f"{pluralize(len(trials), 'trial')} used {tokens:,} tokens, {money}")
