"""Run a coroutine; signals are handled by the event loop between callbacks.

A handler that raises at an arbitrary point could drop a pending callback, and the
command would then block forever.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run_until_signal(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to completion. SIGINT raises KeyboardInterrupt, SIGTERM SystemExit, after `finally` blocks ran."""
    received: list[signal.Signals] = []

    async def main() -> T:
        task = asyncio.current_task()
        assert task is not None

        def end(number: signal.Signals) -> None:
            received.append(number)
            task.cancel()

        with contextlib.suppress(
            NotImplementedError
        ):  # the platform's loop has no signal handlers: keep the default ones
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, end, number)
        return await coroutine

    try:
        return asyncio.run(main())
    except asyncio.CancelledError:
        if not received or received[0] is signal.SIGINT:
            raise KeyboardInterrupt from None
        sys.exit(128 + received[0])
