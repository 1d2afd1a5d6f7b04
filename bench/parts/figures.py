"""A line for each figure, its target beside it."""

from __future__ import annotations

import statistics


def say(name: str, figures: str, target: str = "") -> None:
    print(f"{name:34} {figures:46} {f'target {target}' if target else ''}".rstrip(), flush=True)


def spread(times: list[float]) -> str:
    times = sorted(times)
    return f"p50 {statistics.median(times):5.1f}  p95 {p95(times):5.1f}  max {times[-1]:5.1f} ms"


def p95(times: list[float]) -> float:
    times = sorted(times)
    return times[min(int(len(times) * 0.95), len(times) - 1)]
