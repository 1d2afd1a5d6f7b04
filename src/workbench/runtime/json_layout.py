"""The layout of a JSON text: its blanks and escapes, which the parsed value does not have.

A recorded body is parsed, so that it can be read and compared. Its layout is stored by
name, so that a tool that reads the text of a body gets the same one in a replay.
"""

from __future__ import annotations

import itertools
import json
from typing import Any

_SPACING: dict[str, dict[str, Any]] = {
    "": {"separators": (",", ":")},
    "spaced": {},
    "indented by 2": {"indent": 2},
    "indented by 4": {"indent": 4},
}
_ESCAPED, _LINE = "escaped", "line end"
LAYOUTS = [", ".join(filter(None, parts)) for parts in itertools.product(_SPACING, ("", _ESCAPED), ("", _LINE))]


def layout_of(text: str, value: Any) -> str:
    """Return the name of the layout of a JSON text; "" if it has none of them."""
    return next((name for name in LAYOUTS if write(value, name) == text), "")


def write(value: Any, layout: str) -> str:
    """Return a value as JSON in a layout."""
    parts = layout.split(", ")
    made = json.dumps(value, ensure_ascii=_ESCAPED in parts, **_SPACING.get(parts[0], _SPACING[""]))
    return made + "\n" if _LINE in parts else made
