"""What journey code takes from the machine behind the engine's back, found while it runs.

The clock, chance, ids, the environment and the network differ from run to run;
a verdict that hangs on them proves nothing. `check` finds them by reading. A
replay finds those that are really reached: journey code is compiled with a note
at each place that `check` would name (`leak_notes`), and connections are refused
and noted by an audit hook.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple

from ..source import ROOT_PACKAGE, module_file

NAME = "__workbench_leak__"
SOCKETS = ("socket.connect", "socket.getaddrinfo", "socket.bind", "socket.sendto")


class Leak(NamedTuple):
    """What was taken, by the rule of `check` and in words, where, and what to use instead."""

    rule: str
    what: str
    where: str
    next: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}, behind the engine's back\n  next: {self.next}"


_noted: list[Leak] = []
_watching = False


def watch() -> None:
    """From here on, in this process, code compiled with notes says what it takes, and nothing connects."""
    global _watching
    if _watching:
        return
    _watching = True
    import builtins

    setattr(builtins, NAME, _passed)
    sys.addaudithook(_audit)


def taken() -> list[Leak]:
    """What was noted since this was last asked."""
    found = _noted[:]
    _noted.clear()
    return found


def _passed(rule: str, what: str, where: str, next: str, value: Any) -> Any:
    """The value at a place that takes something from the machine: a function notes when it is called."""
    leak = Leak(rule, what, where, next)
    if not callable(value):
        _noted.append(leak)
        return value
    function: Callable[..., Any] = value

    @wraps(function, assigned=("__name__", "__doc__"), updated=())
    def noting(*args: Any, **kwargs: Any) -> Any:
        _noted.append(leak)
        return function(*args, **kwargs)

    return noting


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if event not in SOCKETS:
        return
    where = _journey_line()
    if where:
        what = f"it reaches for the network ({event})"
        _noted.append(Leak("network", what, where, "take what is out there through the world"))
        raise PermissionError("a replay connects to nothing")


def _journey_line() -> str:
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_globals.get("__name__") or ""
        if name.split(".")[0] == ROOT_PACKAGE:
            return f"{module_file(name, frame.f_code.co_filename)}:{frame.f_lineno}"
        frame = frame.f_back  # type: ignore[assignment]
    return ""
