"""Pin the inputs of journey code at their source: clock, randomness, environment, machine.

`pin_process` is called before an agent is loaded, `pin_run` before each run. What a module
returns from then on is a table (`_TABLE`); a module that is imported later gets its values when it is
imported. The time is pinned where CPython reads it, by the time-machine package.

What this does not reach is listed in docs/false-passes.md: native code, and the paths of the
project and of Python.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import ModuleType
from typing import Any

from .entropy import Entropy
from .file_view import FileView
from .monitor import refuse
from .virtual_time import VirtualClock, pin_condition, pin_event_loop, pin_selector, pin_sleep

ENVIRONMENT = {
    "HOME": "/nonexistent",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "LOGNAME": "workbench",
    "PATH": "/usr/bin:/bin",
    "TERM": "dumb",
    "TMPDIR": "/nonexistent",
    "TZ": "UTC",
    "USER": "workbench",
    "COLUMNS": "80",
    "LINES": "24",
}
START = "2026-01-05T10:00:00+00:00"  # the time while an agent is loaded
HOST = "workbench"

_entropy = Entropy()
_traveller: Any = None


_clock = VirtualClock()


def _constant(value: Any) -> Callable[..., Any]:
    def pinned(*_: Any, **__: Any) -> Any:
        return value

    return pinned


def _uname() -> Any:
    return os.uname_result((sys.platform.capitalize(), HOST, "0", "0", "machine"))


def _platform_uname() -> Any:
    import platform

    return platform.uname_result(sys.platform.capitalize(), HOST, "0", "0", "machine")


def _pin_os(module: Any) -> dict[str, Any]:
    return {
        "urandom": _entropy.take,
        "getrandom": lambda size, flags=0: _entropy.take(size),
        "getpid": _constant(2),
        "getppid": _constant(1),
        "getpgid": _constant(2),
        "getpgrp": _constant(2),
        "getsid": _constant(2),
        "getuid": _constant(1000),
        "geteuid": _constant(1000),
        "getgid": _constant(1000),
        "getegid": _constant(1000),
        "getresuid": _constant((1000, 1000, 1000)),
        "getresgid": _constant((1000, 1000, 1000)),
        "getgroups": _constant([1000]),
        "getlogin": _constant("workbench"),
        "getloadavg": _constant((0.0, 0.0, 0.0)),
        "cpu_count": _constant(1),
        "process_cpu_count": _constant(1),
        "sched_getaffinity": _constant({0}),
        "uname": _uname,
        "times": lambda: module.times_result((0.0, 0.0, 0.0, 0.0, _clock.read())),
        "get_terminal_size": lambda *_: module.terminal_size((80, 24)),
    }


def _pin_time(module: Any) -> dict[str, Any]:
    real = {name: getattr(module, name) for name in ("clock_gettime", "clock_gettime_ns") if hasattr(module, name)}
    wall = getattr(module, "CLOCK_REALTIME", 0)
    asctime, localtime = module.asctime, module.localtime
    return {
        "sleep": pin_sleep(_clock, module),
        "asctime": lambda moment=None: asctime(localtime() if moment is None else moment),
        "ctime": lambda seconds=None: asctime(localtime(seconds)),
        **dict.fromkeys(("monotonic", "perf_counter", "process_time", "thread_time"), _clock.read),
        **dict.fromkeys(("monotonic_ns", "perf_counter_ns", "process_time_ns", "thread_time_ns"), _clock.read_ns),
        "clock_gettime": lambda clock: real["clock_gettime"](clock) if clock == wall else _clock.read(),
        "clock_gettime_ns": lambda clock: real["clock_gettime_ns"](clock) if clock == wall else _clock.read_ns(),
    }


def _pin_waits(module: Any) -> dict[str, Any]:
    """Pin the timed waits of threading, selectors and asyncio, in the classes that all others use."""
    if module.__name__ == "threading":
        pin_condition(_clock, module.Condition)
        return {"get_native_id": _constant(2)}
    if module.__name__ == "selectors":
        pin_selector(_clock, module.DefaultSelector)
    else:
        pin_event_loop(_clock, module.BaseEventLoop)
    return {}


def _pin_resource(module: Any) -> dict[str, Any]:
    return {"getrusage": lambda who: module.struct_rusage((0.0, 0.0, *(0,) * 14))}


def _pin_random(module: Any) -> dict[str, Any]:
    _entropy.pin_unseeded(module.Random)
    return {"_urandom": _entropy.take, "seed": module._inst.seed}


_SQL_INPUTS = {
    *("date", "time", "datetime", "julianday", "unixepoch", "strftime", "timediff", "random", "randomblob"),
    *("current_date", "current_time", "current_timestamp"),
}


def _pin_sqlite(module: Any) -> dict[str, Any]:
    """Deny the functions of SQL that read the clock or make random values: they are native code."""

    def authorize(action: int, _: str | None, name: str | None, *__: object) -> int:
        if action != module.SQLITE_FUNCTION or name not in _SQL_INPUTS:
            return int(module.SQLITE_OK)
        hint = "pass the value as a parameter: conversation.now in a policy, Clock or random.Random in a tool"
        refuse(f"calls {name} of SQLite", hint)
        return int(module.SQLITE_DENY)

    if hasattr(module.Connection, "pinned"):  # the three modules share one class
        return {}

    class Connection(module.Connection):  # type: ignore[misc]
        pinned = True

        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            super().set_authorizer(authorize)

        def set_authorizer(self, *_: Any) -> None:
            refuse("replaces the authorizer of SQLite", "leave it: it refuses the clock and random values")

    def connect(*args: Any, factory: Any = Connection, **more: Any) -> Any:
        return factory(*args, **more)

    return {"Connection": Connection, "connect": connect}


_TABLE: dict[str, Callable[[Any], Mapping[str, Any]]] = {
    "os": _pin_os,
    "posix": _pin_os,
    "nt": _pin_os,
    "time": _pin_time,
    "random": _pin_random,
    "resource": _pin_resource,
    "ssl": lambda _: {"RAND_bytes": _entropy.take, "RAND_priv_bytes": _entropy.take},
    "_ssl": lambda _: {"RAND_bytes": _entropy.take},
    "uuid": lambda _: {"_node": 0x020000000001, "getnode": _constant(0x020000000001)},
    "socket": lambda _: {"gethostname": _constant(HOST), "getfqdn": lambda name="": name or HOST},
    "_socket": lambda _: {"gethostname": _constant(HOST)},
    "platform": lambda _: {"uname": _platform_uname, "node": _constant(HOST), "release": _constant("0"),
                           "version": _constant("0"), "machine": _constant("machine"),
                           "processor": _constant(""), "platform": _constant(sys.platform),
                           "libc_ver": _constant(("", "")), "freedesktop_os_release": _constant({})},
    **dict.fromkeys(("sqlite3", "sqlite3.dbapi2", "_sqlite3"), _pin_sqlite),
    **dict.fromkeys(("threading", "selectors", "asyncio.base_events"), _pin_waits),
    "_thread": lambda _: {"get_native_id": _constant(2)},
    "mimetypes": lambda _: {"knownfiles": []},
    "multiprocessing": lambda _: {"cpu_count": _constant(1)},
    "tempfile": lambda _: {"tempdir": ENVIRONMENT["TMPDIR"]},
    "site": lambda _: {"getuserbase": _constant("/nonexistent"), "getusersitepackages": _constant("/nonexistent")},
    "getpass": lambda _: {"getuser": _constant("workbench")},
    "shutil": lambda module: {"disk_usage": _constant(module._ntuple_diskusage(0, 0, 0)), "which": _constant(None),
                         "get_terminal_size": lambda *_, **__: os.terminal_size((80, 24))},
    "psutil": lambda _: {"boot_time": _constant(0.0), "cpu_count": _constant(1)},
}  # fmt: skip


def pin_files(files: FileView) -> None:
    """Show only these files to the functions of `os`. It cannot be undone in this process."""
    for name, function in files.functions().items():
        if hasattr(os, name):
            setattr(os, name, function)
    getcwd = os.getcwd

    def refused() -> str:
        refuse("os.getcwd reads the path of the project", "use a path relative to the agent's folder: __file__")
        return getcwd()

    os.getcwd = refused
    os.getcwdb = lambda: refused().encode()


def pin_process(environment: Mapping[str, str]) -> None:
    """Pin everything that does not depend on a conversation. It cannot be undone in this process."""
    os.environ.clear()
    os.environ.update({**ENVIRONMENT, **environment})
    if hasattr(time, "tzset"):
        time.tzset()
    _travel(START)  # afterwards: it restores the time zone that it finds
    sys.argv = [HOST]
    if hasattr(sys, "orig_argv"):
        sys.orig_argv = [HOST]
    for name in _TABLE:
        if name in sys.modules:
            _pin_module(sys.modules[name])
    sys.meta_path.insert(0, _PinningFinder())
    _entropy.seed("loading")


def pin_run(clock: str, seed: int, environment: Mapping[str, str]) -> None:
    """Pin the time, the randomness and the environment of a run to those of its conversation.

    `clock` is ISO 8601. Raises ValueError or OverflowError if it is invalid.
    """
    _travel(clock)
    _entropy.seed(f"run {seed}")
    _clock.now = 0.0
    if environment:
        os.environ.update(environment)
    random = sys.modules.get("random")
    if random is not None:
        random.seed(seed)
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        numpy.seed(seed % 2**32)


def _pin_module(module: Any) -> None:
    for name, value in _TABLE[module.__name__](module).items():
        if hasattr(module, name):
            setattr(module, name, value)


def _travel(clock: str) -> None:
    global _traveller
    from .time_travel import travel

    moment = datetime.fromisoformat(clock)
    if _traveller is None:  # it replaces C functions of `time`: start it before they are pinned
        _traveller = travel(moment, tick=False).start()
        _clock.on_advance = _traveller.shift
    else:
        _traveller.move_to(moment, tick=False)


class _PinningFinder(importlib.abc.MetaPathFinder):
    """Pins the values of a module of the table when it is imported."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in _TABLE:
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _PinningLoader(spec.loader)
                return spec
        return None


class _PinningLoader(importlib.abc.Loader):
    """Executes a module like its own loader, then pins its values."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        made: ModuleType | None = self._loader.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        _pin_module(module)
