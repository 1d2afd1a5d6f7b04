"""What journey code takes from the machine behind the engine's back, found while it runs.

The clock, chance, ids, the environment and the network differ from run to run;
a verdict that hangs on them proves nothing. `check` finds them by reading. A
replay finds those that are really reached: journey code is compiled with a note
at each place that `check` would name (`leak_notes`), and an audit hook refuses and
notes connections, programs and whatever changes a file, and notes files that are read outside
the agent's own folder. What a thread does that journey code started is that code's doing.
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

NAME = "__workbench_leak__"
FORBIDDEN_EVENTS = {  # by the name of the audit event: the rule, and what journey code does there
    **dict.fromkeys(
        ("socket.connect", "socket.getaddrinfo", "socket.bind", "socket.sendto"),
        ("network", "reaches for the network"),
    ),
    **dict.fromkeys(
        ("subprocess.Popen", "os.system", "os.posix_spawn", "os.exec", "os.fork", "os.forkpty"),
        ("environment", "starts a program"),
    ),
}
FILE_WRITE_EVENTS = {  # audit events of what changes files, or where they are looked for
    *("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chdir"),
    *("os.chmod", "os.chown", "os.chflags", "os.utime", "os.setxattr", "os.removexattr"),
}
ZONES = ("/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo")
FILES = ("open", "os.listdir", "os.scandir", "sqlite3.connect")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_HEARD = {*FORBIDDEN_EVENTS, *FILE_WRITE_EVENTS, *FILES}


class Nondeterminism(NamedTuple):
    """What was taken, by the rule of `check` and in words, where, and what to use instead."""

    rule: str
    what: str
    where: str
    hint: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}, behind the engine's back\n  next: {self.hint}"


_active: list[Nondeterminism] | None = None  # what is noted now, while somebody watches
_hooked = False
_pythons_own: tuple[str, ...] = ()
_home = ""  # the agent's folder: its files are a part of its code
_before: frozenset[int] = frozenset()  # the threads that were there before any journey code
_watcher = 0  # the thread that replays
_loading = False  # while code loads it may open its log, or make a folder for it


@contextmanager
def monitor(home: str, loading: bool = False) -> Iterator[list[Nondeterminism]]:
    """What journey code of the folder `home` takes inside. Nothing of it connects anywhere, or changes a file."""
    global _active, _hooked, _home, _before, _watcher, _pythons_own, _loading
    if not _hooked:
        _hooked = True
        import builtins

        setattr(builtins, NAME, _passed)
        sys.addaudithook(_audit)  # it stays for ever, and looks up only inside
        _pythons_own = tuple(_pythons())
        _before = frozenset(thread.ident or 0 for thread in threading.enumerate())
    found: list[Nondeterminism] = []
    _home, _loading = home, loading
    _active, _watcher = found, threading.get_ident()
    try:
        yield found
    finally:
        _active = None


def _passed(rule: str, what: str, where: str, hint: str, value: Any) -> Any:
    """The value at a place that takes something from the machine: a function notes when it is called."""
    found = Nondeterminism(rule, what, where, hint)
    if not callable(value):
        _note(found)
        return value
    function: Callable[..., Any] = value

    @wraps(function, assigned=("__name__", "__doc__"), updated=())
    def noting(*args: Any, **kwargs: Any) -> Any:
        _note(found)
        return function(*args, **kwargs)

    return noting


def _note(found: Nondeterminism) -> None:
    if _active is not None:
        _active.append(found)


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if _active is None or event not in _HEARD:
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
        message = f"it changes {_describe(args[0])} ({event})"
        _note(
            Nondeterminism(
                "environment", message, where, "decide, and change nothing; a tool changes a @world class"
            )
        )
        raise PermissionError("a replay changes no file")
    if event in FILES:
        message = f"it opens {_describe(args[0])}, which no record holds"
        _note(Nondeterminism("environment", message, where, "put it into the agent's folder, or into the fixture"))
    else:
        rule, does = FORBIDDEN_EVENTS[event]
        _note(Nondeterminism(rule, f"it {does} ({event})", where, "take what is out there through the world"))
        raise PermissionError("a replay connects to nothing and starts nothing")


def _describe(file: Any) -> str:
    return "an open file" if isinstance(file, int) else os.fsdecode(os.curdir if file is None else file)


def _writes(file: Any, _mode: Any, flags: int) -> bool:
    """Whether a file is opened so that it may change; one that is open already is not opened."""
    return bool(flags & _WRITES) and not isinstance(file, int) and os.fsdecode(file) != os.devnull


def _foreign(file: Any) -> bool:
    """Whether a file is neither the agent's nor Python's own."""
    if isinstance(file, int):
        return False  # one that is open already
    path = os.path.realpath(_describe(file))
    return path != os.devnull and not f"{path}{os.sep}".startswith(
        (f"{os.path.realpath(_home)}{os.sep}", *_pythons_own)
    )


def _pythons() -> Iterator[str]:
    """Folders that Python and its libraries read for themselves."""
    for folder in (os.path.dirname(os.__file__), *ZONES, *sys.path):
        if folder and os.path.realpath(folder) != os.getcwd():
            yield f"{os.path.realpath(folder)}{os.sep}"


def _journey_line() -> str:
    """The innermost line of journey code at work, or waiting for the thread at work; "" for an import."""
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
