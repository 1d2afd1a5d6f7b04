"""Find the line of a value in a JSON text."""

from __future__ import annotations

import re
from collections.abc import Sequence

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+')
_PART = re.compile(r"\.(\w+)|\[(\d+)\]")


def parse_path(path: str) -> list[str | int]:
    """Parse a path as msgspec prints it, "$.events[3].text", into keys and indexes, up to the first wildcard."""
    known = path.split("[...]")[0]
    return [int(index) if index else name for name, index in _PART.findall(known)]


def line_of(data: bytes, wanted: Sequence[str | int]) -> int:
    """Return the line, from 1, at which the value at `wanted` starts, or its innermost existing parent."""
    keys: list[str | int] = []  # the path to the current token
    deepest, at = -1, 0
    naming = False
    for token in _TOKEN.finditer(data):
        text = token[0]
        if text in (b"]", b"}"):
            del keys[-1:]
            naming = False
        elif text == b",":
            if keys and isinstance(keys[-1], int):
                keys[-1] += 1
            else:
                naming = True
        elif naming and text != b":":
            keys[-1:] = [text.strip(b'"').decode("utf-8", "replace")]
            naming = False
        elif text != b":":
            if deepest < len(keys) <= len(wanted) and keys == list(wanted[: len(keys)]):
                deepest, at = len(keys), token.start()
            if text == b"{":
                keys.append("")
                naming = True
            elif text == b"[":
                keys.append(0)
    return data.count(b"\n", 0, at) + 1
