"""What journey code takes from the machine behind the engine's back, found while it runs.

The clock, chance, ids, the environment and the network differ from run to run;
a verdict that hangs on them proves nothing. `check` finds them by reading. A
replay finds those that are really reached: journey code is compiled with a note
at each place that `check` would name (`leak_notes`), and connections are refused
and noted by an audit hook.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, NamedTuple

from ..source import ROOT_PACKAGE, module_file

NAME = "__workbench_leak__"
REFUSED = {  # by the name of the audit event: the rule, and what journey code does there
    **dict.fromkeys(
        ("socket.connect", "socket.getaddrinfo", "socket.bind", "socket.sendto"),
        ("network", "reaches for the network"),
    ),
    **dict.fromkeys(
        ("subprocess.Popen", "os.system", "os.posix_spawn", "os.exec"), ("environment", "starts a program")
    ),
}


class Leak(NamedTuple):
    """What was taken, by the rule of `check` and in words, where, and what to use instead."""

    rule: str
    what: str
    where: str
    next: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}, behind the engine's back\n  next: {self.next}"


_noting: list[Leak] | None = None  # what is noted now, while somebody watches
_hooked = False


@contextmanager
def watching() -> Iterator[list[Leak]]:
    """What journey code takes inside: code compiled with notes says it, and nothing of it connects anywhere."""
    global _noting, _hooked
    if not _hooked:
        _hooked = True
        import builtins

        setattr(builtins, NAME, _passed)
        sys.addaudithook(_audit)  # it stays for ever, and looks up only inside
    found: list[Leak] = []
    _noting = found
    try:
        yield found
    finally:
        _noting = None


def _passed(rule: str, what: str, where: str, next: str, value: Any) -> Any:
    """The value at a place that takes something from the machine: a function notes when it is called."""
    leak = Leak(rule, what, where, next)
    if not callable(value):
        _note(leak)
        return value
    function: Callable[..., Any] = value

    @wraps(function, assigned=("__name__", "__doc__"), updated=())
    def noting(*args: Any, **kwargs: Any) -> Any:
        _note(leak)
        return function(*args, **kwargs)

    return noting


def _note(leak: Leak) -> None:
    if _noting is not None:
        _noting.append(leak)


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if _noting is None or event not in REFUSED:
        return
    where = _journey_line()
    if where:
        rule, does = REFUSED[event]
        _note(Leak(rule, f"it {does} ({event})", where, "take what is out there through the world"))
        raise PermissionError("a replay connects to nothing and starts nothing")


def _journey_line() -> str:
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_globals.get("__name__") or ""
        if name.split(".")[0] == ROOT_PACKAGE:
            return f"{module_file(name, frame.f_code.co_filename)}:{frame.f_lineno}"
        frame = frame.f_back  # type: ignore[assignment]
    return ""
