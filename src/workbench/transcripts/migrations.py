"""The ladder of file formats: how the data of an older transcript becomes that of the next format.

A step takes the plain data of format n and gives that of format n+1. Reading
climbs as far as it must, in memory; `workbench fmt --upgrade` writes what came
of it. A format that was ever released keeps its step for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

FORMAT = 1  # today's
PREFIX = "workbench.transcript/"


class Migration(NamedTuple):
    """`about` says in words what the next format has otherwise; `climb` may change the data it is given."""

    description: str
    climb: Callable[[dict[str, Any]], dict[str, Any]]


MIGRATIONS: dict[int, Migration] = {}  # by the format that is left; 1 is the first that was released


def format_of(data: Any) -> int | None:
    """The number of the format of plain data; None where it names none."""
    schema = data.get("schema") if isinstance(data, dict) else None
    number = schema.removeprefix(PREFIX) if isinstance(schema, str) and schema.startswith(PREFIX) else ""
    return int(number) if number.isdecimal() and len(number) < 9 else None


def migrate(data: dict[str, Any]) -> dict[str, Any] | None:
    """Data of an older format as that of today's; None where it is not older, or a step is missing."""
    number = format_of(data)
    if number is None or number >= FORMAT:
        return None
    while number < FORMAT:
        if number not in MIGRATIONS:
            return None
        number += 1
        data = {**MIGRATIONS[number - 1].climb(data), "schema": f"{PREFIX}{number}"}
    return data
