"""Running a command that waits: signals are heard by the event loop, between two of its doings.

A handler that raises wherever the program stands may lose what the loop was
about to do, and the command would wait for it for ever.
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
    """Run to the end. SIGINT makes it KeyboardInterrupt, SIGTERM SystemExit, once its `finally` blocks ran."""
    heard: list[signal.Signals] = []

    async def main() -> T:
        task = asyncio.current_task()
        assert task is not None

        def end(number: signal.Signals) -> None:
            heard.append(number)
            task.cancel()

        with contextlib.suppress(NotImplementedError):  # a platform whose loops cannot: its own handlers stay
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, end, number)
        return await coroutine

    try:
        return asyncio.run(main())
    except asyncio.CancelledError:
        if not heard or heard[0] is signal.SIGINT:
            raise KeyboardInterrupt from None
        sys.exit(128 + heard[0])
