"""A change of a plain value on one line."""

from __future__ import annotations

import msgspec

from ...trace.events import WorldChange
from .extent import Excerpt
from .text import Span, one_line


def change_spans(change: WorldChange, extent: Excerpt) -> list[Span]:
    """Show one change of the world: its path, the value before and the value after."""
    path = ".".join(one_line(part, 80) for part in change.path)
    absent = msgspec.UNSET
    before = "" if change.before is absent else extent.value(change.before)
    after = "" if change.after is absent else extent.value(change.after)
    if change.before is absent:
        return [Span("    + ", "good"), Span(f"{path}: "), Span(after, "good")]
    if change.after is absent:
        return [Span("    - ", "bad"), Span(f"{path}: "), Span(before, "bad")]
    return [
        Span("    ≠ ", "warn"),
        Span(f"{path}: "),
        Span(before, "bad"),
        Span(" → ", "dim"),
        Span(after, "good"),
    ]
