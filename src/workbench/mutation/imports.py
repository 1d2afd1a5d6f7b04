"""The imports of a journey file, in any form and at any depth."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from ..source import ROOT_PACKAGE

IMPORTERS = ("import_module", "__import__")


def callee_name(node: ast.AST) -> str:
    """Return the last name of `f`, `a.f`, or of a call of one; else ""."""
    if isinstance(node, ast.Call):
        node = node.func
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


class Imports:
    """The imports of a file: the `names` they define, and the `files` they load."""

    def __init__(self, files: Mapping[str, str], file: str, tree: ast.Module) -> None:
        self._all = files
        self._folder = list(PurePosixPath(file).parent.parts)
        self.names: dict[str, list[tuple[str, str]]] = {}
        self.files: list[str] = []
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                self._from(node)
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    self._module(alias.name, alias.asname or alias.name)
            elif isinstance(node, ast.Call) and callee_name(node) in IMPORTERS and node.args:
                name = node.args[0]
                if isinstance(name, ast.Constant) and isinstance(name.value, str):
                    self._module(name.value, "")

    def _from(self, node: ast.ImportFrom) -> None:
        base = self._resolve("." * node.level + (node.module or ""))
        if base is None:
            return
        self._load(base)
        for alias in node.names:
            within, whole = self._file(base), self._file([*base, alias.name])
            if whole:
                self._load([*base, alias.name])
                self._add(alias.asname or alias.name, whole, "")
            elif within:
                self._add(alias.asname or alias.name, within, alias.name)

    def _module(self, name: str, bound: str) -> None:
        parts = self._resolve(name)
        if parts is not None:
            self._load(parts)
            self._add(bound, self._file(parts), "")

    def _resolve(self, name: str) -> list[str] | None:
        """Return the path of a module below journeys/; None for a module from elsewhere."""
        level = len(name) - len(name.lstrip("."))
        parts = name[level:].split(".") if name[level:] else []
        if level:
            return [*self._folder[: len(self._folder) - level + 1], *parts]
        return parts[1:] if parts[:1] == [ROOT_PACKAGE] else None

    def _load(self, parts: list[str]) -> None:
        """Note that a module is loaded, and the packages that contain it."""
        for length in range(1, len(parts) + 1):
            file = self._file(parts[:length])
            if file:
                self.files.append(file)

    def _add(self, name: str, file: str, there: str) -> None:
        if file and name:
            self.names.setdefault(name, []).append((file, there))

    def _file(self, parts: Iterable[str]) -> str:
        path = "/".join(parts)
        return next((f for f in (f"{path}.py", f"{path}/__init__.py") if f in self._all), "")
