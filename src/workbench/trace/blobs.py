"""Blobs: large texts that events refer to by their hash."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..plain import digest


class Span(NamedTuple):
    """A piece of the prompt and where it comes from: `source` is "file:line" under journeys/, or ""."""

    title: str
    text: str
    source: str = ""


def span_key(span: Span) -> str:
    """The hash of a span is that of its words: a moved line is no change."""
    return digest([span.title, span.text])


def seal(exhibit: Any) -> str:
    """The hash under which a trace keeps an exhibit: of the words of a span or of a policy's card, else of all."""
    if isinstance(exhibit, dict):
        for words in (("title", "text"), ("policy", "rule", "why")):
            if all(isinstance(exhibit.get(word), str) for word in words) and "input_schema" not in exhibit:
                return digest([exhibit[word] for word in words])
    return digest(exhibit)


def exhibit_text(exhibit: Any) -> str:
    """The text of a span exhibit; "" for anything else."""
    return str(exhibit.get("text", "")) if isinstance(exhibit, dict) else ""
