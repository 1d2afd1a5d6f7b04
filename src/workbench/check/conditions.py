"""Compare conditions (`when=`) without evaluating them.

A condition that is a single expression is a set of facts joined by `and`, each
asserted or denied. Functions called with the conversation are followed. Two
conditions are mutually exclusive if one asserts what the other denies, or if both
require one expression to equal different values.
"""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
from collections.abc import Callable
from types import CodeType
from typing import Any, NamedTuple

Condition = Callable[..., Any]
_DENIED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.NotEq: ast.Eq,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.NotIn: ast.In,
    ast.IsNot: ast.Is,
}


class ConditionFact(NamedTuple):
    """A fact asserted or denied; with `value`, that `what` equals it."""

    what: str
    holds: bool
    value: str = ""


def mutually_exclusive(one: Condition | None, other: Condition | None) -> bool:
    """Return whether both can never be true at once; False if this is unknown."""
    facts = [fact for condition in (one, other) if condition is not None for fact in required_facts(condition)]
    for fact in facts:
        for against in facts:
            if fact.what != against.what:
                continue
            if fact.value == against.value and fact.holds != against.holds:
                return True
            if fact.holds and against.holds and fact.value and against.value and fact.value != against.value:
                return True
    return False


@functools.cache
def required_facts(condition: Condition) -> frozenset[ConditionFact]:
    """Return the facts required by a condition; the condition itself as one fact if it cannot be read."""
    return frozenset(_of_function(condition, True, ()))


def _of_function(fn: Condition, holds: bool, seen: tuple[Condition, ...]) -> list[ConditionFact]:
    named = ConditionFact(f"function {id(fn)}", holds)
    expression, conversation = _expression(fn)
    if expression is None or fn in seen:
        return [named]
    return [named, *_of(expression, holds, _Frame(fn, conversation, (*seen, fn)))]


class _Frame(NamedTuple):
    fn: Condition
    conversation: str
    seen: tuple[Condition, ...]

    def value(self, name: str) -> Any:
        closure = inspect.getclosurevars(self.fn)
        for names in (closure.nonlocals, closure.globals, closure.builtins):
            if name in names:
                return names[name]
        return None


def _of(node: ast.expr, holds: bool, frame: _Frame) -> list[ConditionFact]:
    match node:
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            return _of(inner, not holds, frame)
        case ast.BoolOp(op=ast.And(), values=values) if holds:
            return [fact for value in values for fact in _of(value, True, frame)]
        case ast.BoolOp(op=ast.Or(), values=values) if not holds:
            return [fact for value in values for fact in _of(value, False, frame)]
        case ast.Call(func=ast.Name(id="bool"), args=[inner], keywords=[]):
            return _of(inner, holds, frame)
        case ast.Call(func=ast.Name(id=name), args=[ast.Name(id=frame.conversation)], keywords=[]):
            fn = frame.value(name)
            if inspect.isfunction(fn):
                return _of_function(fn, holds, frame.seen)
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            base = _DENIED.get(type(op))
            if base is not None:
                return _of(ast.Compare(left, [base()], [right]), not holds, frame)
            if isinstance(op, ast.Eq) and isinstance(right, ast.Constant):
                value = right.value
                return [
                    ConditionFact(
                        _text(left, frame), holds, repr(float(value) if isinstance(value, int) else value)
                    )
                ]
    return [ConditionFact(_text(node, frame), holds)]


def _text(node: ast.expr, frame: _Frame) -> str:
    """Return an expression as text, with names resolved so that equal meanings have equal texts."""
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    meant = sorted(f"{n}={id(frame.value(n))}" for n in names if n != frame.conversation)
    renamed = _Rename(frame.conversation).visit(ast.parse(ast.unparse(node), mode="eval"))
    return f"{ast.unparse(renamed)} {' '.join(meant)}".strip()


class _Rename(ast.NodeTransformer):
    def __init__(self, conversation: str) -> None:
        self.conversation = conversation

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name("conversation", node.ctx) if node.id == self.conversation else node


def _expression(fn: Condition) -> tuple[ast.expr | None, str]:
    """Return the single expression that a function returns, and its name for the conversation."""
    code: CodeType | None = getattr(fn, "__code__", None)
    if code is None or code.co_argcount != 1 or inspect.iscoroutinefunction(fn):
        return None, ""
    conversation = code.co_varnames[0]
    try:
        tree = ast.parse("".join(linecache.getlines(code.co_filename)))
    except (SyntaxError, ValueError):
        return None, ""
    found = None
    for node in ast.walk(tree):
        if isinstance(node, ast.Lambda) and code.co_name == "<lambda>" and _holds(node.body, code):
            found = node.body  # an inner function follows later in the walk
        elif isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            body = [s for s in node.body if not _is_text(s)]
            if first == code.co_firstlineno and len(body) == 1 and isinstance(body[0], ast.Return):
                found = body[0].value
    return found, conversation


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _holds(node: ast.expr, code: CodeType) -> bool:
    """Return whether the whole code of a lambda is within this expression."""
    start, end = (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)
    spans = [((p[0], p[2]), (p[1], p[3])) for p in code.co_positions() if None not in p and p[2] != p[3]]
    return bool(spans) and all(start <= first and last <= end for first, last in spans)
