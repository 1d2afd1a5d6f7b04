"""Pydantic in the types of tools: models, and the constraints of Field. Pydantic is never imported here.

A journey that uses it has imported it; without it, nothing is one of its types.
"""

from __future__ import annotations

import dataclasses
import sys
import types
import typing
from collections.abc import Iterator
from typing import Any

import msgspec

_CONSTRAINTS = {  # of annotated_types, by class: the argument of msgspec.Meta and the attribute
    "Ge": "ge",
    "Gt": "gt",
    "Le": "le",
    "Lt": "lt",
    "MultipleOf": "multiple_of",
    "MinLen": "min_length",
    "MaxLen": "max_length",
}
_DESCRIBING = {"description", "title", "examples"}
_KNOWN = {*_DESCRIBING, *_CONSTRAINTS.values(), "annotation", "default", "default_factory", "pattern", "strict"}


class UnsupportedNote(TypeError):
    """A note in Annotated means something that a tool cannot do."""


def is_model(kind: Any) -> bool:
    """Return whether a type is a model of pydantic."""
    base = getattr(sys.modules.get("pydantic"), "BaseModel", None)
    return base is not None and isinstance(kind, type) and issubclass(kind, base)


def to_builtins(value: Any) -> Any:
    """Return a model as plain data. Raises TypeError for anything else; a hook of msgspec."""
    if is_model(type(value)):
        return value.model_dump(mode="json", by_alias=True)
    raise TypeError(f"Encoding objects of type {type(value).__qualname__} is unsupported")


def from_builtins(kind: type[Any], value: Any) -> Any:
    """Return plain data as a model; a hook of msgspec. Raises ValueError if it does not fit.

    For any other type the value is returned as it is: msgspec checks whether it is of that type.
    """
    if not is_model(kind):
        return value
    try:
        return kind.model_validate(value)
    except ValueError as error:
        found = error.errors() if hasattr(error, "errors") else []
        told = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}".removeprefix(": ") for one in found]
        raise ValueError("; ".join(told) or str(error)) from None


def schema_of(kind: type[Any]) -> dict[str, Any]:
    """Return the JSON schema of a model; a hook of msgspec. Raises NotImplementedError for other types."""
    if not is_model(kind):
        raise NotImplementedError(kind)
    schema: dict[str, Any] = kind.model_json_schema(ref_template="#/$defs/{model}")
    return schema


def hoist_definitions(schema: dict[str, Any]) -> dict[str, Any]:
    """Move the definitions inside a schema to its top, to which its references point."""
    found: dict[str, Any] = {}

    def without(part: Any) -> Any:
        if isinstance(part, list):
            return [without(item) for item in part]
        if not isinstance(part, dict):
            return part
        found.update({name: without(value) for name, value in part.get("$defs", {}).items()})
        return {name: without(value) for name, value in part.items() if name != "$defs"}

    clean = without(schema)
    return {**clean, "$defs": found} if found else typing.cast("dict[str, Any]", clean)


def default_of(hint: Any, default: Any, missing: Any) -> Any:
    """Return the default of a parameter: what Field says, in the signature or in Annotated, else `default`."""
    for field in (default, *_notes(hint)):
        if _is_field(field) and not field.is_required():
            return field.get_default(call_default_factory=True)
    return missing if _is_field(default) else default


def described(hint: Any, default: Any = None) -> Any:
    """Return a type in which constraints and descriptions are msgspec.Meta, also inside of containers.

    `default` may be a Field. Raises UnsupportedNote for a note that would have no effect.
    """
    hint = _inside(hint)
    if _is_field(default):
        return typing.Annotated[(hint, *_metas(default))]
    return hint


def _inside(hint: Any) -> Any:
    if typing.get_origin(hint) is typing.Annotated:
        base, *notes = typing.get_args(hint)
        metas = [meta for note in notes for meta in _metas(note)]
        return typing.Annotated[(_inside(base), *metas)] if metas else _inside(base)
    arguments = typing.get_args(hint)
    if not arguments or typing.get_origin(hint) is typing.Literal:
        _refuse_inside_records(hint, set())
        return hint
    inner = tuple(_inside(one) for one in arguments)
    if inner == arguments:
        return hint
    if isinstance(hint, types.UnionType):
        return typing.Union[inner]  # noqa: UP007  # from a tuple
    return hint.copy_with(inner) if hasattr(hint, "copy_with") else typing.get_origin(hint)[inner]


def _refuse_inside_records(kind: Any, seen: set[Any]) -> None:
    """Raise UnsupportedNote for pydantic's notes in a dataclass or a TypedDict: nothing would check them."""
    if not isinstance(kind, type) or kind in seen or is_model(kind):
        return
    if not (dataclasses.is_dataclass(kind) or typing.is_typeddict(kind)):
        return
    seen.add(kind)
    try:
        hints = typing.get_type_hints(kind, include_extras=True)
    except Exception:
        return  # reported where the type is used
    for name, hint in hints.items():
        for note in _notes(hint):
            if _is_field(note) or _module(note) in ("annotated_types", "pydantic"):
                raise UnsupportedNote(
                    f"{kind.__name__}.{name}: {type(note).__name__} has no effect in a dataclass; "
                    "make it a pydantic model, or use msgspec.Meta"
                )
        for part in (hint, *typing.get_args(hint)):
            _refuse_inside_records(part, seen)


def _notes(hint: Any) -> tuple[Any, ...]:
    return typing.get_args(hint)[1:] if typing.get_origin(hint) is typing.Annotated else ()


def _module(note: Any) -> str:
    return type(note).__module__.partition(".")[0]


def _is_field(note: Any) -> bool:
    return type(note).__name__ == "FieldInfo" and _module(note) == "pydantic"


def _metas(note: Any) -> Iterator[Any]:
    """Yield what a note says as msgspec.Meta; notes of other libraries say nothing here."""
    if isinstance(note, str):
        yield msgspec.Meta(description=note)
    elif isinstance(note, msgspec.Meta):
        yield note
    elif type(note).__name__ == "Doc" and isinstance(getattr(note, "documentation", None), str):
        yield msgspec.Meta(description=note.documentation)
    elif _is_field(note):
        yield from _of_field(note)
    elif _module(note) in ("annotated_types", "pydantic"):
        yield from _of_constraint(note)


def _of_field(field: Any) -> Iterator[msgspec.Meta]:
    if unknown := sorted(set(getattr(field, "_attributes_set", ())) - _KNOWN):
        raise UnsupportedNote(f"Field({unknown[0]}=...) has no effect on the argument of a tool")
    for note in field.metadata:
        yield from _of_constraint(note)
    told = {name: value for name in sorted(_DESCRIBING) if (value := getattr(field, name)) is not None}
    if told:
        yield msgspec.Meta(**told)


def _of_constraint(note: Any) -> Iterator[msgspec.Meta]:
    name = type(note).__name__
    if name in _CONSTRAINTS:
        argument = _CONSTRAINTS[name]
        yield msgspec.Meta(**{argument: getattr(note, argument)})
    elif name in ("Interval", "Len"):  # groups of constraints
        for one in note:
            yield from _of_constraint(one)
    elif name == "Strict" and note.strict:
        return  # arguments are never converted from another type
    elif getattr(note, "pattern", None) is not None and set(vars(note)) == {"pattern"}:
        yield msgspec.Meta(pattern=note.pattern)
    else:
        raise UnsupportedNote(f"{name} has no effect on the argument of a tool")
