"""Restore the state of journey code between replays, so that they do not affect each other.

Restored are global names that a function rebinds, containers and objects of journey
classes at module level, class attributes, default values and closures. Names added
to a module, a class, a journey or an agent are removed. State that a library holds
for a journey (functools.cache) is not restored.
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
    """The state of the agent that was loaded last, right after loading."""

    def __init__(self) -> None:
        self._containers: list[tuple[Any, Any]] = []  # a container, and a copy of it
        self._names: list[tuple[dict[str, Any], str, Any]] = []
        self._attributes: list[tuple[type, str, Any]] = []
        self._slots: list[tuple[Any, MemberDescriptorType, Any]] = []
        self._namespaces: dict[Any, frozenset[str]] = {}  # a module, class or object, and its names
        self._visited: dict[int, Any] = {}  # by id
        self._cells: list[tuple[CellType, Any]] = []
        for name, module in sorted(sys.modules.items()):
            if name.split(".")[0] == ROOT_PACKAGE:
                self._add_module(module)

    def restore(self) -> None:
        """Restore the state."""
        for names, name, value in self._names:
            if value is _MISSING:
                names.pop(name, None)
            else:
                names[name] = value
        for kind, name, value in self._attributes:
            if vars(kind).get(name) is not value:
                setattr(kind, name, value)
        for owner, names_before in self._namespaces.items():
            if len(vars(owner)) != len(names_before):
                _remove_new(owner, names_before)
                self._namespaces[owner] = frozenset(vars(owner))
        for owner, slot, value in self._slots:
            if value is not _MISSING:
                slot.__set__(owner, value)
            elif hasattr(owner, slot.__name__):
                slot.__delete__(owner)
        for cell, value in self._cells:
            cell.cell_contents = value
        for container, copy in self._containers:
            if container != copy:
                _refill(container, copy)

    def _add_module(self, module: ModuleType) -> None:
        names = vars(module)
        self._namespaces[module] = frozenset(names)
        functions = [fn for value in list(names.values()) for fn in _functions(value, module.__name__)]
        for name in {name for fn in functions for name in _rebound(fn.__code__)}:
            self._names.append((names, name, names.get(name, _MISSING)))
        for name, value in list(names.items()):
            if isinstance(value, type) and value.__module__ == module.__name__:
                self._add_class(value)
            elif isinstance(value, Agent | Journey):
                self._namespaces[value] = frozenset(vars(value))
            elif not name.startswith("__"):
                self._add_value(value)
        for fn in functions:
            for value in (vars(fn), *(fn.__defaults__ or ()), *(fn.__kwdefaults__ or {}).values()):
                self._add_value(value)
            for cell in fn.__closure__ or ():
                if cell != CellType():
                    self._cells.append((cell, cell.cell_contents))
                    self._add_value(cell.cell_contents)

    def _add_class(self, kind: type) -> None:
        self._namespaces[kind] = frozenset(vars(kind))
        for name, value in vars(kind).items():
            if not name.startswith("_"):
                self._add_value(value)
                if isinstance(value, _SCALARS):
                    self._attributes.append((kind, name, value))

    def _add_value(self, value: Any) -> None:
        """Copy a container or the content of an object of a journey class, and the containers inside it."""
        if id(value) in self._visited:
            return
        if isinstance(value, _CONTAINERS):
            self._containers.append((value, value.copy()))
        elif type(value).__module__.split(".")[0] == ROOT_PACKAGE and not isinstance(value, type):
            self._add_slots(value)
            self._add_value(getattr(value, "__dict__", None))
        if isinstance(value, (*_CONTAINERS, tuple)):
            self._visited[id(value)] = value
            for part in list(value.values() if isinstance(value, dict) else value):
                self._add_value(part)

    def _add_slots(self, value: Any) -> None:
        self._visited[id(value)] = value
        for kind in type(value).__mro__:
            for slot in vars(kind).values():
                if isinstance(slot, MemberDescriptorType) and kind.__module__.split(".")[0] == ROOT_PACKAGE:
                    content = getattr(value, slot.__name__, _MISSING)
                    self._slots.append((value, slot, content))
                    self._add_value(content)


_CONTAINERS = (list, dict, set, bytearray, deque)


def _refill(container: Any, copy: Any) -> None:
    container.clear()
    if isinstance(container, dict | set):
        container.update(copy)
    else:
        container.extend(copy)


def _remove_new(owner: Any, before: frozenset[str]) -> None:
    """Remove the names that were added, except those of Python and of cached properties of Workbench."""
    for name in vars(owner).keys() - before:
        internal = name.startswith("__") or hasattr(type(owner), name)
        if not internal and not isinstance(vars(owner)[name], ModuleType):
            delattr(owner, name)


def _functions(value: Any, module: str) -> Iterator[FunctionType]:
    """Yield the functions of a module behind a value: itself, those of a class, policy or tool, wrapped ones."""
    if isinstance(value, Policy | Tool):
        value = value.fn
    if isinstance(value, type) and value.__module__ == module:
        for own in list(vars(value).values()):
            yield from _functions(getattr(own, "__func__", own), module)
    while isinstance(value, FunctionType) and value.__module__ == module:
        if not value.__code__.co_filename.startswith("<"):  # not one that a dataclass generated
            yield value
        value = getattr(value, "__wrapped__", None)


def _rebound(code: CodeType) -> Iterator[str]:
    """Yield the global names that a function, or an inner one, rebinds."""
    if _BINDS & set(code.co_code[::2]):
        yield from (str(i.argval) for i in dis.get_instructions(code) if i.opcode in _BINDS)
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from _rebound(const)
