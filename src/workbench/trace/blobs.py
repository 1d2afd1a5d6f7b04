"""Blobs: large texts and schemas that events refer to by their hash."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..plain import content_hash


class PromptSection(NamedTuple):
    """A section of the prompt; `source` is "file:line" under journeys/, or ""."""

    title: str
    text: str
    source: str = ""


def section_hash(section: PromptSection) -> str:
    """Hash a section by its title and text, so that moving it to another line is not a change."""
    return content_hash([section.title, section.text])


def blob_hash(blob: Any) -> str:
    """Return the hash under which a trace stores a blob.

    For a prompt section only title and text count, for a policy only name, rule and why;
    for anything else the whole value.
    """
    if isinstance(blob, dict):
        for words in (("title", "text"), ("policy", "rule", "why")):
            if all(isinstance(blob.get(word), str) for word in words) and "input_schema" not in blob:
                return content_hash([blob[word] for word in words])
    return content_hash(blob)


def blob_text(blob: Any) -> str:
    """Return the text of a prompt section blob; "" for other blobs."""
    return str(blob.get("text", "")) if isinstance(blob, dict) else ""
