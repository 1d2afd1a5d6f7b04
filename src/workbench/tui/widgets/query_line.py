"""The query line below the list, with a hint."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static, TextArea

from ...transcripts.query import FILTERS
from ..view.text import one_line
from .input import InputLine

KEYS = (("enter", "to the list"), ("tab", "complete"), ("esc", "cancel"), ("ctrl+u", "clear"))


class QueryLine(InputLine):
    """Reports every change. enter and ↓ leave it, esc restores the old query."""

    SENDS_EMPTY = True
    MAX_HEIGHT = 1

    class Typed(Message):
        """Sent when the text has changed."""

    class Left(Message):
        def __init__(self, back: bool) -> None:
            super().__init__()
            self.back = back

    class Completed(Message):
        """Sent on tab: complete the word before the cursor."""

    async def _on_key(self, event: events.Key) -> None:
        sent = {
            "enter": self.Left(False), "down": self.Left(False),
            "escape": self.Left(True), "tab": self.Completed(),
        }.get(event.key)  # fmt: skip
        if sent is None or self.is_invisible:
            await super()._on_key(event)
            return
        event.stop()
        event.prevent_default()
        self.post_message(sent)

    def on_text_area_changed(self, event: TextArea.Changed) -> None:  # type: ignore[override]
        event.stop()
        super().on_text_area_changed()
        self.post_message(self.Typed())

    @property
    def term(self) -> tuple[str, str]:
        """Return the filter and the prefix of the value at the end of the text; ("", word) for a plain word."""
        last = self.text.rpartition(" ")[2] if not self.text.endswith(" ") else ""
        filter, colon, start = last.lstrip("-").partition(":")
        return (filter, start) if colon else ("", filter)

    def complete(self, values: list[str]) -> None:
        """Complete the text with the first of these values."""
        filter, start = self.term
        if not values:
            return
        value = f'"{values[0]}"' if " " in values[0] else values[0]
        kept = self.text[: len(self.text) - len(start)] if start else self.text
        self.text = kept + (f"{value} " if filter else f"{value}:")
        self.move_cursor(self.document.end)


class QueryBox(Vertical):
    """Shows the query line, and the hint during input."""

    def compose(self) -> ComposeResult:
        with Horizontal(id="ask"):
            yield Static("/", markup=False)
            yield QueryLine(id="query", placeholder="words, or a filter such as tag: journey: outcome:")
        yield Static("", id="query-hint", markup=False)

    @property
    def line(self) -> QueryLine:
        return self.query_one(QueryLine)

    def hint(self, text: str, bad: bool = False) -> None:
        hint = self.query_one("#query-hint", Static)
        hint.set_class(bad, "bad")
        hint.update(Content(("✗ " if bad else "") + one_line(text, 400)))


def filters(start: str) -> list[str]:
    """Return the filters with this prefix."""
    return [name for name in FILTERS if name.startswith(start)]
