"""What a run sees of the file system: its own folders and Python's, without times, owners and numbers."""

from __future__ import annotations

import os
import stat
import sys
import sysconfig
from collections.abc import Callable, Iterable
from typing import Any

# where the libraries and time zones of the system are
_SYSTEM = (
    *("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/etc/ld.so.cache"),
    *("/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/System/Library"),
)


def read_roots(folders: Iterable[str]) -> tuple[str, ...]:
    """Return the folders that may be read: the given ones, and those of Python, its packages and the system."""
    editable = {
        folder
        for name, module in list(sys.modules.items())
        if name.startswith("__editable__")
        for folder in getattr(module, "MAPPING", {}).values()
    }
    installed = {*editable, sys.prefix, sys.base_prefix, sysconfig.get_paths()["stdlib"], *filter(None, sys.path)}
    given = {*folders, *installed, *_SYSTEM}
    return tuple(sorted({*map(os.path.abspath, given), *map(os.path.realpath, given)}))


class FileView:
    """Answers questions about files: those outside `roots` do not exist, except the folders `parents`."""

    def __init__(self, roots: Iterable[str], parents: Iterable[str] = ()) -> None:
        self.roots = tuple(roots)
        self._parents = frozenset(parents)
        self._roots = tuple(f"{root.rstrip(os.sep)}{os.sep}" for root in self.roots)
        self._stat, self._lstat, self._access, self._readlink = os.stat, os.lstat, os.access, os.readlink
        self._getcwd = os.getcwd

    def readable(self, path: Any) -> bool:
        """Return whether a path, and what it links to, is inside the roots; an open file is."""
        if isinstance(path, int):
            return True
        full = self._absolute(path)
        return full == os.devnull or (self._inside(full) and self._inside(os.path.realpath(full)))

    def _absolute(self, path: Any) -> str:
        """Return a path from the root; os.path.abspath asks `os.getcwd`, which is refused to journey code."""
        return os.path.normpath(os.path.join(self._getcwd(), os.fsdecode(path)))

    def functions(self) -> dict[str, Callable[..., Any]]:
        """Return the functions of `os` that see this view only."""
        return {
            "stat": lambda path, **how: self._seen(self._stat, path, how),
            "lstat": lambda path, **how: self._seen(self._lstat, path, how),
            "access": lambda path, mode, **how: self._visible(path) and self._access(path, mode, **how),
            "readlink": lambda path, **how: self._readlink(self._checked(path), **how),
            "statvfs": lambda path: os.statvfs_result((4096, 4096, 0, 0, 0, 0, 0, 0, 0, 255)),
        }

    def _inside(self, full: str) -> bool:
        return f"{full}{os.sep}".startswith(self._roots)

    def _visible(self, path: Any) -> bool:
        """Return whether a path is inside the roots by its name, or one of the parents."""
        if isinstance(path, int):
            return True
        full = self._absolute(path)
        return full == os.devnull or full in self._parents or self._inside(full)

    def _checked(self, path: Any) -> Any:
        if not self._visible(path):
            raise FileNotFoundError(2, "not visible in a replay", os.fsdecode(path))
        return path

    def _seen(self, look: Callable[..., os.stat_result], path: Any, how: dict[str, Any]) -> os.stat_result:
        found = look(self._checked(path), **how)
        rights = 0o755 if stat.S_ISDIR(found.st_mode) else 0o644
        size = found.st_size if stat.S_ISREG(found.st_mode) else 0
        return os.stat_result((stat.S_IFMT(found.st_mode) | rights, 0, 0, 1, 1000, 1000, size, 0, 0, 0))
