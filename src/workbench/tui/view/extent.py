"""How much of the texts and values of a step a tab shows: an excerpt in the pane, everything in the pager."""

from __future__ import annotations

from typing import Any

from .text import clean, data, one_line, value

ALL = 10**9
PHRASE = 600  # characters of a text among many
SENTENCE = 200  # characters of a value that stays inside a sentence
SHORT = 60  # characters of a value that stays on the line of its label


class Excerpt:
    """Cuts long texts and keeps values inside a sentence on one line."""

    lines = 200  # of one value
    messages = 30  # of the conversation before a step
    changes = 200  # of the world by one call
    frames = 12  # of a traceback

    def text(self, text: Any) -> str:
        """Return a text of any number of lines."""
        return clean(text)

    def phrase(self, text: Any) -> str:
        """Return a text that is one of many."""
        return one_line(text, PHRASE)

    def value(self, thing: Any) -> str:
        """Return a value inside a sentence."""
        return value(thing)

    def short(self, thing: Any) -> str:
        """Return a value that fits next to its label, or "" if it needs several lines."""
        text = value(thing, SHORT)
        return "" if isinstance(thing, str) or len(text) >= SHORT or "…" in text else text

    def schema(self, description: dict[str, Any]) -> Any:
        """Return as much of the description of a tool as is shown below its name, or None."""
        return None


class FullText(Excerpt):
    """Cuts nothing, and keeps the line breaks of all texts and values."""

    lines = messages = changes = frames = ALL

    def text(self, text: Any) -> str:
        return clean(text, ALL)

    def phrase(self, text: Any) -> str:
        return clean(text, ALL)

    def value(self, thing: Any) -> str:
        line = data(thing, indent=0)
        return clean(line if len(line) <= SENTENCE else data(thing), ALL)

    def short(self, thing: Any) -> str:
        line = data(thing, indent=0)
        return "" if isinstance(thing, str) or len(line) >= SHORT else clean(line, ALL)

    def schema(self, description: dict[str, Any]) -> Any:
        return description
