"""Small text helpers: plural, article, slug, and text that is safe to print in a terminal."""

from __future__ import annotations

import re


def pluralize(number: int, noun: str) -> str:
    """1 transcript, 2 transcripts, 1,200 transcripts"""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def with_article(noun: str) -> str:
    """a secret, an e-mail address"""
    return f"a{'n' * (noun[:1].lower() in 'aeiou')} {noun}"


def slug(text: str, limit: int = 48) -> str:
    """A file name made of a title: lower case, words joined by hyphens."""
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return words[:limit].rstrip("-") or "conversation"


def sanitize(text: str) -> str:
    """Untrusted text for a terminal: control characters shown, never obeyed."""
    return "".join(c if c == "\n" or (c.isprintable()) else f"\\x{ord(c):02x}" for c in text)
