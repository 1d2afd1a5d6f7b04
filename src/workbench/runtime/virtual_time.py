"""Waiting in a replay: a clock that depends on what code waits for, not on the machine.

The monotonic clocks and event loops read it. A wait that nothing can end early (a sleep, an idle event
loop) takes no real time; a wait for another thread takes its real time. Both advance the clock by the
time that was asked for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

TICK = 0.001  # seconds by which the clock advances when it is read


class VirtualClock:
    """Seconds since the start of a run. `on_advance` is called with the seconds of each wait."""

    def __init__(self) -> None:
        self.now = 0.0
        self.on_advance: Callable[[float], None] = lambda _: None

    def read(self) -> float:
        self.now += TICK
        return self.now

    def read_ns(self) -> int:
        return round(self.read() * 1e9)

    def advance(self, seconds: float) -> None:
        """Advance by the seconds that code has waited."""
        if seconds > 0:
            self.now += seconds
            self.on_advance(seconds)


def pin_sleep(clock: VirtualClock, module: Any) -> Callable[[float], None]:
    """Return a `time.sleep` that only advances the clock, unless other threads run."""
    real = module.sleep

    def sleep(seconds: float) -> None:
        real(seconds if threading.active_count() > 1 else min(seconds, 0))
        clock.advance(seconds)

    return sleep


def pin_condition(clock: VirtualClock, condition: Any) -> None:
    """Let a timed wait of this class (a queue, an event, a future) that times out advance the clock."""
    wait = condition.wait

    def timed(self: Any, timeout: float | None = None) -> bool:
        alone = timeout is not None and threading.active_count() == 1
        woken = bool(wait(self, 0 if alone else timeout))
        if not woken and timeout is not None:
            clock.advance(timeout)
        return woken

    condition.wait = timed


def pin_selector(clock: VirtualClock, selector: Any) -> None:
    """Let an idle event loop advance the clock to its next timer."""
    select = selector.select

    def timed(self: Any, timeout: float | None = None) -> Any:
        alone = timeout is not None and threading.active_count() == 1
        ready = select(self, 0 if alone else timeout)
        if not ready and timeout is not None:
            clock.advance(timeout)
        return ready

    selector.select = timed


def pin_event_loop(clock: VirtualClock, loop: Any) -> None:
    """Let event loops of this class read the clock, without advancing it."""
    loop.time = lambda self: clock.now
