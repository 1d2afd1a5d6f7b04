"""A choice between a few words, with ← and → or the first letter."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Click, Key
from textual.message import Message
from textual.widget import Widget


class Choice(Widget, can_focus=True):
    """Shows words side by side; the selected one in brackets, so that it is visible without colour."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l", "step(1)", "next", show=False),
        Binding("left,h", "step(-1)", "before", show=False),
    ]

    class Changed(Message):
        def __init__(self, choice: Choice, value: str) -> None:
            super().__init__()
            self.choice = choice
            self.value = value

        @property
        def control(self) -> Choice:
            return self.choice

    def __init__(self, values: list[str], value: str = "", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.values = values
        self.value = value if value in values else values[0]

    def render(self) -> Content:
        parts: list[str | tuple[str, str]] = []
        for word in self.values:
            parts.append((f"[{word}]", "bold") if word == self.value else word)
            parts.append("  ")
        return Content.assemble(*parts[:-1])

    def choose(self, value: str) -> None:
        if value != self.value:
            self.value = value
            self.refresh(layout=True)
            self.post_message(self.Changed(self, value))

    def action_step(self, by: int) -> None:
        self.choose(self.values[(self.values.index(self.value) + by) % len(self.values)])

    def on_key(self, event: Key) -> None:
        """Select the next word that begins with the letter."""
        if event.character and event.character.isalpha() and event.character not in "hl":
            start = self.values.index(self.value) + 1
            order = self.values[start:] + self.values[:start]
            found = next((word for word in order if word.startswith(event.character.lower())), None)
            if found:
                event.stop()
                self.choose(found)

    def on_click(self, event: Click) -> None:
        self.focus()
        self.action_step(1)
