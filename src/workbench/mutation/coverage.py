"""What of an agent its transcripts reach: policies, what they may say, tools, lines."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping

import msgspec

from .operators import RULINGS
from .targets import Definition, Function, called, header, subject


class RulingLine(msgspec.Struct, frozen=True):
    """A line of a policy that says something, and whether any transcript had it say so."""

    file: str
    line: int
    policy: str
    verdict: str
    made: bool


class Guarded(msgspec.Struct, frozen=True):
    """A policy or a tool, and whether any transcript asks or calls it."""

    file: str
    line: int
    name: str
    reached: bool


class FileLines(msgspec.Struct, frozen=True):
    """Of a file's statements: how many count, the lines of those that never ran, how many only tool bodies run."""

    file: str
    all: int
    missed: list[int]
    bodies: int


class Coverage(msgspec.Struct, frozen=True):
    policies: list[Guarded]
    rulings: list[RulingLine]
    tools: list[Guarded]
    files: list[FileLines]


def coverage(
    files: Mapping[str, str],
    agent: str,
    lines: Collection[tuple[str, int]],
    rulings: Collection[tuple[str, str, int]],
    tools: Collection[str],
    *,
    bodies: bool = False,
) -> Coverage:
    """What was reached. `lines` (file, line) ran, `rulings` (file, verdict, line) were made, `tools` were called.

    `bodies`: bodies of tools ran too, so their lines count.
    """
    defined = subject(files, agent)
    functions = [d for d in defined if isinstance(d.node, Function)]
    return Coverage(
        [Guarded(d.file, d.node.lineno, d.name, _ran(d, lines)) for d in functions if d.role == "policy"],
        [r for d in functions if not d.bodies for r in sorted(_rulings(d, rulings), key=lambda r: r.line)],
        [Guarded(d.file, d.node.lineno, d.name, d.name in tools) for d in functions if d.role == "tool"],
        list(_files(defined, lines, bodies)),
    )


def ranges(lines: list[int]) -> str:
    """ "3, 7-9" """
    groups: list[list[int]] = []
    for line in lines:
        if groups and line == groups[-1][-1] + 1:
            groups[-1].append(line)
        else:
            groups.append([line])
    return ", ".join(str(g[0]) if len(g) == 1 else f"{g[0]}-{g[-1]}" for g in groups)


def _ran(definition: Definition, lines: Collection[tuple[str, int]]) -> bool:
    return any((definition.file, line) in lines for node in _statements(definition.node) for line in header(node))


def _rulings(definition: Definition, made: Collection[tuple[str, str, int]]) -> Iterator[RulingLine]:
    for node in ast.walk(definition.node):
        if isinstance(node, ast.Call) and called(node) in ("Allow", *RULINGS):
            verdict = called(node).lower()
            span = range(node.lineno, (node.end_lineno or node.lineno) + 1)
            was = any((definition.file, verdict, line) in made for line in span)
            yield RulingLine(definition.file, node.lineno, definition.name, verdict, was)


def _files(
    defined: list[Definition], lines: Collection[tuple[str, int]], with_bodies: bool
) -> Iterator[FileLines]:
    for file in dict.fromkeys(d.file for d in defined):
        missed: list[int] = []
        counted = bodies = 0
        for definition in (d for d in defined if d.file == file):
            statements = list(_statements(definition.node))
            if (definition.bodies or definition.role == "tool") and not with_bodies:
                bodies += len(statements)
                continue
            counted += len(statements)
            for node in statements:
                if not any((file, line) in lines for line in header(node)):
                    missed += header(node)
        if counted or bodies:
            yield FileLines(file, counted, sorted(set(missed)), bodies)


def _statements(node: ast.stmt) -> Iterator[ast.stmt]:
    """Every statement inside functions, those of a class included, but for docstrings and declarations."""
    for each in ast.walk(node):
        if isinstance(each, Function):
            for statement in each.body:
                yield from _inside(statement)


def _inside(node: ast.stmt) -> Iterator[ast.stmt]:
    words = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    if not words and not isinstance(node, ast.Global | ast.Nonlocal | ast.ClassDef | Function):
        yield node
    if isinstance(node, Function):
        return  # the walk comes to it by itself
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield from _inside(child)
        elif isinstance(child, ast.ExceptHandler | ast.match_case):
            for statement in child.body:
                yield from _inside(statement)
