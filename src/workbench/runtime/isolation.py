"""What journey code keeps between conversations, put back as it was: no replay remembers another.

Put back are global names that a function rebinds, containers and the objects of
journey classes at the top of a module, attributes of classes, default values,
closures; names that a module, a class, a journey or an agent came to have are taken
away. What a library keeps for a journey (functools.cache) is not.
"""

from __future__ import annotations

import dis
import sys
from collections import deque
from collections.abc import Iterator
from types import CellType, CodeType, FunctionType, MemberDescriptorType, ModuleType
from typing import Any

from ..authoring.agent import Agent
from ..authoring.journey import Journey
from ..authoring.policy import Policy
from ..authoring.tool import Tool
from ..source import ROOT_PACKAGE

_MISSING = object()
_BINDS = {dis.opmap["STORE_GLOBAL"], dis.opmap["DELETE_GLOBAL"]}
_SCALARS = (str, int, float, bool, bytes, frozenset, tuple, type(None))


class StateSnapshot:
    """The memory of the agent that was loaded last, as loading left it."""

    def __init__(self) -> None:
        self._held: list[tuple[Any, Any]] = []  # a container, and a copy of it
        self._names: list[tuple[dict[str, Any], str, Any]] = []
        self._attributes: list[tuple[type, str, Any]] = []
        self._slots: list[tuple[Any, MemberDescriptorType, Any]] = []
        self._known: dict[Any, frozenset[str]] = {}  # what has names of its own, and those it had
        self._seen: dict[int, Any] = {}  # what is held, by its id
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
        for place, known in self._known.items():
            if len(vars(place)) != len(known):
                _forget(place, known)
                self._known[place] = frozenset(vars(place))
        for held, slot, value in self._slots:
            if value is not _MISSING:
                slot.__set__(held, value)
            elif hasattr(held, slot.__name__):
                slot.__delete__(held)
        for cell, value in self._cells:
            cell.cell_contents = value
        for held, copy in self._held:
            if held != copy:
                _refill(held, copy)

    def _learn(self, module: ModuleType) -> None:
        names = vars(module)
        self._known[module] = frozenset(names)
        functions = [fn for value in list(names.values()) for fn in _functions(value, module.__name__)]
        for name in {name for fn in functions for name in _rebound(fn.__code__)}:
            self._names.append((names, name, names.get(name, _MISSING)))
        for name, value in list(names.items()):
            if isinstance(value, type) and value.__module__ == module.__name__:
                self._learn_class(value)
            elif isinstance(value, Agent | Journey):
                self._known[value] = frozenset(vars(value))
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
        self._known[kind] = frozenset(vars(kind))
        for name, value in vars(kind).items():
            if not name.startswith("_"):
                self._hold(value)
                if isinstance(value, _SCALARS):
                    self._attributes.append((kind, name, value))

    def _hold(self, value: Any) -> None:
        """Keep a copy of a container, or of what an object of a journey's class holds; and of those inside it."""
        if id(value) in self._seen:
            return
        if isinstance(value, _CONTAINERS):
            self._held.append((value, value.copy()))
        elif type(value).__module__.split(".")[0] == ROOT_PACKAGE and not isinstance(value, type):
            self._hold_slots(value)
            self._hold(getattr(value, "__dict__", None))
        if isinstance(value, (*_CONTAINERS, tuple)):
            self._seen[id(value)] = value
            for part in list(value.values() if isinstance(value, dict) else value):
                self._hold(part)

    def _hold_slots(self, value: Any) -> None:
        self._seen[id(value)] = value
        for kind in type(value).__mro__:
            for slot in vars(kind).values():
                if isinstance(slot, MemberDescriptorType) and kind.__module__.split(".")[0] == ROOT_PACKAGE:
                    kept = getattr(value, slot.__name__, _MISSING)
                    self._slots.append((value, slot, kept))
                    self._hold(kept)


_CONTAINERS = (list, dict, set, bytearray, deque)


def _refill(held: Any, copy: Any) -> None:
    held.clear()
    if isinstance(held, dict | set):
        held.update(copy)
    else:
        held.extend(copy)


def _forget(place: Any, known: frozenset[str]) -> None:
    """Take away the names that were not known; what Python, or a cached property of ours, put there stays."""
    for name in vars(place).keys() - known:
        ours = name.startswith("__") or hasattr(type(place), name)
        if not ours and not isinstance(vars(place)[name], ModuleType):
            delattr(place, name)


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
