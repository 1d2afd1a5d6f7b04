"""State of a class that the fields of its objects do not have: it would be lost, or shared by conversations."""

from __future__ import annotations

import ast
import dataclasses
import functools
import inspect
import textwrap
from collections.abc import Iterator, MutableMapping, MutableSequence, MutableSet
from enum import Enum
from itertools import pairwise
from typing import Any

from ..source import ROOT_PACKAGE

_MUTABLE = (MutableSequence, MutableMapping, MutableSet, Iterator)
_CREATE = ("__init__", "__post_init__")
_SET_ATTRIBUTE = ("setattr", "__setattr__")


def lost_attributes(kind: type[Any]) -> Iterator[tuple[type[Any], str]]:
    """Yield the attributes that a dataclass sets when it is created and that are no fields of it."""
    known = {field.name for field in dataclasses.fields(kind)}
    for owner in kind.__mro__:
        for function in filter(None, map(vars(owner).get, _CREATE)):
            for name in _names_set(function):
                if name not in known and not hasattr(inspect.getattr_static(kind, name, None), "__set__"):
                    yield owner, name


def _names_set(function: Any) -> Iterator[str]:
    """Yield the names of the attributes that the source of a method sets on its first parameter."""
    try:
        made = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    except (OSError, TypeError, SyntaxError, IndexError):  # it was generated
        return
    if not isinstance(made, ast.FunctionDef) or not made.args.args:
        return
    me = made.args.args[0].arg
    for node in ast.walk(made):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and _is_name(node.value, me):
            yield node.attr
        elif (
            isinstance(node, ast.Call)
            and getattr(node.func, "id", getattr(node.func, "attr", "")) in _SET_ATTRIBUTE
        ):
            yield from _constant_after(node.args, me)


def _constant_after(args: list[ast.expr], me: str) -> Iterator[str]:
    for target, name in pairwise(args):
        if _is_name(target, me) and isinstance(name, ast.Constant) and isinstance(name.value, str):
            yield name.value


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def unread_attributes(kind: type[Any]) -> Iterator[str]:
    """Yield the cached properties of a class: what they computed would be lost."""
    for name, value in inspect.getmembers_static(kind):
        if isinstance(value, functools.cached_property):
            yield name


def shared_attributes(kind: type[Any]) -> Iterator[tuple[type[Any], str]]:
    """Yield the attributes of a class that can change and that all its objects share."""
    fields = {field.name for field in dataclasses.fields(kind)}
    for owner in kind.__mro__:
        for name, value in vars(owner).items():
            special = name.startswith("__") and name.endswith("__")
            if not special and name not in fields and _can_change(value):
                yield owner, name.removeprefix(f"_{owner.__name__.lstrip('_')}") if "__" in name else name


def _can_change(value: Any) -> bool:
    if isinstance(value, tuple):
        return any(map(_can_change, value))
    kind = type(value)
    if isinstance(value, _MUTABLE):
        return True
    if isinstance(value, type | Enum) or hasattr(kind, "__get__"):
        return False
    if dataclasses.is_dataclass(kind):
        return not kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    return kind.__module__.split(".")[0] == ROOT_PACKAGE and not callable(value)
