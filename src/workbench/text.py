"""Small text helpers: plural, article, slug, truncation, display width, and text that is safe to print."""

from __future__ import annotations

import re


def pluralize(number: int, noun: str) -> str:
    """Format a number with its noun: 1 transcript, 2 transcripts, 1,200 transcripts."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def with_article(noun: str) -> str:
    """Put the article before a noun: a secret, an e-mail address."""
    return f"a{'n' * (noun[:1].lower() in 'aeiou')} {noun}"


def slug(text: str, limit: int = 48) -> str:
    """Convert a title to a file name: lower case, words joined by hyphens."""
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return words[:limit].rstrip("-") or "conversation"


def truncate(text: str, limit: int) -> str:
    """Shorten a text to `limit` characters, the last of them "…"."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def display_width(text: str) -> int:
    """Return the number of terminal columns of a text."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # not needed for ASCII, which makes commands start faster

    return cell_len(text)


def sanitize(text: str) -> str:
    """Escape the control characters of untrusted text, so that a terminal does not execute them."""
    return "".join(c if c == "\n" or (c.isprintable()) else f"\\x{ord(c):02x}" for c in text)
