"""Select the code to measure: all functions, methods and classes of an agent, and the values that they name.

Left out is what only a rehearsal uses, and values that nothing names. Code that only
tool bodies use is marked, because most replays do not run it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from .program import Definition, Function, Program, Role


@dataclass(frozen=True, eq=False)
class Target:
    """A definition to measure.

    `tool_body`: only tool bodies use it. `data`: tools take or return it, so that recorded
    values set its fields.
    """

    file: str
    name: str
    node: ast.stmt
    role: Role
    tool_body: bool = False
    data: bool = False


class Targets(NamedTuple):
    """The code to measure, and the values that nothing measured names, in order of file and line.

    `files` are those of the agent, also without code to measure.
    """

    chosen: list[Target]
    unused: list[Definition]
    files: set[str]


def find_targets(files: Mapping[str, str], agent: str) -> Targets:
    """Find the code of an agent to measure.

    `files` has the text of each Python file by its path below journeys/. Raises JourneyError like Program.
    """
    program = Program(files, agent)
    everything = program.definitions
    tools = [(d.file, d.node) for d in everything if d.role == "tool" and isinstance(d.node, Function)]
    scripts = {d for d in everything if d.role == "rehearsal"}
    in_scripts = scripts | program.reached((d.file, d.node) for d in scripts)
    in_bodies = program.reached((file, part) for file, node in tools for part in node.body)
    types = program.reached((file, part) for file, node in tools for part in (node.args, node.returns) if part)
    # code that nothing names may be found by a registry, so it counts
    active = {d for d in everything if d.role == "policy" or (d.role == "code" and d.acts)}
    roots = {d for d in active if d.role == "policy" or d not in in_scripts | in_bodies}
    heads = [(file, part) for file, node in tools for part in signature_nodes(node)]
    rules = roots | program.reached([*((d.file, d.node) for d in roots), *heads])
    rules |= {d for d in everything if d.role == "tool"}
    worlds = {d for d in everything if d.role == "world"}
    rules -= worlds | scripts
    bodies = (in_bodies - rules - scripts) | worlds
    chosen = {id(d.node): d for group in (bodies, rules) for d in group}  # `a = b = 1` is one target
    return Targets(
        [Target(d.file, d.name, d.node, d.role, d in bodies, d in types) for d in _in_order(chosen.values())],
        _in_order(d for d in everything if d not in in_scripts and id(d.node) not in chosen),
        program.names,
    )


def _in_order(definitions: Iterable[Definition]) -> list[Definition]:
    return sorted(definitions, key=lambda d: (d.file, d.node.lineno))


def signature_nodes(node: Function) -> list[ast.AST]:
    """Return the nodes that run when a function is defined: decorators, types, defaults."""
    return [*node.decorator_list, node.args, *([node.returns] if node.returns else [])]


def own_lines(node: ast.stmt) -> range:
    """Return the lines of a statement, without those of statements inside it."""
    body = getattr(node, "body", None)
    last = max(node.lineno, body[0].lineno - 1) if body else node.end_lineno or node.lineno
    return range(node.lineno, last + 1)
