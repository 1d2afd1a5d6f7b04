"""Set the time that journey code sees, where CPython reads it: the one module that imports time-machine.

It is imported without pytest, unittest and dateutil, which it needs for features not used here, and
which take ten times as long to import as the rest of it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from types import ModuleType
from typing import Any


def _import() -> Any:
    stub = ModuleType("unittest")
    setattr(stub, "TestCase", type("TestCase", (), {}))
    unused: dict[str, Any] = {"pytest": None, "dateutil": None, "unittest": stub}
    stubs = {name: value for name, value in unused.items() if name not in sys.modules}
    sys.modules.update(stubs)
    try:
        import time_machine
    finally:
        for name in stubs:
            del sys.modules[name]
    return time_machine


travel = _import().travel


@contextmanager
def conversation_time(clock: str) -> Iterator[None]:
    """Let code inside see the time of a conversation (ISO 8601), standing still. Monotonic clocks go on."""
    with travel(datetime.fromisoformat(clock), tick=False):
        yield
