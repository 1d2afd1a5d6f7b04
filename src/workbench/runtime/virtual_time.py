"""Event loops whose time depends on what they run, not on the machine."""

from __future__ import annotations

import asyncio
import selectors
from typing import Any

_time = [0.0]


def pin_event_loops() -> None:
    """Start the time of all event loops at 0; it advances by the timeouts that they have waited for."""
    _time[0] = 0.0
    if asyncio.BaseEventLoop.time is not _loop_time:
        asyncio.BaseEventLoop.time = _loop_time  # type: ignore[method-assign]
        kind: Any = selectors.DefaultSelector
        wait = kind.select

        def select(self: Any, timeout: float | None = None) -> Any:
            ready = wait(self, timeout)
            if not ready and timeout and timeout > 0:
                _time[0] += timeout
            return ready

        kind.select = select


def _loop_time(self: asyncio.BaseEventLoop) -> float:
    return _time[0]
