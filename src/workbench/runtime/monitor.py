"""Refuse what a replay may not do, and name the line of journey code that tried it.

An audit hook refuses connections, programs, native code, changes of files, and files that are read
outside the agent's folder and Python. Where the system refuses the same (`runtime/confinement.py`),
the hook explains; elsewhere it is the only protection. Threads that journey code started are part of
that code.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NamedTuple

from ..source import ROOT_PACKAGE, journey_path
from .file_view import FileView

FORBIDDEN_EVENTS = {  # by audit event: the rule, and a description
    **dict.fromkeys(
        (
            *("socket.__new__", "socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"),
            *("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"),
            *("socket.getservbyname", "socket.getservbyport", "socket.sethostname"),
        ),
        ("network", "uses the network"),
    ),
    **dict.fromkeys(
        (
            *("subprocess.Popen", "os.system", "os.posix_spawn", "os.spawn", "os.exec", "os.startfile"),
            *("os.fork", "os.forkpty", "pty.spawn", "os.kill", "os.killpg", "signal.pthread_kill"),
        ),
        ("environment", "starts a program or signals one"),
    ),
    **dict.fromkeys(("ctypes.dlopen", "ctypes.dlsym"), ("environment", "uses native code")),
}
FILE_WRITE_EVENTS = {  # audit events of changes to files or to the current folder
    *("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chdir"),
    *("os.chmod", "os.chown", "os.chflags", "os.utime", "os.setxattr", "os.removexattr"),
}
FILES = ("open", "os.listdir", "os.scandir", "sqlite3.connect")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_INTERNET = (2, 10, 30)  # AF_INET, and AF_INET6 on Linux and macOS
_AUDITED = {*FORBIDDEN_EVENTS, *FILE_WRITE_EVENTS, *FILES}


class Violation(NamedTuple):
    """An undeclared input or side effect: the rule of `check`, a description, the line, and an alternative."""

    rule: str
    what: str
    where: str
    hint: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}\n  next: {self.hint}"


_active: list[Violation] | None = None  # the list that receives reports while `monitor` is active
_hooked = False
_files = FileView(())
_before: frozenset[int] = frozenset()  # the threads that existed before any journey code
_watcher = 0  # the thread that replays


@contextmanager
def monitor(files: FileView) -> Iterator[list[Violation]]:
    """Refuse and collect what journey code may not do inside; it may read what `files` shows."""
    global _active, _hooked, _files, _before, _watcher
    if not _hooked:
        _hooked = True
        sys.addaudithook(_audit)  # it cannot be removed, and does nothing outside `monitor`
        _before = frozenset(thread.ident or 0 for thread in threading.enumerate())
    found: list[Violation] = []
    _files = files
    _active, _watcher = found, threading.get_ident()
    try:
        yield found
    finally:
        _active = None


def _add(found: Violation) -> None:
    if _active is not None:
        _active.append(found)


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if _active is None or event not in _AUDITED:
        return
    changes = event in FILE_WRITE_EVENTS or (event == "open" and _writes(*args))
    if event in FILES and not changes and _readable(args[0]):
        return
    if event == "socket.__new__" and args[1] not in _INTERNET:
        return  # the two ends of a pair, as event loops use them
    where = _journey_line()
    if not where:
        return
    if changes:
        message = f"undeclared side effect: changes {_describe(args[0])} ({event})"
        hint = "policies must not have side effects; change state in a tool, through a @world class"
        _add(Violation("environment", message, where, hint))
        raise PermissionError("files cannot be changed in a replay")
    if event in FILES:
        message = f"undeclared input: opens {_describe(args[0])}, which is not recorded"
        hint = "move it to the agent's folder, name its folder in [replay] data, or use the fixture"
        _add(Violation("environment", message, where, hint))
        raise PermissionError("only the files of the agent and of Python can be read in a replay")
    rule, action = FORBIDDEN_EVENTS[event]
    message = f"undeclared side effect: {action} ({event})"
    _add(Violation(rule, message, where, "use the world to reach other systems"))
    raise PermissionError("connections and programs are not allowed in a replay")


def refuse(what: str, hint: str) -> None:
    """Report a use of something that cannot be pinned, if journey code is running."""
    where = _journey_line()
    if where and _active is not None:
        _add(Violation("environment", f"undeclared input: {what}", where, hint))


def _describe(file: Any) -> str:
    return "an open file" if isinstance(file, int) else os.fsdecode(os.curdir if file is None else file)


def _writes(file: Any, _mode: Any, flags: int) -> bool:
    """Return whether a file is opened for writing; a file descriptor is open already."""
    return bool(flags & _WRITES) and not isinstance(file, int) and os.fsdecode(file) != os.devnull


def _readable(file: Any) -> bool:
    """Return whether a file may be read; None is the current folder, and a database may be in memory."""
    return file in (":memory:", b":memory:") or _files.readable(os.curdir if file is None else file)


def _journey_line() -> str:
    """Return the innermost journey line of this thread, or of the one that waits for it; "" for an import."""
    where = _line(sys._getframe(2))
    me = threading.get_ident()
    if where is not None or me == _watcher or me in _before:
        return where or ""
    return _line(sys._current_frames().get(_watcher)) or "agent.py:1"


def _line(frame: FrameType | None) -> str | None:
    while frame is not None:
        name = frame.f_globals.get("__name__") or ""
        if name.startswith(("importlib._bootstrap", "_frozen_importlib")):
            return ""
        if name.split(".")[0] == ROOT_PACKAGE:
            return f"{journey_path(name, frame.f_code.co_filename)}:{frame.f_lineno}"
        frame = frame.f_back
    return None
