"""The whole world as lines: a tree in which small objects take one line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .text import Line, Span, one_line, value

EMPTY = "The world is empty: no tool uses a world class, and the fixture has no data."
MOST = 200_000  # lines
SHORT = 96  # characters of an object on one line
FEW = 12  # fields of an object on one line


def world_lines(world: dict[str, Any]) -> list[Line]:
    """Return the lines of a world."""
    lines: list[Line] = []
    for line in _tree(world, 0):
        if len(lines) >= MOST:
            lines.append((Span("… the rest is not shown", "dim"),))
            break
        lines.append(line)
    return lines or [
        (Span("The world is empty: no tool uses a world class, and the fixture has no data.", "dim"),)
    ]


def _tree(thing: dict[str, Any] | list[Any], depth: int) -> Iterator[Line]:
    indent = Span("  " * depth)
    pairs = thing.items() if isinstance(thing, dict) else ((f"[{at}]", one) for at, one in enumerate(thing))
    for key, one in pairs:
        name = Span(f"{one_line(key, 200)}: ", "tool" if depth == 0 else "label")
        if isinstance(one, dict | list) and one:
            short = _short(one) if depth else ""
            if short:
                yield indent, name, Span(short)
            else:
                size = f"{len(one):,} entries" if len(one) > FEW else ""
                yield indent, name, Span(size, "dim")
                yield from _tree(one, depth + 1)
        else:
            yield indent, name, Span(_scalar(one))


def _short(thing: dict[str, Any] | list[Any]) -> str:
    """Return an object without objects in it as one short text, or ""."""
    inner = list(thing.values()) if isinstance(thing, dict) else thing
    if len(inner) > FEW or any(isinstance(one, dict | list) and one for one in inner):
        return ""
    pairs = [f"{one_line(k, 80)}={_scalar(v)}" for k, v in thing.items()] if isinstance(thing, dict) else []
    text = ", ".join(pairs or [_scalar(one) for one in inner])
    return text if len(text) <= SHORT else ""


def _scalar(thing: Any) -> str:
    return {"{}": "{}", "[]": "[]"}.get(str(thing) if isinstance(thing, dict | list) else "", "") or value(thing)
