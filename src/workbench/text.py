"""Small text helpers: plural, article, slug, truncation, display width, and text that is safe to print."""

from __future__ import annotations

import re


def pluralize(number: int, noun: str, plural: str = "") -> str:
    """Format a number with its noun: 1 transcript, 2 transcripts, 1,200 transcripts, 2 replies."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


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


_CI_COMMAND = re.compile(r"^([ \t]*):(?=:)", re.MULTILINE)  # GitHub executes `::name::` at the start of a line
_CI_MARK = re.compile(r"##(\w*)\[")  # and GitHub, Azure and TeamCity `##[name]`, `##vso[name]` anywhere


def sanitize(text: str) -> str:
    """Escape what a terminal or a CI system would execute in untrusted text: control characters and commands.

    Line feeds and tabs stay. Everything that is printed or written as a report passes here once, where it is
    written (`cli/output.py`, the renderers in `cli/reports/`, the pytest plugin).
    """
    return escape_commands(escape_controls(text))


def escape_commands(text: str) -> str:
    """Escape `::` at the start of each line."""
    return _CI_COMMAND.sub(r"\1\\x3a", text) if "::" in text else text


def escape_controls(text: str) -> str:
    """Escape control characters and `##[`, but no `::` at the start of a line."""
    if not text.isprintable():
        text = "".join(c if c in "\n\t" or c.isprintable() else f"\\x{ord(c):02x}" for c in text)
    return _CI_MARK.sub(r"##\1\\x5b", text) if "##" in text else text


def escape_json(document: str) -> str:
    """Escape the same in a JSON document, whose strings stay whole: a reader gets the original text."""
    if not document.isprintable():
        document = "".join(c if c == "\n" or c.isprintable() else _json_escape(c) for c in document)
    return _CI_MARK.sub(r"##\1\\u005b", document) if "##" in document else document


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
