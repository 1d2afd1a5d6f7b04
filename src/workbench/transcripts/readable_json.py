"""Format JSON for people who review it: a value that fits on one line is on one line."""

from __future__ import annotations

import textwrap
from typing import Any

import msgspec

WIDTH = 128  # columns, with the indentation
_SHORT = 40  # characters of a name
_INDENT = "  "


def readable_json(value: Any) -> bytes:
    """Encode plain data as JSON in few lines: an array that does not fit on one line has one line per item.

    The outermost object has one line per field. Raises ValueError, OverflowError
    or RecursionError for a value that JSON cannot store.
    """
    return (_fields(value) if value and isinstance(value, dict) else _line(value)).encode() + b"\n"


def _line(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=0).decode()


def _formatted(value: Any, indent: str, used: int) -> str:
    """Format a value that starts in column `used` of a line with this indentation."""
    line = _line(value)
    if not isinstance(value, dict | list) or not value or used + len(line) < WIDTH:
        return line
    return _items(value, indent) if isinstance(value, list) else _filled(value, indent)


def _items(value: list[Any], indent: str) -> str:
    """Format an array with one line per item; names and numbers fill the lines."""
    below = indent + _INDENT
    if all(_is_short(item) for item in value):
        text = ", ".join(map(_line, value))
        lines = textwrap.wrap(text, WIDTH, initial_indent=below, subsequent_indent=below, break_on_hyphens=False)
        return "[\n" + "\n".join(lines) + f"\n{indent}]"
    return "[\n" + ",\n".join(below + _formatted(item, below, len(below)) for item in value) + f"\n{indent}]"


def _is_short(item: Any) -> bool:
    return isinstance(item, int | float) or (isinstance(item, str) and len(item) <= _SHORT and " " not in item)


def _filled(value: dict[str, Any], indent: str) -> str:
    """Format an object with as many fields per line as fit; a field with several lines starts on its own."""
    below = indent + _INDENT
    lines, line = [], "{"
    for number, (key, item) in enumerate(value.items(), 1):
        name = f"{_line(key)}: "
        field = name + _formatted(item, below, len(below) + len(name)) + (", " if number < len(value) else "}")
        if line != "{" and ("\n" in field or "\n" in line or len(indent) + len(line + field) >= WIDTH):
            lines.append(line.rstrip())
            line = below
        line += field
    return "\n".join([*lines, line])


def _fields(value: dict[str, Any]) -> str:
    """Format the outermost object with one line per field."""
    named = ((f"{_INDENT}{_line(key)}: ", item) for key, item in value.items())
    return "{\n" + ",\n".join(name + _formatted(item, _INDENT, len(name)) for name, item in named) + "\n}"
