"""Measure coverage: the policies, decisions, tools and lines that transcripts reach."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping

import msgspec

from .imports import callee_name
from .operators import DECISIONS
from .program import Function
from .targets import Target, find_targets, own_lines


class DecisionLine(msgspec.Struct, frozen=True):
    """A decision in the code of a policy; `reached`: a transcript reaches it."""

    file: str
    line: int
    policy: str
    effect: str
    reached: bool


class CoveredDefinition(msgspec.Struct, frozen=True):
    """A policy or a tool; `reached`: a transcript calls it."""

    file: str
    line: int
    name: str
    reached: bool


class LineCoverage(msgspec.Struct, frozen=True):
    """The coverage of a file: counted statements, lines that never ran, statements in tool bodies."""

    file: str
    all: int
    missed: list[int]
    bodies: int


class Coverage(msgspec.Struct, frozen=True):
    """The coverage of an agent."""

    policies: list[CoveredDefinition]
    decisions: list[DecisionLine]
    tools: list[CoveredDefinition]
    files: list[LineCoverage]


def coverage(
    files: Mapping[str, str],
    agent: str,
    lines: Collection[tuple[str, int]],
    decisions: Collection[tuple[str, str, int]],
    tools: Collection[str],
    policies: list[CoveredDefinition],
    *,
    bodies: bool = False,
) -> Coverage:
    """Return the coverage by the `lines` (file, line), `decisions` (file, effect, line) and `tools` of a run.

    `policies` are those of the loaded agent, however they were declared. `bodies`: tool
    bodies ran too, so their lines count.
    """
    defined = find_targets(files, agent).chosen
    return Coverage(
        policies,
        [r for d in defined if not d.tool_body for r in sorted(_decisions(d, decisions), key=lambda r: r.line)],
        [CoveredDefinition(d.file, d.node.lineno, d.name, d.name in tools) for d in defined if d.role == "tool"],
        list(_files(defined, lines, bodies)),
    )


def format_ranges(lines: list[int]) -> str:
    """Format line numbers with ranges: "3, 7-9"."""
    groups: list[list[int]] = []
    for line in lines:
        if groups and line == groups[-1][-1] + 1:
            groups[-1].append(line)
        else:
            groups.append([line])
    return ", ".join(str(g[0]) if len(g) == 1 else f"{g[0]}-{g[-1]}" for g in groups)


def _decisions(target: Target, found: Collection[tuple[str, str, int]]) -> Iterator[DecisionLine]:
    for node in ast.walk(target.node):
        if isinstance(node, ast.Call) and callee_name(node) in ("Allow", *DECISIONS):
            effect = callee_name(node).lower()
            lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
            reached = any((target.file, effect, line) in found for line in lines)
            yield DecisionLine(target.file, node.lineno, target.name, effect, reached)


def _files(defined: list[Target], lines: Collection[tuple[str, int]], with_bodies: bool) -> Iterator[LineCoverage]:
    for file in dict.fromkeys(d.file for d in defined):
        missed: list[int] = []
        counted = bodies = 0
        for target in (d for d in defined if d.file == file):
            statements = list(_statements(target.node))
            if (target.tool_body or target.role == "tool") and not with_bodies:
                bodies += len(statements)
                continue
            counted += len(statements)
            for node in statements:
                if not any((file, line) in lines for line in own_lines(node)):
                    missed += own_lines(node)
        if counted or bodies:
            yield LineCoverage(file, counted, sorted(set(missed)), bodies)


def _statements(node: ast.stmt) -> Iterator[ast.stmt]:
    """Yield every statement inside functions and methods, except docstrings and declarations."""
    for each in ast.walk(node):
        if isinstance(each, Function):
            for statement in each.body:
                yield from _inside(statement)


def _inside(node: ast.stmt) -> Iterator[ast.stmt]:
    docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    if not docstring and not isinstance(node, ast.Global | ast.Nonlocal | ast.ClassDef | Function):
        yield node
    if isinstance(node, Function):
        return  # ast.walk visits it separately
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield from _inside(child)
        elif isinstance(child, ast.ExceptHandler | ast.match_case):
            for statement in child.body:
                yield from _inside(statement)
