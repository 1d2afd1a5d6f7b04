"""The input line: enter sends, ctrl+j breaks the line."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from textual import events
from textual.message import Message
from textual.widgets import TextArea

from ..view.text import typed

MAX_PASTE = 100_000  # characters


@runtime_checkable
class NotifiesUser(Protocol):
    """A screen or a dialog that shows messages."""

    def notify_user(self, text: str) -> None: ...


class InputLine(TextArea):
    """Sends a text on enter. Grows with the text, up to a few lines."""

    MAX_HEIGHT = 6
    SENDS_EMPTY = False

    class Sent(Message):
        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, *, id: str | None = None, placeholder: str = "") -> None:
        super().__init__(id=id, compact=True, soft_wrap=True, placeholder=placeholder, highlight_cursor_line=False)
        self.match_cursor_bracket = False
        self.past: list[str] = []
        self.suggested = ""  # the text that enter writes into an empty line
        self._back = 0

    @property
    def is_invisible(self) -> bool:
        """Return whether the terminal is too small to show it; then it accepts no input."""
        return self.screen.has_class("small")

    def load_text(self, text: str) -> None:
        """Load a text, without control characters that a terminal would obey; the cursor is at its end."""
        super().load_text(typed(text))
        self.move_cursor(self.document.end)

    async def _on_key(self, event: events.Key) -> None:
        if self.is_invisible or event.key.startswith("alt+"):
            event.stop()
            event.prevent_default()
        elif event.key == "enter":
            event.stop()
            event.prevent_default()
            text = self.text.strip()
            if text or self.SENDS_EMPTY:
                self.post_message(self.Sent(text))
            elif self.suggested:
                self.text = self.suggested
        elif event.key == "ctrl+j":
            event.stop()
            event.prevent_default()
            self.insert("\n")
        elif (
            event.key in ("up", "down") and "\n" not in self.text and (self.past and (self._back or not self.text))
        ):
            event.stop()
            event.prevent_default()
            self._recall(1 if event.key == "up" else -1)
        else:
            await super()._on_key(event)

    async def _on_paste(self, event: events.Paste) -> None:
        """Paste plain text, up to a limit."""
        text = typed(event.text)
        if len(text) > MAX_PASTE:
            if isinstance(self.screen, NotifiesUser):
                self.screen.notify_user(f"pasted the first {MAX_PASTE:,} of {len(text):,} characters")
            text = text[:MAX_PASTE]
        event.stop()
        event.prevent_default()
        if text and not self.is_invisible:
            await super()._on_paste(events.Paste(text))

    def _recall(self, by: int) -> None:
        """Recall what was sent before, as a shell does."""
        self._back = max(0, min(self._back + by, len(self.past)))
        self.text = self.past[-self._back] if self._back else ""

    def put(self, text: str) -> None:
        """Replace the text; the old one is kept among the sent ones."""
        if self.text.strip() and self.text != text:
            self.past.append(self.text)
        self.text = text

    def sent(self, text: str) -> None:
        """Clear the line, and remember its text as sent."""
        self.past.append(text)
        self._back = 0
        self.text = ""

    def on_text_area_changed(self) -> None:
        self._grow()

    def on_resize(self) -> None:
        self.call_after_refresh(self._grow)

    def _grow(self) -> None:
        lines = self.wrapped_document.height if self.text else 1
        self.styles.height = max(1, min(lines, self.MAX_HEIGHT))
