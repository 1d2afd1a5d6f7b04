"""Tools: typed functions the model may call.

The schema of a tool comes from its types and docstring. Parameters whose type is
a world class (or Clock, Ids, random.Random) are injected and not shown to the
model. Arguments are validated before the body runs.
"""

from __future__ import annotations

import contextlib
import inspect
import typing
from collections.abc import Callable, Collection
from functools import cached_property
from typing import Any

import msgspec

from ..errors import JourneyError
from ..plain import copy_plain, from_plain
from ..pydantic_types import default_of, described, from_builtins, hoist_definitions, schema_of
from ..source import source_location
from .shapes import Shape
from .world import is_injected

Condition = Callable[..., bool]
Unordered = bool | tuple[str, ...]  # all lists of a result, or those under these keys


class InvalidArguments(Exception):
    """Report arguments that do not match the schema; the text is for the model."""


class Tool(msgspec.Struct, frozen=True, eq=False, dict=True):
    """A tool of a journey (`journey` is its name) or of the whole agent (`journey` is "").

    `writes`: the tool changes the world; the default is a lookup. `replay_only`: it has
    no body, only recorded results. `hands_off`: it ends with a hand-off to a human.
    `when`: a condition `(conversation) -> bool`; without one it is always available.
    `reexecute`: whether a replay with --tools=sandbox may run its body; None means
    only if it has injected parameters. `unordered`: the lists in its result whose
    order does not matter, all of them or those under these keys.
    """

    name: str
    fn: Callable[..., Any]
    journey: str = ""
    writes: bool = False
    replay_only: bool = False
    hands_off: bool = False
    when: Condition | None = None
    reexecute: bool | None = None
    unordered: Unordered = False
    source: str = ""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the body directly, as a journey's own tests do."""
        return self.fn(*args, **kwargs)

    @cached_property
    def description(self) -> str:
        return inspect.cleandoc(self.fn.__doc__ or "")

    @cached_property
    def _hints(self) -> dict[str, Any]:
        try:
            hints = typing.get_type_hints(self.fn, include_extras=True)
        except Exception as error:
            raise JourneyError(
                f"tool {self.name}: cannot read its types: {error}",
                where=self.source,
                hint="import every type used in the function's signature",
            ) from error
        for name, parameter in inspect.signature(self.fn).parameters.items():
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
                raise JourneyError(
                    f"tool {self.name}: parameter {name!r} cannot be described in a schema",
                    where=self.source,
                    hint="give every parameter a name and a type, without * or /",
                )
            if name not in hints:
                raise JourneyError(
                    f"tool {self.name}: parameter {name!r} has no type",
                    where=self.source,
                    hint=f"add a type, for example {name}: str",
                )
        return hints

    @cached_property
    def injected(self) -> dict[str, type[Any]]:
        """Return the injected parameters, by name."""
        return {n: h for n, h in self._hints.items() if n != "return" and is_injected(h)}

    @cached_property
    def reexecutable(self) -> bool:
        """Return whether a replay with --tools=sandbox runs it: it has a body and injected parameters."""
        if self.replay_only or self.reexecute is False:
            return False
        return bool(self.reexecute or self.injected)

    @cached_property
    def returns(self) -> Any:
        """Return the declared type of its result, or Any."""
        return self._hints.get("return", Any)

    @cached_property
    def arguments_type(self) -> type[msgspec.Struct]:
        """Return a struct type of the parameters that the model provides."""
        fields: list[Any] = []
        for name, parameter in inspect.signature(self.fn).parameters.items():
            if name in self.injected:
                continue
            hint = self._hints[name]
            default = default_of(hint, parameter.default, inspect.Parameter.empty)
            try:
                hint = described(hint, parameter.default)
            except TypeError as error:
                raise JourneyError(
                    f"tool {self.name}: parameter {name!r}: {error}",
                    where=self.source,
                    hint="say it in a way that the model reads and that is checked; see docs/journeys.md",
                ) from None
            fields.append((name, hint) if default is inspect.Parameter.empty else (name, hint, _default(default)))
        try:
            return msgspec.defstruct(f"{self.name} arguments", fields, kw_only=True, forbid_unknown_fields=True)
        except TypeError as error:
            raise JourneyError(f"tool {self.name}: {error}", where=self.source) from None

    @cached_property
    def schema(self) -> dict[str, Any]:
        """Return {"name", "description", "input_schema"}, in the format of the Messages API."""
        try:
            made = hoist_definitions(msgspec.json.schema(self.arguments_type, schema_hook=schema_of))
        except TypeError as error:
            raise JourneyError(f"tool {self.name}: no schema for its types: {error}", where=self.source) from None
        definitions = dict(made.get("$defs", {}))
        top = definitions.pop(made["$ref"].rsplit("/", 1)[-1]) if "$ref" in made else made
        shape: dict[str, Any] = {k: v for k, v in top.items() if k != "title"}
        shape["additionalProperties"] = False
        if definitions:
            shape["$defs"] = definitions
        return {"name": self.name, "description": self.description, "input_schema": shape}

    def validate(self, args: dict[str, Any]) -> None:
        """Raise InvalidArguments if the arguments do not match the schema."""
        try:
            msgspec.convert(args, self.arguments_type, dec_hook=from_builtins)
        except msgspec.ValidationError as error:
            raise _bad(error) from None

    def parse_arguments(self, args: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments as typed values for the body. Raises InvalidArguments."""
        try:
            value = from_plain(copy_plain(args), self.arguments_type)
        except msgspec.ValidationError as error:
            raise _bad(error) from None
        return {name: getattr(value, name) for name in value.__struct_fields__}

    def resolve_types(self) -> None:
        """Resolve all its types now, while their modules are the loaded ones.

        msgspec looks names up in sys.modules when it first meets a class; after another
        load it would find another version of them, or none.
        """
        for kind in (self.arguments_type, self.returns, *self.injected.values()):
            with contextlib.suppress(TypeError):  # an invalid type is reported when it is used
                msgspec.json.Decoder(kind)

    def fill_caches(self) -> None:
        """Work out what depends on its declaration alone. Raises JourneyError for a wrong one."""
        _ = self.schema, self.reexecutable, self._plain_inside
        self.resolve_types()
        for kind in (self.arguments_type, self.returns):
            with contextlib.suppress(msgspec.ValidationError, TypeError):
                msgspec.convert({}, kind)  # msgspec works out a type when it first converts to it

    def decode_result(self, value: Any) -> Any:
        """Return a recorded plain result in the declared type; a copy if it does not fit."""
        shape = self._result_shape
        try:
            if isinstance(shape, Shape):
                return shape.load(copy_plain(value))
            plain = copy_plain(value) if self._plain_inside else value
            return msgspec.convert(plain, self.returns, str_keys=True, dec_hook=from_builtins)
        except (msgspec.MsgspecError, TypeError):
            return copy_plain(value)

    @cached_property
    def _result_shape(self) -> Shape | str:
        """Return the shape of a result that msgspec cannot decode; "" if it can, else why there is none."""
        try:
            msgspec.json.Decoder(self.returns)
        except TypeError as error:
            from .world_types import Refused, shape_of

            try:
                return shape_of(self.returns)
            except Refused as refused:
                return refused.why or str(error)
        return ""

    @property
    def undecodable(self) -> str:
        """Return why policies receive the result as plain data; "" if they receive the declared type."""
        if self._result_shape == "":
            try:
                msgspec.json.schema(self.returns, schema_hook=schema_of)
            except TypeError as error:
                return str(error)
        return self._result_shape if isinstance(self._result_shape, str) else ""

    @cached_property
    def _plain_inside(self) -> bool:
        """Return whether a decoded result may share objects with the recorded one (its type is open)."""
        return _open(self.returns, set())


def _open(kind: Any, seen: set[Any]) -> bool:
    """Return whether a type allows arbitrary plain values anywhere inside; True for an unknown type."""
    origin, inner = typing.get_origin(kind), [part for part in typing.get_args(kind) if part is not ...]
    if origin is typing.Annotated:
        return _open(inner[0], seen)
    if origin is typing.Literal:
        return False
    made = origin or kind
    hints: dict[str, Any] = {}
    if isinstance(made, type) and made not in seen:
        try:
            hints = typing.get_type_hints(made)
        except (NameError, TypeError):
            return True
        if not (hints or inner):
            return made in (object, Any) or (issubclass(made, Collection) and not issubclass(made, str | bytes))
        if hints:
            seen.add(made)
    elif not inner:
        return made not in seen
    return any(_open(part, seen) for part in (*inner, *hints.values()))


def _bad(error: msgspec.ValidationError) -> InvalidArguments:
    return InvalidArguments(f"{error}".replace("`$.", "`"))


def _default(value: Any) -> Any:
    if isinstance(value, list | dict | set):
        return msgspec.field(default_factory=lambda: type(value)(value))
    return value


def make_tool(fn: Callable[..., Any], **options: Any) -> Tool:
    """Create a tool from its function, with the options of `@journey.tool`."""
    return Tool(name=fn.__name__, fn=fn, source=source_location(fn), **options)
