"""What journey code keeps between conversations, put back as it was: no replay remembers another.

Put back are global names that a function rebinds, containers and the objects of
journey classes at the top of a module, attributes of classes, default values,
closures. What a library keeps for a journey (functools.cache) is not.
"""

from __future__ import annotations

import dis
import sys
from collections import deque
from collections.abc import Iterator
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any

from ..policy import Policy
from ..source import ROOT_PACKAGE
from ..tool import Tool

_MISSING = object()
_BINDS = {dis.opmap["STORE_GLOBAL"], dis.opmap["DELETE_GLOBAL"]}
_SCALARS = (str, int, float, bool, bytes, frozenset, tuple, type(None))


class Memory:
    """The memory of the agent that was loaded last, as loading left it."""

    def __init__(self) -> None:
        self._held: list[tuple[Any, Any]] = []  # a container, and a copy of it
        self._names: list[tuple[dict[str, Any], str, Any]] = []
        self._attributes: list[tuple[type, str, Any]] = []
        self._cells: list[tuple[CellType, Any]] = []
        for name, module in sorted(sys.modules.items()):
            if name.split(".")[0] == ROOT_PACKAGE:
                self._learn(module)

    def restore(self) -> None:
        """Put all of it back."""
        for names, name, value in self._names:
            if value is _MISSING:
                names.pop(name, None)
            else:
                names[name] = value
        for kind, name, value in self._attributes:
            if vars(kind).get(name) is not value:
                setattr(kind, name, value)
        for cell, value in self._cells:
            cell.cell_contents = value
        for held, copy in self._held:
            if held != copy:
                _refill(held, copy)

    def _learn(self, module: ModuleType) -> None:
        names = vars(module)
        functions = [fn for value in list(names.values()) for fn in _functions(value, module.__name__)]
        for name in {name for fn in functions for name in _rebound(fn.__code__)}:
            self._names.append((names, name, names.get(name, _MISSING)))
        for name, value in list(names.items()):
            if isinstance(value, type) and value.__module__ == module.__name__:
                self._learn_class(value)
            elif not name.startswith("__"):
                self._hold(value)
        for fn in functions:
            for value in (vars(fn), *(fn.__defaults__ or ()), *(fn.__kwdefaults__ or {}).values()):
                self._hold(value)
            for cell in fn.__closure__ or ():
                if cell != CellType():
                    self._cells.append((cell, cell.cell_contents))
                    self._hold(cell.cell_contents)

    def _learn_class(self, kind: type) -> None:
        for name, value in vars(kind).items():
            if not name.startswith("_"):
                self._hold(value)
                if isinstance(value, _SCALARS):
                    self._attributes.append((kind, name, value))

    def _hold(self, value: Any) -> None:
        """Keep a copy of a container, or of what an object of a journey's class holds; and of those inside it."""
        if not isinstance(value, _CONTAINERS):
            if type(value).__module__.split(".")[0] != ROOT_PACKAGE or isinstance(value, type):
                return
            value = getattr(value, "__dict__", None)
        if value is None or any(value is held for held, _ in self._held):
            return
        self._held.append((value, value.copy()))
        for part in value.values() if isinstance(value, dict) else value:
            self._hold(part)


_CONTAINERS = (list, dict, set, bytearray, deque)


def _refill(held: Any, copy: Any) -> None:
    held.clear()
    if isinstance(held, dict | set):
        held.update(copy)
    else:
        held.extend(copy)


def _functions(value: Any, module: str) -> Iterator[FunctionType]:
    """The functions of a module that a name leads to: itself, those of a class, policy or tool, what it wraps."""
    if isinstance(value, Policy | Tool):
        value = value.fn
    if isinstance(value, type) and value.__module__ == module:
        for own in list(vars(value).values()):
            yield from _functions(getattr(own, "__func__", own), module)
    while isinstance(value, FunctionType) and value.__module__ == module:
        if not value.__code__.co_filename.startswith("<"):  # not what a dataclass makes for itself
            yield value
        value = getattr(value, "__wrapped__", None)


def _rebound(code: CodeType) -> Iterator[str]:
    """The global names that a function, or one inside it, binds anew."""
    if _BINDS & set(code.co_code[::2]):
        yield from (str(i.argval) for i in dis.get_instructions(code) if i.opcode in _BINDS)
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from _rebound(const)
