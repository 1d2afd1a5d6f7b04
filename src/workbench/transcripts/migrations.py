"""Migrations from older file formats to the current one.

A migration takes the plain data of format n and returns that of format n+1.
Reading migrates in memory; `workbench fmt --upgrade` writes the result. The
migration of a released format is never removed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

FORMAT = 1  # the current format
PREFIX = "workbench.transcript/"


class Migration(NamedTuple):
    """`about` describes the change of the format; `migrate` may modify the data it is given."""

    description: str
    climb: Callable[[dict[str, Any]], dict[str, Any]]


MIGRATIONS: dict[int, Migration] = {}  # by the format they start from; 1 is the first released format


def format_of(data: Any) -> int | None:
    """Return the format number of plain data; None if it has none."""
    schema = data.get("schema") if isinstance(data, dict) else None
    number = schema.removeprefix(PREFIX) if isinstance(schema, str) and schema.startswith(PREFIX) else ""
    return int(number) if number.isdecimal() and len(number) < 9 else None


def migrate(data: dict[str, Any]) -> dict[str, Any] | None:
    """Return data of an older format in the current one; None if it is not older or a migration is missing."""
    number = format_of(data)
    if number is None or number >= FORMAT:
        return None
    while number < FORMAT:
        if number not in MIGRATIONS:
            return None
        number += 1
        data = {**MIGRATIONS[number - 1].climb(data), "schema": f"{PREFIX}{number}"}
    return data
