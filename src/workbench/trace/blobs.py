"""Blobs: large texts that events refer to by their hash."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..plain import content_hash


class PromptSection(NamedTuple):
    """A piece of the prompt and where it comes from: `source` is "file:line" under journeys/, or ""."""

    title: str
    text: str
    source: str = ""


def section_hash(section: PromptSection) -> str:
    """The hash of a span is that of its words: a moved line is no change."""
    return content_hash([section.title, section.text])


def blob_hash(blob: Any) -> str:
    """The hash under which a trace keeps an exhibit: of the words of a span or of a policy's card, else of all."""
    if isinstance(blob, dict):
        for words in (("title", "text"), ("policy", "rule", "why")):
            if all(isinstance(blob.get(word), str) for word in words) and "input_schema" not in blob:
                return content_hash([blob[word] for word in words])
    return content_hash(blob)


def blob_text(blob: Any) -> str:
    """The text of a span exhibit; "" for anything else."""
    return str(blob.get("text", "")) if isinstance(blob, dict) else ""
