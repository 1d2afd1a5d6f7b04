"""Generate mutants: an agent's code with one small change, in memory only.

The operators are in operators.py; targets.py selects the code that they apply to.
A mutant that no transcript catches shows code that no transcript checks.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping

import msgspec

from .imports import callee_name
from .operators import DECISIONS, OPERATORS
from .program import Function
from .source_edit import Edit, MutationSite, SourceText
from .targets import Target, find_targets, own_lines, signature_nodes

WITH_TEXT = ("Allow", "Block", "Escalate", "ToolError")  # their texts are not compared by a replay


class Mutant(msgspec.Struct, frozen=True):
    """One change: the bytes `start` to `end` of `file` (path below journeys/) become `text`.

    `before` and `after` are the code on one line. A transcript covers the mutant if it
    runs one of `covering_lines`; () for code that runs when the agent is loaded.
    `bodies`: it has an effect only if tool bodies run.
    """

    file: str
    line: int
    operator: str
    before: str
    after: str
    start: int
    end: int
    text: str
    covering_lines: tuple[int, ...] = ()
    bodies: bool = False

    def apply(self, data: bytes) -> bytes:
        """Return the bytes of the file with the change."""
        return data[: self.start] + self.text.encode() + data[self.end :]


def generate_mutants(files: Mapping[str, str], agent: str) -> list[Mutant]:
    """Return all mutants of an agent, in order of file and line. Raises JourneyError like `find_targets`."""
    texts: dict[str, SourceText] = {}
    found: dict[tuple[str, Edit], Mutant] = {}
    for target in find_targets(files, agent).chosen:
        text = texts.setdefault(target.file, SourceText(files[target.file].encode()))
        for mutant in _mutants_of(target, text):
            found.setdefault((mutant.file, Edit(mutant.start, mutant.end, mutant.text)), mutant)
    order = list(OPERATORS)
    return sorted(found.values(), key=lambda m: (m.file, m.line, m.start, order.index(m.operator)))


class Unmeasured(msgspec.Struct, frozen=True):
    """Code that has no mutants although the agent may use it; `line` is 0 for a whole file."""

    file: str
    line: int
    why: str


def find_unmeasured(files: Mapping[str, str], agent: str, loaded: Collection[str]) -> list[Unmeasured]:
    """List the values that nothing measured names, and the files in `loaded` that no import statement names."""
    targets = find_targets(files, agent)
    found = [
        Unmeasured(value.file, value.node.lineno, f"nothing names {value.name}")
        for value in targets.unused
        if any(_mutants_of(Target(value.file, "", value.node, "code"), SourceText(files[value.file].encode())))
    ]
    others = sorted(set(loaded) & set(files) - targets.files)
    return found + [Unmeasured(file, 0, "imported, but by no import statement of the agent") for file in others]


def _mutants_of(target: Target, text: SourceText) -> Iterator[Mutant]:
    for site, lines, bodies in _Sites(target, text).all():
        for name, operator in OPERATORS.items():
            for edit in operator.edits(site):
                mutant = _create(target.file, text, name, edit, lines, bodies)
                if mutant is not None:
                    yield mutant


def _create(
    file: str, text: SourceText, name: str, edit: Edit, covering: tuple[int, ...], bodies: bool
) -> Mutant | None:
    """Return the mutant of an edit without moving other lines; None if it is not valid Python."""
    old = text.data[edit.start : edit.end]
    missing = "\n" * (old.count(b"\n") - edit.text.count("\n"))
    new = edit.text + missing if edit.text in ("", "pass") or not missing else f"({edit.text}{missing})"
    line = text.line_at(edit.start)
    mutant = Mutant(file, line, name, "", "", edit.start, edit.end, new, covering, bodies)
    changed = mutant.apply(text.data)
    try:
        compile(changed, file, "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError):
        return None
    code = [" ".join(_lines(data, line, old.count(b"\n"))) for data in (text.data, changed)]
    return msgspec.structs.replace(mutant, before=code[0], after=code[1])


def _lines(data: bytes, first: int, more: int) -> list[str]:
    lines = data.decode().split("\n")[first - 1 : first + more]
    return [line.strip() for line in lines if line.strip()]


Site = tuple[MutationSite, tuple[int, ...], bool]  # a node, the lines that cover it, whether it is in a tool body


class _Sites:
    """Finds the nodes of a target that operators apply to, without texts for people."""

    def __init__(self, target: Target, text: SourceText) -> None:
        self.target = target
        self.text = text

    def all(self) -> Iterator[Site]:
        node = self.target.node
        if isinstance(node, Function):
            yield from self._function(node, node, self.target.tool_body)
        else:
            yield from self._walk(node, node, (), self.target.tool_body)

    def _function(self, node: Function, parent: ast.AST, bodies: bool) -> Iterator[Site]:
        """Yield a function or method. Its signature runs when the agent is loaded."""
        role = self.target.role
        lines = tuple(range(node.body[0].lineno, (node.end_lineno or node.lineno) + 1))
        yield MutationSite(node, parent, self.text, role), lines if role == "policy" else (), bodies
        in_bodies = bodies or role == "tool"
        for part in signature_nodes(node):
            if isinstance(part, ast.arguments):
                yield from self._arguments(part, node, in_bodies)
            elif part is not node.returns:
                yield from self._walk(part, node, (), bodies)
        for statement in node.body:
            yield from self._walk(statement, node, tuple(own_lines(statement)), in_bodies)

    def _arguments(self, arguments: ast.arguments, node: Function, in_bodies: bool) -> Iterator[Site]:
        if self.target.role == "tool":
            yield MutationSite(arguments, node, self.text, "tool"), (), False
            for argument in ast.walk(arguments):
                if isinstance(argument, ast.arg) and argument.annotation is not None:
                    yield from self._walk(argument.annotation, argument, (), False, "type")
        for default in [*arguments.defaults, *arguments.kw_defaults]:
            if default is not None:
                yield from self._walk(default, arguments, (), in_bodies)

    def _walk(
        self, node: ast.AST, parent: ast.AST, lines: tuple[int, ...], bodies: bool, within: str = ""
    ) -> Iterator[Site]:
        if isinstance(node, Function) and not lines:  # a method
            yield from self._function(node, parent, bodies)
            return
        if isinstance(node, ast.stmt) and lines:
            lines = tuple(own_lines(node))
        within = within or self.target.role
        yield MutationSite(node, parent, self.text, within), lines, bodies
        for child in _children(node):
            inner = within
            if isinstance(node, ast.AnnAssign) and child is node.annotation:
                continue
            if node is self.target.node and _is_alias(node) and isinstance(child, ast.Subscript):
                inner = "type"  # Serial = Annotated[str, ...], a type that tools use
            field = self.target.data and isinstance(node, ast.ClassDef) and isinstance(child, ast.AnnAssign)
            yield from self._walk(child, node, lines, bodies or field, inner)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the children of a node, without texts for people, f-strings and docstrings."""
    match node:
        case ast.Call() if callee_name(node) in WITH_TEXT:
            return
        case ast.Call() if callee_name(node) in DECISIONS:  # of a Rewrite, the replacement counts
            yield from node.args[:1] or [k.value for k in node.keywords if k.arg == "replacement"]
        case ast.Call() if callee_name(node) in ("Journey", "Agent"):
            yield from (k for k in node.keywords if k.arg in ("when", "limits"))
        case ast.Subscript() if callee_name(node.value) == "Annotated":
            parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            yield from (p for p in parts if not isinstance(p, ast.Constant))
        case ast.JoinedStr():
            return
        case ast.Expr(value=ast.Constant()):
            return
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield from (*node.decorator_list, *node.body)
        case _:
            yield from ast.iter_child_nodes(node)


def _is_alias(node: ast.AST) -> bool:
    return isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript)
