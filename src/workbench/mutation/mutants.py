"""Mutants: an agent's code with one small thing made wrong, in memory alone.

The operators are in operators.py, what they are put to is chosen in subject.py.
A mutant that no transcript notices shows what no transcript guards.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

import msgspec

from .operators import DECISIONS, OPERATORS
from .source_edit import Edit, MutationSite, SourceText
from .targets import Definition, Function, callee_name, find_targets, own_lines, signature_nodes

WORDS = ("Allow", "Block", "Escalate", "ToolError")  # no replay compares what these say


class Mutant(msgspec.Struct, frozen=True):
    """One change: `start` to `end`, in bytes of `file` (its path below journeys/), become `text`.

    `before` and `after` are what stands there, in a line. `reach` are the lines
    of which one must run for the mutant to count as reached; () where the code
    is read when the agent loads. `bodies`: it tells only where bodies of tools run.
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
        return data[: self.start] + self.text.encode() + data[self.end :]


def generate_mutants(files: Mapping[str, str], agent: str) -> list[Mutant]:
    """Every mutant of an agent, in order of file and line. Raises JourneyError as `subject` does."""
    texts: dict[str, SourceText] = {}
    found: dict[tuple[str, Edit], Mutant] = {}
    for definition in find_targets(files, agent):
        text = texts.setdefault(definition.file, SourceText(files[definition.file].encode()))
        for mutant in _of(definition, text):
            found.setdefault((mutant.file, Edit(mutant.start, mutant.end, mutant.text)), mutant)
    order = list(OPERATORS)
    return sorted(found.values(), key=lambda m: (m.file, m.line, m.start, order.index(m.operator)))


def _of(definition: Definition, text: SourceText) -> Iterator[Mutant]:
    for site, reach, bodies in _Walk(definition, text).sites():
        for name, operator in OPERATORS.items():
            for edit in operator.edits(site):
                mutant = _made(definition.file, text, name, edit, reach, bodies)
                if mutant is not None:
                    yield mutant


def _made(
    file: str, text: SourceText, name: str, edit: Edit, reach: tuple[int, ...], bodies: bool
) -> Mutant | None:
    """The mutant of an edit, all other lines where they were; None where it is no Python."""
    old = text.data[edit.start : edit.end]
    gone = "\n" * (old.count(b"\n") - edit.text.count("\n"))
    new = edit.text + gone if edit.text in ("", "pass") or not gone else f"({edit.text}{gone})"
    line = text.line_at(edit.start)
    mutant = Mutant(file, line, name, "", "", edit.start, edit.end, new, reach, bodies)
    changed = mutant.apply(text.data)
    try:
        compile(changed, file, "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return None
    shown = [" ".join(_lines(data, line, old.count(b"\n"))) for data in (text.data, changed)]
    return msgspec.structs.replace(mutant, before=shown[0], after=shown[1])


def _lines(data: bytes, first: int, more: int) -> list[str]:
    lines = data.decode().split("\n")[first - 1 : first + more]
    return [line.strip() for line in lines if line.strip()]


class _Walk:
    """All nodes of a definition that an operator may look at, words left out."""

    def __init__(self, definition: Definition, text: SourceText) -> None:
        self.definition = definition
        self.text = text

    def sites(self) -> Iterator[tuple[MutationSite, tuple[int, ...], bool]]:
        node, role = self.definition.node, self.definition.role
        if not isinstance(node, Function):
            yield from self._walk(node, node, (), self.definition.tool_body)
            return
        lines = tuple(range(node.body[0].lineno, (node.end_lineno or node.lineno) + 1))
        yield (
            MutationSite(node, node, self.text, role),
            lines if role == "policy" else (),
            self.definition.tool_body,
        )
        in_bodies = self.definition.tool_body or role == "tool"
        for part in signature_nodes(node):
            if isinstance(part, ast.arguments):
                yield from self._arguments(part, node, in_bodies)
            elif part is not node.returns:
                yield from self._walk(part, node, (), self.definition.tool_body)
        for statement in node.body:
            yield from self._walk(statement, node, (), in_bodies)

    def _arguments(
        self, arguments: ast.arguments, node: Function, in_bodies: bool
    ) -> Iterator[tuple[MutationSite, tuple[int, ...], bool]]:
        role = self.definition.role
        if role == "tool":
            yield MutationSite(arguments, node, self.text, "tool"), (), False
            for argument in ast.walk(arguments):
                if isinstance(argument, ast.arg) and argument.annotation is not None:
                    yield from self._walk(argument.annotation, argument, (), False, "type")
        for default in [*arguments.defaults, *arguments.kw_defaults]:
            if default is not None:
                yield from self._walk(default, arguments, (), in_bodies)

    def _walk(
        self, node: ast.AST, parent: ast.AST, reach: tuple[int, ...], bodies: bool, within: str = ""
    ) -> Iterator[tuple[MutationSite, tuple[int, ...], bool]]:
        if isinstance(node, ast.stmt) and isinstance(self.definition.node, Function):
            reach = tuple(own_lines(node))
        within = within or self.definition.role
        yield MutationSite(node, parent, self.text, within), reach, bodies
        for child in _children(node):
            inner = within
            if isinstance(node, ast.AnnAssign) and child is node.annotation:
                continue
            if node is self.definition.node and _is_alias(node) and isinstance(child, ast.Subscript):
                inner = "type"  # Serial = Annotated[str, ...], a type that tools name
            of_class = isinstance(node, ast.ClassDef) and isinstance(child, ast.AnnAssign)
            yield from self._walk(child, node, reach, bodies or of_class, inner)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a node that count: no words for people, no f-strings, no docstring."""
    match node:
        case ast.Call() if callee_name(node) in WORDS:
            return
        case ast.Call() if callee_name(node) in DECISIONS:  # Rewrite: what it is changed to counts
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
            yield from node.body
        case _:
            yield from ast.iter_child_nodes(node)


def _is_alias(node: ast.AST) -> bool:
    return isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript)
