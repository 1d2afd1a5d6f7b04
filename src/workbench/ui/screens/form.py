"""A form over a screen: fields, what they mean, enter to go on and esc to leave."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from ..present.text import clean
from ..widgets.input import InputLine

T = TypeVar("T")


class FormLine(InputLine):
    """A field of a form: enter goes on with the form, tab to the next field."""


class Form(ModalScreen[T]):
    """`fields()` gives the widgets; `done()` is called on enter."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,ctrl+s", "done", "go on", show=False),
        Binding("escape", "leave", "leave", show=False),
        Binding("down", "app.focus_next", "next field", show=False),
        Binding("up", "app.focus_previous", "field before", show=False),
        Binding("ctrl+c", "leave", "leave", show=False, priority=True),
    ]
    TITLE_TEXT = ""
    KEYS = "tab next field · ← → choose · enter goes on · esc leaves"

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="form", can_focus=False) as form:
            form.border_title = Content(self.TITLE_TEXT)
            form.border_subtitle = Content(self.KEYS)
            yield from self.fields()
            yield Static("", id="told", markup=False)

    def fields(self) -> ComposeResult:
        yield from ()

    def field(self, label: str, widget: Widget) -> Horizontal:
        return Horizontal(Static(label, markup=False), widget, classes="field")

    def tell(self, text: str, bad: bool = False) -> None:
        told = self.query_one("#told", Static)
        told.set_class(bad, "bad")
        told.update(Content(("✗ " if bad else "") + clean(text, 2000)))

    def on_input_line_sent(self, event: InputLine.Sent) -> None:
        self.action_done()

    def done(self) -> None:
        self.dismiss(None)

    def action_done(self) -> None:
        self.done()

    def action_leave(self) -> None:
        self.dismiss(None)

    def get_widget_and_offset_at(self, x: int, y: int) -> Any:
        """A click while the layout changes must not crash (it does in Textual 8.2.8)."""
        try:
            return super().get_widget_and_offset_at(x, y)
        except Exception:  # whatever the compositor trips over, there is nothing under the mouse
            return None, None
