"""The mutation operators, one small change each: the table in docs/mutate.md.

An operator takes one node of the code and yields the edits that make mutants of it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from .imports import callee_name
from .program import decorator_role
from .regex_edits import RegexEdit, is_valid_regex, shifted_quantifiers, without_alternatives
from .source_edit import Edit, MutationSite

DECISIONS = ("Block", "Rewrite", "Escalate")


# the operators, in the order of the table


def policy_removed(site: MutationSite) -> Iterator[Edit]:
    role, decorator = decorator_role(site.node)
    if role == "policy" and decorator is not None:
        at = site.text.data.rindex(b"@", 0, site.text.start(decorator))
        yield Edit(at, site.text.end(decorator), "")


def decision_removed(site: MutationSite) -> Iterator[Edit]:
    if isinstance(site.node, ast.Call) and callee_name(site.node) in DECISIONS:
        yield site.text.replaced(site.node, "None")


def hook_removed(site: MutationSite) -> Iterator[Edit]:
    role, decorator = decorator_role(site.node)
    for keyword in getattr(decorator, "keywords", ()) if role == "policy" else ():
        if _is_hook(keyword) and isinstance(keyword.value, ast.List | ast.Tuple | ast.Set):
            yield from _each_removed(site, keyword.value, keyword.value.elts)


def when_removed(site: MutationSite) -> Iterator[Edit]:
    if isinstance(site.node, ast.Call):
        yield from _arguments_removed(site, site.node, lambda k: k.arg == "when")


def comparison_negated(site: MutationSite) -> Iterator[Edit]:
    yield from _compared(site, NEGATED)


def boundary_moved(site: MutationSite) -> Iterator[Edit]:
    yield from _compared(site, MOVED)


def condition_negated(site: MutationSite) -> Iterator[Edit]:
    node, parent = site.node, site.parent
    tested = getattr(parent, "test", None) is node or node in getattr(parent, "ifs", ())
    simple = isinstance(node, ast.Compare) and len(node.ops) == 1
    if tested and not simple and not _is_not(node):
        yield site.text.replaced(node, f"not ({site.text.of(node)})")


def not_removed(site: MutationSite) -> Iterator[Edit]:
    if isinstance(site.node, ast.UnaryOp) and isinstance(site.node.op, ast.Not):
        yield site.text.replaced(site.node, f"bool({site.text.of(site.node.operand)})")


def and_or(site: MutationSite) -> Iterator[Edit]:
    if isinstance(site.node, ast.BoolOp):
        old, new = ("and", "or") if isinstance(site.node.op, ast.And) else ("or", "and")
        for left, right in zip(site.node.values, site.node.values[1:], strict=False):
            yield from site.text.between(left, right, old, new)


def operand_removed(site: MutationSite) -> Iterator[Edit]:
    if isinstance(site.node, ast.BoolOp):
        yield from _each_removed(site, site.node, site.node.values)


def number_shifted(site: MutationSite) -> Iterator[Edit]:
    value = getattr(site.node, "value", None)
    if isinstance(site.node, ast.Constant) and isinstance(value, int | float) and not isinstance(value, bool):
        for moved in (value + 1, value - 1):
            yield site.text.replaced(site.node, f"({moved})" if moved < 0 else str(moved))


def arithmetic(site: MutationSite) -> Iterator[Edit]:
    if isinstance(site.node, ast.BinOp):
        old, new = SWAPPED.get(type(site.node.op), ("", ""))
        if old:
            yield from site.text.between(site.node.left, site.node.right, old, new)


def boolean_flipped(site: MutationSite) -> Iterator[Edit]:
    if isinstance(site.node, ast.Constant) and isinstance(site.node.value, bool) and not _is_hook(site.parent):
        yield site.text.replaced(site.node, str(not site.node.value))


def string_changed(site: MutationSite) -> Iterator[Edit]:
    """Change a string, but not a key: `call["skuu"]` always fails, which would inflate the score."""
    key = isinstance(site.parent, ast.Subscript) and site.parent.slice is site.node and site.within != "type"
    excluded = key or _is_pattern(site) or _is_hook(site.parent)
    if isinstance(site.node, ast.Constant) and isinstance(site.node.value, str) and not excluded:
        yield site.text.replaced(site.node, repr(site.node.value + "~"))


def regex_alternative_removed(site: MutationSite) -> Iterator[Edit]:
    yield from _pattern(site, without_alternatives)


def regex_quantifier_shifted(site: MutationSite) -> Iterator[Edit]:
    yield from _pattern(site, shifted_quantifiers)


def element_removed(site: MutationSite) -> Iterator[Edit]:
    node, parent = site.node, site.parent
    fixed = isinstance(node, ast.Tuple) and isinstance(
        parent, ast.Assign | ast.AugAssign | ast.Return | ast.Subscript
    )
    hook = _is_hook(parent)
    if isinstance(node, ast.Tuple) and len(node.elts) == 2 and not fixed and not hook:
        yield from (site.text.replaced(node, f"({site.text.of(item)},)") for item in reversed(node.elts))
    elif isinstance(node, ast.List | ast.Tuple | ast.Set) and len(node.elts) > 1 and not (fixed or hook):
        yield from _each_removed(site, node, node.elts)


def lookup_argument_removed(site: MutationSite) -> Iterator[Edit]:
    node = site.node
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LOOKUPS:
        yield from _arguments_removed(site, node, lambda _: True)


def return_emptied(site: MutationSite) -> Iterator[Edit]:
    value = site.node.value if isinstance(site.node, ast.Return) else None
    nothing = isinstance(value, ast.Constant) and value.value is None
    if value is not None and not nothing and site.within != "policy":
        yield site.text.replaced(value, "None")


def statement_removed(site: MutationSite) -> Iterator[Edit]:
    node = site.node
    effect = isinstance(node, ast.AugAssign | ast.Raise | ast.Delete)
    effect = effect or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Await))
    stored = isinstance(node, ast.Assign) and not any(isinstance(t, ast.Name) for t in node.targets)
    if effect or stored:
        yield site.text.replaced(node, "pass")


def type_changed(site: MutationSite) -> Iterator[Edit]:
    """Change the type of a tool parameter, the only types that `generate_mutants` passes."""
    if isinstance(site.node, ast.Name) and site.within == "type" and site.node.id in OTHER_TYPE:
        yield site.text.replaced(site.node, OTHER_TYPE[site.node.id])


def default_removed(site: MutationSite) -> Iterator[Edit]:
    if site.within != "tool" or not isinstance(site.node, ast.arguments):
        return
    arguments = [*site.node.posonlyargs, *site.node.args]
    with_default = arguments[len(arguments) - len(site.node.defaults) :]
    pairs = [*zip(with_default, site.node.defaults, strict=True)]
    pairs += [(a, d) for a, d in zip(site.node.kwonlyargs, site.node.kw_defaults, strict=True) if d is not None]
    for argument, default in pairs:
        yield Edit(site.text.end(argument), site.text.end(default), "")


class Operator(NamedTuple):
    """An operator: its description in the docs, and the function that yields its edits."""

    description: str
    edits: Callable[[MutationSite], Iterable[Edit]]


OPERATORS: dict[str, Operator] = {
    "policy-removed": Operator("a whole policy is removed", policy_removed),
    "decision-removed": Operator("a `Block`, `Rewrite` or `Escalate` becomes `None`", decision_removed),
    "hook-removed": Operator("a policy no longer applies to one of its tools", hook_removed),
    "when-removed": Operator("a `when=` is removed: always available", when_removed),
    "comparison-negated": Operator(
        "`==` becomes `!=`, `>` becomes `<=`, `in` becomes `not in`", comparison_negated
    ),
    "boundary-moved": Operator("`>` becomes `>=`, `<=` becomes `<`", boundary_moved),
    "condition-negated": Operator("the test of an `if`, `while` or filter is negated", condition_negated),
    "not-removed": Operator("a `not` is removed", not_removed),
    "and-or": Operator("`and` becomes `or`, `or` becomes `and`", and_or),
    "operand-removed": Operator("one operand of an `and` or `or` is removed", operand_removed),
    "number-shifted": Operator("a number is increased or decreased by one", number_shifted),
    "arithmetic": Operator("`+` becomes `-`, `*` becomes `/`, and back", arithmetic),
    "boolean-flipped": Operator("`True` becomes `False`, and back", boolean_flipped),
    "string-changed": Operator(
        "a string that code compares, or uses to look something up, is changed", string_changed
    ),
    "regex-alternative-removed": Operator(
        "an alternative of a regular expression is removed", regex_alternative_removed
    ),
    "regex-quantifier-shifted": Operator(
        "a limit in braces of a regular expression is increased or decreased by one", regex_quantifier_shifted
    ),
    "element-removed": Operator("one of several elements of a list, tuple or set is removed", element_removed),
    "lookup-argument-removed": Operator(
        "`conversation.result` is called without one of its keyword arguments", lookup_argument_removed
    ),
    "return-emptied": Operator("a function that is not a policy returns `None`", return_emptied),
    "statement-removed": Operator(
        "a call, an assignment to an attribute or item, or a `raise` is removed", statement_removed
    ),
    "type-changed": Operator("a tool parameter has another type", type_changed),
    "default-removed": Operator("a tool parameter loses its default", default_removed),
}

LOOKUPS = ("result", "results")
OTHER_TYPE = {"str": "int", "int": "str", "float": "str", "bool": "str"}
NEGATED: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Lt: ("<", ">="),
    ast.LtE: ("<=", ">"),
    ast.Gt: (">", "<="),
    ast.GtE: (">=", "<"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
}
MOVED: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
}
SWAPPED: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "*"),
}


# helpers of several operators


def _compared(site: MutationSite, table: dict[type[ast.cmpop], tuple[str, str]]) -> Iterator[Edit]:
    if isinstance(site.node, ast.Compare):
        sides = [site.node.left, *site.node.comparators]
        for op, left, right in zip(site.node.ops, sides, sides[1:], strict=False):
            if type(op) in table:
                yield from site.text.between(left, right, *table[type(op)])


def _is_hook(node: ast.AST) -> bool:
    """Return whether a keyword is the hook of a policy; with another one the agent may not load."""
    return isinstance(node, ast.keyword) and node.arg in ("before", "after", "on_message", "before_reply")


def _is_not(node: ast.AST) -> bool:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)


def _each_removed(site: MutationSite, whole: ast.AST, items: Iterable[ast.AST]) -> Iterator[Edit]:
    nodes = list(items)
    if len(nodes) > 1:
        yield from (site.text.without(nodes, index, whole) for index in range(len(nodes)))


def _arguments_removed(
    site: MutationSite, call: ast.Call, chosen: Callable[[ast.keyword], bool]
) -> Iterator[Edit]:
    nodes: list[ast.AST] = [*call.args, *call.keywords]
    for index, node in enumerate(nodes):
        if isinstance(node, ast.keyword) and chosen(node):
            yield site.text.without(nodes, index, call)


def _is_pattern(site: MutationSite) -> bool:
    """Return whether a string is the pattern of a call of `re`."""
    parent = site.parent
    return (
        isinstance(parent, ast.Call)
        and isinstance(parent.func, ast.Attribute)
        and isinstance(parent.func.value, ast.Name)
        and parent.func.value.id == "re"
        and parent.args[:1] == [site.node]
    )


def _pattern(site: MutationSite, edits: Callable[[str], Iterable[RegexEdit]]) -> Iterator[Edit]:
    if not isinstance(site.node, ast.Constant) or not isinstance(site.node.value, str) or not _is_pattern(site):
        return
    written = site.text.of(site.node)
    inner = re.fullmatch(r"""[rR]?(\"\"\"|'''|"|')(.*)\1""", written, re.S)
    if inner is None or inner[2] != site.node.value:
        return  # with escapes or several parts, positions in the string are not positions in the source
    for edit in edits(inner[2]):
        if is_valid_regex(inner[2][: edit.start] + edit.text + inner[2][edit.end :]):
            first = site.text.start(site.node) + len(written[: inner.start(2)].encode())
            start, end = (first + len(inner[2][:at].encode()) for at in (edit.start, edit.end))
            yield Edit(start, end, edit.text)
