"""Check values against a JSON schema, such as that of the arguments of a tool.

jsonschema takes a tenth of a second to import, so it is imported for the first check.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema import FormatChecker
    from jsonschema.exceptions import ValidationError

FORMATS: dict[str, Callable[[str], object]] = {
    "date-time": datetime.datetime.fromisoformat,
    "date": datetime.date.fromisoformat,
    "time": datetime.time.fromisoformat,
}


def schema_problem(value: Any, schema: dict[str, Any]) -> str:
    """Return in words why a value does not match a schema; "" if it does, or the schema is invalid itself."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError, best_match
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    try:
        Draft202012Validator.check_schema(schema)
        # the empty registry keeps jsonschema from downloading what a schema refers to
        validator = Draft202012Validator(schema, registry=Registry(), format_checker=_format_checker())
        error = best_match(validator.iter_errors(value))
    except (SchemaError, Unresolvable, RecursionError):
        return ""
    return _words(error) if error is not None else ""


def _words(error: ValidationError) -> str:
    path = ".".join(map(str, error.absolute_path))
    if (
        isinstance(error.instance, dict)
        and isinstance(error.validator_value, list)
        and error.validator == "required"
    ):
        missing = next(name for name in error.validator_value if name not in error.instance)
        return f"{path}.{missing}".lstrip(".") + " is missing"
    return f"{path}: {error.message}" if path else error.message


def _format_checker() -> FormatChecker:
    from jsonschema import FormatChecker

    checker = FormatChecker(())
    for name, parse in FORMATS.items():
        checker.checks(name, ValueError)(partial(_parses, parse))
    return checker


def _parses(parse: Callable[[str], object], value: object) -> bool:
    if isinstance(value, str):
        parse(value)
    return True
