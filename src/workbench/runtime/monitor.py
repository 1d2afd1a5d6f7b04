"""Detect undeclared inputs and side effects of journey code while it runs.

The clock, randomness, ids, the environment and the network differ between runs, and
a verdict that depends on them proves nothing. `check` finds them in the source. A
replay finds those that are executed: journey code is instrumented at each expression
that `check` would report (`nondeterminism.instrument`), and an audit hook reports and
refuses connections, programs and file changes, and reports files that are read outside
the agent's folder. Threads that journey code started are part of that code.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from types import FrameType
from typing import Any, NamedTuple

from ..source import ROOT_PACKAGE, journey_path

NAME = "__workbench_undeclared__"  # the builtin that instrumented code calls
FORBIDDEN_EVENTS = {  # by audit event: the rule, and a description
    **dict.fromkeys(
        ("socket.connect", "socket.getaddrinfo", "socket.bind", "socket.sendto"),
        ("network", "uses the network"),
    ),
    **dict.fromkeys(
        ("subprocess.Popen", "os.system", "os.posix_spawn", "os.exec", "os.fork", "os.forkpty"),
        ("environment", "starts a program"),
    ),
}
FILE_WRITE_EVENTS = {  # audit events of changes to files or to the current folder
    *("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chdir"),
    *("os.chmod", "os.chown", "os.chflags", "os.utime", "os.setxattr", "os.removexattr"),
}
ZONES = ("/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo")
FILES = ("open", "os.listdir", "os.scandir", "sqlite3.connect")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_AUDITED = {*FORBIDDEN_EVENTS, *FILE_WRITE_EVENTS, *FILES}


class Nondeterminism(NamedTuple):
    """An undeclared input or side effect: the rule of `check`, a description, the line, and an alternative."""

    rule: str
    what: str
    where: str
    hint: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}\n  next: {self.hint}"


_active: list[Nondeterminism] | None = None  # the list that receives reports while `monitor` is active
_hooked = False
_python_folders: tuple[str, ...] = ()
_home = ""  # the agent's folder, whose files are part of its code
_before: frozenset[int] = frozenset()  # the threads that existed before any journey code
_watcher = 0  # the thread that replays
_loading = False  # while code is loaded it may open its log, or create a folder for it


@contextmanager
def monitor(home: str, loading: bool = False) -> Iterator[list[Nondeterminism]]:
    """Collect undeclared inputs and side effects of the agent in `home`; refuses connections and writes."""
    global _active, _hooked, _home, _before, _watcher, _python_folders, _loading
    if not _hooked:
        _hooked = True
        import builtins

        setattr(builtins, NAME, _report)
        sys.addaudithook(_audit)  # it cannot be removed, and does nothing outside `monitor`
        _python_folders = tuple(_find_python_folders())
        _before = frozenset(thread.ident or 0 for thread in threading.enumerate())
    found: list[Nondeterminism] = []
    _home, _loading = home, loading
    _active, _watcher = found, threading.get_ident()
    try:
        yield found
    finally:
        _active = None


def _report(rule: str, what: str, where: str, hint: str, value: Any) -> Any:
    """Return the value of an instrumented expression and report it; a function is reported when it is called."""
    found = Nondeterminism(rule, f"undeclared input: {what}", where, hint)
    if not callable(value):
        _add(found)
        return value
    function: Callable[..., Any] = value

    @wraps(function, assigned=("__name__", "__doc__"), updated=())
    def reporting(*args: Any, **kwargs: Any) -> Any:
        _add(found)
        return function(*args, **kwargs)

    return reporting


def _add(found: Nondeterminism) -> None:
    if _active is not None:
        _active.append(found)


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if _active is None or event not in _AUDITED:
        return
    changes = event in FILE_WRITE_EVENTS or (event == "open" and _writes(*args))
    if event in FILES and not changes and not _foreign(args[0]):
        return
    if event in FILE_WRITE_EVENTS and _loading:
        return
    where = _journey_line()
    if not where:
        return
    if changes and not _loading:
        message = f"undeclared side effect: changes {_describe(args[0])} ({event})"
        hint = "policies must not have side effects; change state in a tool, through a @world class"
        _add(Nondeterminism("environment", message, where, hint))
        raise PermissionError("files cannot be changed in a replay")
    if event in FILES:
        message = f"undeclared input: opens {_describe(args[0])}, which is not recorded"
        hint = "move it to the agent's folder, or put its content into the fixture"
        _add(Nondeterminism("environment", message, where, hint))
    else:
        rule, action = FORBIDDEN_EVENTS[event]
        message = f"undeclared side effect: {action} ({event})"
        _add(Nondeterminism(rule, message, where, "use the world to reach other systems"))
        raise PermissionError("connections and programs are not allowed in a replay")


def _describe(file: Any) -> str:
    return "an open file" if isinstance(file, int) else os.fsdecode(os.curdir if file is None else file)


def _writes(file: Any, _mode: Any, flags: int) -> bool:
    """Return whether a file is opened for writing; a file descriptor is open already."""
    return bool(flags & _WRITES) and not isinstance(file, int) and os.fsdecode(file) != os.devnull


def _foreign(file: Any) -> bool:
    """Return whether a file belongs neither to the agent nor to Python."""
    if isinstance(file, int):
        return False  # it is open already
    path = os.path.realpath(_describe(file))
    return path != os.devnull and not f"{path}{os.sep}".startswith(
        (f"{os.path.realpath(_home)}{os.sep}", *_python_folders)
    )


def _find_python_folders() -> Iterator[str]:
    """Yield the folders from which Python and its libraries read."""
    for folder in (os.path.dirname(os.__file__), *ZONES, *sys.path):
        if folder and os.path.realpath(folder) != os.getcwd():
            yield f"{os.path.realpath(folder)}{os.sep}"


def _journey_line() -> str:
    """Return the innermost journey line of this thread, or of the one that waits for it; "" for an import."""
    where = _line(sys._getframe(2))
    me = threading.get_ident()
    if where is not None or me == _watcher or me in _before:
        return where or ""
    return _line(sys._current_frames().get(_watcher)) or f"{os.path.basename(_home)}/agent.py:1"


def _line(frame: FrameType | None) -> str | None:
    while frame is not None:
        name = frame.f_globals.get("__name__") or ""
        if name.startswith(("importlib._bootstrap", "_frozen_importlib")):
            return ""
        if name.split(".")[0] == ROOT_PACKAGE:
            return f"{journey_path(name, frame.f_code.co_filename)}:{frame.f_lineno}"
        frame = frame.f_back
    return None
