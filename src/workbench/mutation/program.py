"""The files of an agent as a graph: the definitions of each file, and which definitions use which.

The source is analyzed; no journey code runs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal

from ..errors import JourneyError
from .imports import Imports, callee_name

Role = Literal["policy", "tool", "world", "rehearsal", "code"]
Function = ast.FunctionDef | ast.AsyncFunctionDef
TESTS = ("test_*.py", "*_test.py", "conftest.py")  # files in journeys/ that no agent imports
DECLARED = ("Agent", "Journey")
SCRIPTED = ("Rehearsal", "Slot")  # what they create belongs to a rehearsal


@dataclass(frozen=True, eq=False)
class Definition:
    """A statement of a module and a name that it defines, or "" if it defines none: `RULES.append(late)`."""

    file: str
    name: str
    node: ast.stmt
    role: Role

    @property
    def acts(self) -> bool:
        """Return whether it counts without being named: a function, a class, an action, an agent or a journey."""
        declared = callee_name(getattr(self.node, "value", self.node)) in DECLARED
        return not self.name or declared or isinstance(self.node, Function | ast.ClassDef)


def decorator_role(node: ast.AST) -> tuple[Role, ast.expr | None]:
    """Return the role that a decorator gives to a function or class, and the decorator; or ("code", None)."""
    for decorator in getattr(node, "decorator_list", ()):
        named = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(named, ast.Attribute) and named.attr in ("policy", "tool"):
            return ("policy" if named.attr == "policy" else "tool"), decorator
        if callee_name(named) == "world":
            return "world", decorator
        if isinstance(named, ast.Attribute) and named.attr == "intent":
            return "rehearsal", decorator
    return "code", None


class Program:
    """The Python files of an agent: all in its folder, and those that they import from elsewhere in journeys/.

    Raises JourneyError if the agent is not among `files`, or imports a file that is not valid Python.
    """

    def __init__(self, files: Mapping[str, str], agent: str) -> None:
        self.files = files
        self.definitions: list[Definition] = []
        self._defined: dict[str, dict[str, list[Definition]]] = {}
        self._imports: dict[str, dict[str, list[tuple[str, str]]]] = {}  # name: (file, its name there, "" for all)
        first = f"{agent}/agent.py"
        if first not in files:
            raise JourneyError(f"there is no agent {agent!r}", where=first)
        self._read_all([first])
        for file in files:
            if file.startswith(f"{agent}/") and not any(PurePosixPath(file).match(name) for name in TESTS):
                try:
                    self._read_all([file])
                except JourneyError:  # the agent does not import it
                    self._defined[file], self._imports[file] = {}, {}
        self.definitions = [self._with_script(d) for d in self.definitions]
        self._users = self._registered()

    @property
    def names(self) -> set[str]:
        """Return the files that were read."""
        return set(self._defined)

    # reading

    def _read_all(self, waiting: list[str]) -> None:
        while waiting:
            file = waiting.pop()
            if file not in self._defined:
                waiting += self._read(file)

    def _read(self, file: str) -> list[str]:
        """Read the definitions of a file; returns the files that it imports."""
        try:
            tree = ast.parse(self.files[file])
        except (SyntaxError, ValueError) as error:
            where = f"{file}:{getattr(error, 'lineno', None) or 1}"
            raise JourneyError(f"not valid Python: {error}", where=where, hint="fix the line and save") from None
        imports = Imports(self.files, file, tree)
        self._defined[file], self._imports[file] = {}, imports.names
        registered = {name for node in tree.body for name in _policies_by_call(node)}
        for node in _statements(tree.body):
            for name in _names(node):
                role: Role = "policy" if name in registered else _role(node)
                definition = Definition(file, name, node, role)
                self.definitions.append(definition)
                if name:
                    self._defined[file].setdefault(name, []).append(definition)
        return imports.files

    # uses

    def find(self, file: str, name: str, visited: frozenset[str] = frozenset()) -> list[Definition]:
        """Find the definitions of a name that a file uses, through any number of imports."""
        found = self._defined.get(file, {}).get(name, [])
        if found:
            return found
        imports = self._imports.get(file, {})
        sources = imports.get(name, []) + [(target, name) for target, _ in imports.get("*", [])]
        return [
            definition
            for target, there in sources
            if there and target not in visited
            for definition in self.find(target, there, visited | {file})
        ]

    def used(self, file: str, node: ast.AST) -> Iterator[Definition]:
        """Yield the definitions that code names."""
        for each in ast.walk(node):
            if isinstance(each, ast.Name):
                yield from self.find(file, each.id)
            elif isinstance(each, ast.Attribute):
                yield from self._attribute(file, _dotted(each))

    def _attribute(self, file: str, parts: list[str]) -> Iterator[Definition]:
        """Yield the definitions of `module.name`, after `import journeys.x as module` or `import journeys.x`."""
        for target, there in self._imports[file].get(".".join(parts[:-1]), []) if parts else ():
            if not there:
                yield from self.find(target, parts[-1])

    def _with_script(self, definition: Definition) -> Definition:
        """Return a definition; one without a name that names a rehearsal belongs to it."""
        if definition.name or all(d.role != "rehearsal" for d in self.used(definition.file, definition.node)):
            return definition
        return replace(definition, role="rehearsal")

    def _registered(self) -> dict[Definition, list[Definition]]:
        """Map a definition to code that it reaches without naming it.

        A class reaches its subclasses, a decorator what it decorates, and a list or a registry the
        statements that fill it.
        """
        found: dict[Definition, list[Definition]] = {}
        for definition in self.definitions:
            node, names = definition.node, []
            if isinstance(node, ast.ClassDef):
                names = [*node.bases, *node.keywords, *node.decorator_list]
            elif isinstance(node, Function):
                names = list(node.decorator_list)
            elif not definition.name:
                names = [node]
            for named in (used for part in names for used in self.used(definition.file, part)):
                if definition.role == "code":
                    found.setdefault(named, []).append(definition)
        return found

    def reached(self, roots: Iterable[tuple[str, ast.AST]]) -> set[Definition]:
        """Return all definitions that this code uses, directly or indirectly; of a tool, only its name."""
        found: set[Definition] = set()
        waiting = list(roots)
        while waiting:
            file, node = waiting.pop()
            for used in self.used(file, node):
                for each in (used, *self._users.get(used, ())):
                    if each not in found:
                        found.add(each)
                        if each.role != "tool":
                            waiting.append((each.file, each.node))
        return found


def _role(node: ast.stmt) -> Role:
    """Return the role of a statement of a module."""
    targets = node.targets if isinstance(node, ast.Assign) else ()
    value = getattr(node, "value", None)
    if any(isinstance(t, ast.Attribute) and t.attr == "rehearsal" for t in targets):
        return "rehearsal"
    if isinstance(value, ast.Call) and callee_name(value) in SCRIPTED:
        return "rehearsal"
    return decorator_role(node)[0]


def _policies_by_call(node: ast.stmt) -> Iterator[str]:
    """Yield the names of functions that a statement declares as policies: `journey.policy(before=pay)(rule)`."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Call) and call.args:
            made, declared = call.func.func, call.args[0]
            if isinstance(made, ast.Attribute) and made.attr == "policy" and isinstance(declared, ast.Name):
                yield declared.id


def _statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a module, including those under `if`, `try` and `with`."""
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try | ast.With):
            for part in ("body", "orelse", "finalbody"):
                yield from _statements(getattr(node, part, ()))
            for handler in getattr(node, "handlers", ()):
                yield from _statements(handler.body)


def _names(node: ast.stmt) -> list[str]:
    """Return the names that a statement of a module defines, [""] for one that acts without defining any."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return [node.name]
        case ast.Assign():
            names = [n.id for target in node.targets for n in ast.walk(target) if _is_stored(n)]  # type: ignore[attr-defined]
            return [name for name in names if name != "__all__"] if names else [""]
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.AugAssign(target=ast.Name(id=name)):
            return [name]
        case ast.Expr(value=ast.Constant()):
            return []
        case ast.Expr() | ast.AugAssign() | ast.AnnAssign() | ast.For() | ast.While() | ast.Delete():
            return [""]
    return []


def _is_stored(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def _dotted(node: ast.AST) -> list[str]:
    """Return the parts of `a.b.c`; [] for an attribute of anything but a name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return [node.id, *parts[::-1]] if isinstance(node, ast.Name) else []
