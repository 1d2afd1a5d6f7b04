"""The ways in which code is made wrong, one small change each: the table behind docs/mutate.md.

An operator looks at one node of the code and says which edits make a mutant of it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from .regex_edits import RegexEdit, is_valid_regex, shifted_quantifiers, without_alternatives
from .source_edit import Edit, MutationSite
from .targets import callee_name, decorator_role

DECISIONS = ("Block", "Rewrite", "Escalate")


# the operators, in the order of the table


def policy_removed(site: MutationSite) -> Iterator[Edit]:
    role, decorator = decorator_role(site.node)
    if role == "policy" and decorator is not None:
        at = site.text.data.rindex(b"@", 0, site.text.start(decorator))
        yield Edit(at, site.text.end(decorator), "")


def decision_removed(site: MutationSite) -> Iterator[Edit]:
    if isinstance(site.node, ast.Call) and callee_name(site.node) in DECISIONS:
        yield site.text.instead(site.node, "None")


def hook_removed(site: MutationSite) -> Iterator[Edit]:
    role, decorator = decorator_role(site.node)
    for keyword in getattr(decorator, "keywords", ()) if role == "policy" else ():
        if _is_hook(keyword) and isinstance(keyword.value, ast.List | ast.Tuple | ast.Set):
            yield from _each_out(site, keyword.value, keyword.value.elts)


def when_removed(site: MutationSite) -> Iterator[Edit]:
    if isinstance(site.node, ast.Call):
        yield from _arguments_out(site, site.node, lambda k: k.arg == "when")


def comparison_negated(site: MutationSite) -> Iterator[Edit]:
    yield from _compared(site, NEGATED)


def boundary_moved(site: MutationSite) -> Iterator[Edit]:
    yield from _compared(site, MOVED)


def condition_negated(site: MutationSite) -> Iterator[Edit]:
    node, parent = site.node, site.parent
    tested = getattr(parent, "test", None) is node or node in getattr(parent, "ifs", ())
    simple = isinstance(node, ast.Compare) and len(node.ops) == 1
    if tested and not simple and not _is_not(node):
        yield site.text.instead(node, f"not ({site.text.of(node)})")


def not_removed(site: MutationSite) -> Iterator[Edit]:
    if isinstance(site.node, ast.UnaryOp) and isinstance(site.node.op, ast.Not):
        yield site.text.instead(site.node, f"bool({site.text.of(site.node.operand)})")


def and_or(site: MutationSite) -> Iterator[Edit]:
    if isinstance(site.node, ast.BoolOp):
        old, new = ("and", "or") if isinstance(site.node.op, ast.And) else ("or", "and")
        for left, right in zip(site.node.values, site.node.values[1:], strict=False):
            yield from site.text.between(left, right, old, new)


def operand_removed(site: MutationSite) -> Iterator[Edit]:
    if isinstance(site.node, ast.BoolOp):
        yield from _each_out(site, site.node, site.node.values)


def number_moved(site: MutationSite) -> Iterator[Edit]:
    value = getattr(site.node, "value", None)
    if isinstance(site.node, ast.Constant) and isinstance(value, int | float) and not isinstance(value, bool):
        for moved in (value + 1, value - 1):
            yield site.text.instead(site.node, f"({moved})" if moved < 0 else str(moved))


def arithmetic(site: MutationSite) -> Iterator[Edit]:
    if isinstance(site.node, ast.BinOp):
        old, new = SWAPPED.get(type(site.node.op), ("", ""))
        if old:
            yield from site.text.between(site.node.left, site.node.right, old, new)


def truth_flipped(site: MutationSite) -> Iterator[Edit]:
    if isinstance(site.node, ast.Constant) and isinstance(site.node.value, bool) and not _is_hook(site.parent):
        yield site.text.instead(site.node, str(not site.node.value))


def text_changed(site: MutationSite) -> Iterator[Edit]:
    """Not of a key: `call["skuu"]` fails wherever it is reached, and would only make the score look better."""
    key = isinstance(site.parent, ast.Subscript) and site.parent.slice is site.node and site.within != "type"
    left = key or _is_pattern(site) or _is_hook(site.parent)
    if isinstance(site.node, ast.Constant) and isinstance(site.node.value, str) and not left:
        yield site.text.instead(site.node, repr(site.node.value + "~"))


def pattern_narrowed(site: MutationSite) -> Iterator[Edit]:
    yield from _pattern(site, without_alternatives)


def pattern_limit(site: MutationSite) -> Iterator[Edit]:
    yield from _pattern(site, shifted_quantifiers)


def element_removed(site: MutationSite) -> Iterator[Edit]:
    node, parent = site.node, site.parent
    fixed = isinstance(node, ast.Tuple) and isinstance(
        parent, ast.Assign | ast.AugAssign | ast.Return | ast.Subscript
    )
    stands = _is_hook(parent)
    if isinstance(node, ast.Tuple) and len(node.elts) == 2 and not fixed and not stands:
        yield from (site.text.instead(node, f"({site.text.of(kept)},)") for kept in reversed(node.elts))
    elif isinstance(node, ast.List | ast.Tuple | ast.Set) and len(node.elts) > 1 and not (fixed or stands):
        yield from _each_out(site, node, node.elts)


def lookup_widened(site: MutationSite) -> Iterator[Edit]:
    node = site.node
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LOOKUPS:
        yield from _arguments_out(site, node, lambda _: True)


def return_emptied(site: MutationSite) -> Iterator[Edit]:
    value = site.node.value if isinstance(site.node, ast.Return) else None
    nothing = isinstance(value, ast.Constant) and value.value is None
    if value is not None and not nothing and site.within != "policy":
        yield site.text.instead(value, "None")


def statement_removed(site: MutationSite) -> Iterator[Edit]:
    node = site.node
    effect = isinstance(node, ast.AugAssign | ast.Raise | ast.Delete)
    effect = effect or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Await))
    stored = isinstance(node, ast.Assign) and not any(isinstance(t, ast.Name) for t in node.targets)
    if effect or stored:
        yield site.text.instead(node, "pass")


def type_changed(site: MutationSite) -> Iterator[Edit]:
    """Of a tool's parameter: the caller shows no other types."""
    if isinstance(site.node, ast.Name) and site.within == "type" and site.node.id in OTHER_TYPE:
        yield site.text.instead(site.node, OTHER_TYPE[site.node.id])


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
    """What it does, for the docs, and how."""

    description: str
    edits: Callable[[MutationSite], Iterable[Edit]]


OPERATORS: dict[str, Operator] = {
    "policy-removed": Operator("a whole policy is taken out", policy_removed),
    "decision-removed": Operator("a `Block`, `Rewrite` or `Escalate` becomes `None`", decision_removed),
    "hook-removed": Operator("a policy no longer applies to one of its tools", hook_removed),
    "when-removed": Operator("a `when=` is taken out: always available", when_removed),
    "comparison-negated": Operator(
        "`==` becomes `!=`, `>` becomes `<=`, `in` becomes `not in`", comparison_negated
    ),
    "boundary-moved": Operator("`>` becomes `>=`, `<=` becomes `<`", boundary_moved),
    "condition-negated": Operator("the test of an `if`, `while` or filter is turned round", condition_negated),
    "not-removed": Operator("a `not` is taken out", not_removed),
    "and-or": Operator("`and` becomes `or`, `or` becomes `and`", and_or),
    "operand-removed": Operator("one side of an `and` or `or` is taken out", operand_removed),
    "number-shifted": Operator("a number is one more, or one less", number_moved),
    "arithmetic": Operator("`+` becomes `-`, `*` becomes `/`, and back", arithmetic),
    "boolean-flipped": Operator("`True` becomes `False`, and back", truth_flipped),
    "string-changed": Operator("a text that code compares or looks up by is another one", text_changed),
    "regex-alternative-removed": Operator("an alternative of a regular expression is taken out", pattern_narrowed),
    "regex-quantifier-shifted": Operator(
        "a limit in braces of a regular expression is one more, or one less", pattern_limit
    ),
    "element-removed": Operator("one of several elements of a list, tuple or set is taken out", element_removed),
    "lookup-argument-removed": Operator("`conversation.result` is called with one argument less", lookup_widened),
    "return-emptied": Operator("a function that is no policy returns `None`", return_emptied),
    "statement-removed": Operator(
        "a call, a change of something's field, a `raise` is taken out", statement_removed
    ),
    "type-changed": Operator("a tool's parameter is of another type", type_changed),
    "default-removed": Operator("a tool's parameter has no default any more", default_removed),
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


# what several of them need


def _compared(site: MutationSite, table: dict[type[ast.cmpop], tuple[str, str]]) -> Iterator[Edit]:
    if isinstance(site.node, ast.Compare):
        sides = [site.node.left, *site.node.comparators]
        for op, left, right in zip(site.node.ops, sides, sides[1:], strict=False):
            if type(op) in table:
                yield from site.text.between(left, right, *table[type(op)])


def _is_hook(node: ast.AST) -> bool:
    """Whether it says where a policy stands. Another stand is another policy, or none that loads."""
    return isinstance(node, ast.keyword) and node.arg in ("before", "after", "on_message", "before_reply")


def _is_not(node: ast.AST) -> bool:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)


def _each_out(site: MutationSite, whole: ast.AST, items: Iterable[ast.AST]) -> Iterator[Edit]:
    nodes = list(items)
    if len(nodes) > 1:
        yield from (site.text.without(nodes, index, whole) for index in range(len(nodes)))


def _arguments_out(site: MutationSite, call: ast.Call, chosen: Callable[[ast.keyword], bool]) -> Iterator[Edit]:
    nodes: list[ast.AST] = [*call.args, *call.keywords]
    for index, node in enumerate(nodes):
        if isinstance(node, ast.keyword) and chosen(node):
            yield site.text.without(nodes, index, call)


def _is_pattern(site: MutationSite) -> bool:
    """Whether a text is the pattern of a call of `re`."""
    parent = site.parent
    return (
        isinstance(parent, ast.Call)
        and isinstance(parent.func, ast.Attribute)
        and isinstance(parent.func.value, ast.Name)
        and parent.func.value.id == "re"
        and parent.args[:1] == [site.node]
    )


def _pattern(site: MutationSite, cuts: Callable[[str], Iterable[RegexEdit]]) -> Iterator[Edit]:
    if not isinstance(site.node, ast.Constant) or not isinstance(site.node.value, str) or not _is_pattern(site):
        return
    written = site.text.of(site.node)
    inner = re.fullmatch(r"""[rR]?(\"\"\"|'''|"|')(.*)\1""", written, re.S)
    if inner is None or inner[2] != site.node.value:
        return  # escapes, or several pieces: where its characters stand is not plain to see
    for cut in cuts(inner[2]):
        if is_valid_regex(inner[2][: cut.start] + cut.text + inner[2][cut.end :]):
            first = site.text.start(site.node) + len(written[: inner.start(2)].encode())
            start, end = (first + len(inner[2][:at].encode()) for at in (cut.start, cut.end))
            yield Edit(start, end, cut.text)
