"""The search bar, in place of the footer: the phrase and the result."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Static, TextArea

from ..view.text import clean
from .input import InputLine


class FootLine(InputLine):
    """A single line; enter accepts it even if it is empty."""

    MAX_HEIGHT = 1
    SENDS_EMPTY = True

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "ctrl+j":
            event.stop()
            event.prevent_default()
        else:
            await super()._on_key(event)


class SearchBar(Horizontal):
    """Opens with the sign of the kind of search. Reports each change, and enter."""

    class Changed(Message):
        """Sent when the text has changed; `kept` when enter was pressed."""

        def __init__(self, foot: SearchBar, text: str, kept: bool) -> None:
            super().__init__()
            self.foot = foot
            self.text = text
            self.kept = kept

        @property
        def control(self) -> SearchBar:
            return self.foot

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.sign = ""

    def compose(self) -> ComposeResult:
        yield Static("", id="foot-sign", markup=False)
        yield FootLine(id="foot-line")
        yield Static("", id="foot-result", markup=False)

    @property
    def line(self) -> FootLine:
        return self.query_one(FootLine)

    @property
    def is_open(self) -> bool:
        return bool(self.sign)

    def open(self, sign: str, text: str = "", placeholder: str = "") -> None:
        self.sign = sign
        self.query_one("#foot-sign", Static).update(sign)
        self.line.placeholder = placeholder
        self.line.text = text
        self.line.move_cursor(self.line.document.end)
        self.show_result("")
        self.screen.add_class("asking")
        self.line.focus()

    def close(self) -> None:
        if self.line.text.strip() and self.line.text not in self.line.past[-1:]:
            self.line.past.append(self.line.text)
        self.sign = ""
        self.screen.remove_class("asking")

    def show_result(self, text: str, bad: bool = False) -> None:
        """Show the result at the right."""
        result = self.query_one("#foot-result", Static)
        result.set_class(bad, "bad")
        result.update(clean(text, 200))

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        if self.is_open:
            self.post_message(self.Changed(self, event.text_area.text, kept=False))

    def on_input_line_sent(self, event: InputLine.Sent) -> None:
        event.stop()
        if self.is_open:
            self.post_message(self.Changed(self, self.line.text, kept=True))
