"""Statistics of trials: pass^k, and the confidence interval of pass^1."""

from __future__ import annotations

from collections.abc import Iterable
from math import comb, sqrt

Z95 = 1.959963984540054  # standard deviations on either side that contain 95 %


def pass_hat_k(tasks: Iterable[tuple[int, int]], k: int) -> tuple[float, int]:
    """Return pass^k, the probability that `k` trials of a task all pass, and its number of tasks.

    `tasks` are (passed, counted) each. The value is the mean of C(passed, k) / C(counted, k)
    over the tasks with at least `k` counted trials; (0.0, 0) if there are none.
    """
    shares = [comb(passed, k) / comb(counted, k) for passed, counted in tasks if counted >= k]
    return (sum(shares) / len(shares) if shares else 0.0), len(shares)


def wilson_interval(passed: int, counted: int) -> tuple[float, float]:
    """Return the 95 % Wilson interval of a share; it assumes independent trials."""
    if not counted:
        return 0.0, 1.0
    share = passed / counted
    middle = share + Z95**2 / (2 * counted)
    half = Z95 * sqrt(share * (1 - share) / counted + Z95**2 / (4 * counted**2))
    whole = 1 + Z95**2 / counted
    return max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole)
