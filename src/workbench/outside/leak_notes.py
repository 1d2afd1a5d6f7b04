"""Journey code compiled with a note at each place that takes something from the machine; see `leaks`."""

from __future__ import annotations

import ast
import re
from types import CodeType
from typing import Any

from ..source import module_file
from .leaks import NAME, Leak
from .lint_code import TAKEN, Code, Reader

_TAKEN = re.compile("|".join(TAKEN).encode())


def instrument(data: bytes, path: str, module: str) -> CodeType:
    """The code of a journey file, with a note at each place that takes something from the machine."""
    tree = ast.parse(data, path)
    if _TAKEN.search(data):
        spotter = _Spotter(module_file(module, path), tree, Code())
        spotter.visit(tree)
        tree = ast.fix_missing_locations(_Notes(spotter.spots).visit(tree))
    code = compile(tree, path, "exec", dont_inherit=True)
    assert isinstance(code, CodeType)
    return code


class _Spotter(Reader):
    """Remembers the expressions that `check` would report."""

    def __init__(self, file: str, tree: ast.Module, code: Code) -> None:
        super().__init__(file, tree, code)
        self.spots: dict[ast.AST, Leak] = {}

    def _report(self, node: ast.AST, rule: str, message: str, what: str = "") -> None:
        super()._report(node, rule, message, what)
        if isinstance(node, ast.expr):
            found = self.code.findings[-1]
            self.spots[node] = Leak(rule, found.message, f"{self.file}:{found.line}", found.next)


class _Notes(ast.NodeTransformer):
    def __init__(self, spots: dict[ast.AST, Leak]) -> None:
        self.spots = spots

    def visit(self, node: ast.AST) -> Any:
        leak = self.spots.get(node)
        if leak is None:
            return super().visit(node)
        self.generic_visit(node)
        assert isinstance(node, ast.expr)
        function = ast.Name(NAME, ast.Load())
        return ast.copy_location(ast.Call(function, [*(ast.Constant(w) for w in leak), node], []), node)
