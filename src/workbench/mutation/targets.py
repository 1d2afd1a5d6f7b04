"""Find the code to measure: an agent's policies and tools, and the code they call.

The source is analyzed; no journey code runs. Code that only a rehearsal uses is excluded.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from ..errors import JourneyError
from ..source import ROOT_PACKAGE

Role = Literal["policy", "tool", "world", "code"]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, eq=False)
class Definition:
    """A name that a file defines. `tool_body`: only tool bodies use it, so most replays do not run it."""

    file: str
    name: str
    node: ast.stmt
    role: Role
    tool_body: bool = False


def find_targets(files: Mapping[str, str], agent: str) -> list[Definition]:
    """Return the definitions to measure, in order of file and line.

    `files` has the text of each Python file by its path below journeys/. Raises
    JourneyError if the agent is not among them, or imports a file that is not valid Python.
    """
    return _Program(files, agent).targets()


def decorator_role(node: ast.AST) -> tuple[Role, ast.expr | None]:
    """Return ("policy" or "tool", its decorator), or ("world", ...), or ("code", None)."""
    for decorator in getattr(node, "decorator_list", ()):
        named = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(named, ast.Attribute) and named.attr in ("policy", "tool"):
            return ("policy" if named.attr == "policy" else "tool"), decorator
        if callee_name(named) == "world":
            return "world", decorator
    return "code", None


def callee_name(node: ast.AST) -> str:
    """Return the last name of `f`, `a.f`, or of a call of one; else ""."""
    if isinstance(node, ast.Call):
        node = node.func
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def signature_nodes(node: Function) -> list[ast.AST]:
    """Return the nodes that run when a function is defined: decorators, types, defaults."""
    return [*node.decorator_list, node.args, *([node.returns] if node.returns else [])]


def own_lines(node: ast.stmt) -> range:
    """Return the lines of a statement, without those of statements inside it."""
    body = getattr(node, "body", None)
    last = max(node.lineno, body[0].lineno - 1) if body else node.end_lineno or node.lineno
    return range(node.lineno, last + 1)


class _Program:
    """The files that an agent imports: the definitions of each, and the origin of imported names."""

    def __init__(self, files: Mapping[str, str], agent: str) -> None:
        self.files = files
        self.defined: dict[str, dict[str, list[Definition]]] = {}
        self.imported: dict[
            str, dict[str, tuple[str, str]]
        ] = {}  # name: (file, its name there or "" for all of it)
        first = f"{agent}/agent.py"
        if first not in files:
            raise JourneyError(f"there is no agent {agent!r}", where=first)
        waiting = [first]
        while waiting:
            file = waiting.pop()
            if file not in self.defined:
                self._read(file)
                waiting += [target for target, _ in self.imported[file].values()]

    def _read(self, file: str) -> None:
        try:
            tree = ast.parse(self.files[file])
        except (SyntaxError, ValueError) as error:
            where = f"{file}:{getattr(error, 'lineno', None) or 1}"
            raise JourneyError(f"not valid Python: {error}", where=where, hint="fix the line and save") from None
        self.defined[file], self.imported[file] = {}, {}
        for node in _statements(tree.body):
            if isinstance(node, ast.ImportFrom):
                self._import_from(file, node)
            for name in _names(node):
                role = decorator_role(node)[0]
                self.defined[file].setdefault(name, []).append(Definition(file, name, node, role))

    def _import_from(self, file: str, node: ast.ImportFrom) -> None:
        folder = PurePosixPath(file).parent.parts
        module = (node.module or "").split(".") if node.module else []
        if node.level:
            base = [*folder[: len(folder) - node.level + 1], *module]
        elif module[:1] == [ROOT_PACKAGE]:
            base = module[1:]
        else:
            return
        for alias in node.names:
            within, whole = self._file(base), self._file([*base, alias.name])
            if whole:
                self.imported[file][alias.asname or alias.name] = (whole, "")
            elif within:
                self.imported[file][alias.asname or alias.name] = (within, alias.name)

    def _file(self, parts: Iterable[str]) -> str:
        path = "/".join(parts)
        return next((f for f in (f"{path}.py", f"{path}/__init__.py") if f in self.files), "")

    def _find(self, file: str, name: str, visited: frozenset[str] = frozenset()) -> list[Definition]:
        """Find the definitions of a name that a file uses, through any number of imports."""
        if name in self.defined.get(file, {}):
            return self.defined[file][name]
        target, there = self.imported.get(file, {}).get(name, ("", ""))
        return self._find(target, there, visited | {file}) if target and there and target not in visited else []

    def _used(self, file: str, node: ast.AST) -> Iterator[Definition]:
        for each in ast.walk(node):
            if isinstance(each, ast.Name):
                yield from self._find(file, each.id)
            elif isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name):
                target, there = self.imported[file].get(each.value.id, ("", ""))
                if target and not there:
                    yield from self._find(target, each.attr)

    def _reached(self, roots: list[tuple[str, ast.AST]]) -> set[Definition]:
        """Return all definitions that this code uses, directly or indirectly; of a tool, only its signature."""
        found: set[Definition] = set()
        while roots:
            file, node = roots.pop()
            for used in self._used(file, node):
                if used not in found:
                    found.add(used)
                    if used.role != "tool":
                        roots.append((used.file, used.node))
        return found

    def targets(self) -> list[Definition]:
        everything = [d for names in self.defined.values() for group in names.values() for d in group]
        policies = [d for d in everything if d.role == "policy"]
        tools = [(d, d.node) for d in everything if d.role == "tool" and isinstance(d.node, Function)]
        heads: list[tuple[str, ast.AST]] = [(d.file, part) for d, node in tools for part in signature_nodes(node)]
        inner: list[tuple[str, ast.AST]] = [(d.file, part) for d, node in tools for part in node.body]
        rules = self._reached([*((d.file, d.node) for d in policies), *heads]) | {
            *policies,
            *(d for d, _ in tools),
        }
        worlds = {d for d in rules if d.role == "world"}
        bodies = (self._reached(inner) - rules) | worlds
        chosen = {id(d.node): d for d in rules - worlds}
        chosen |= {id(d.node): Definition(d.file, d.name, d.node, d.role, True) for d in bodies}
        return sorted(chosen.values(), key=lambda d: (d.file, d.node.lineno))


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
    """Return the names that a statement of a module defines."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return [node.name]
        case ast.Assign():
            return [n.id for target in node.targets for n in ast.walk(target) if _is_stored(n)]  # type: ignore[attr-defined]
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.AugAssign(target=ast.Name(id=name)):
            return [name]
    return []


def _is_stored(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
