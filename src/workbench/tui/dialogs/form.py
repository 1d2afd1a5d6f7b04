"""Dialogs over a screen: fields and hints, enter for the next field, esc to leave."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from ...errors import WorkbenchError
from ..mixins import SafeClicks
from ..view.text import clean
from ..widgets.choice import Choice
from ..widgets.input import InputLine
from ..widgets.list import ListPane

T = TypeVar("T")


class FormLine(InputLine):
    """A field of a dialog: enter goes to the next field, even from an empty one."""

    SENDS_EMPTY = True


class Form(SafeClicks, ModalScreen[T]):
    """A dialog. `fields()` yields its widgets; enter on the last one, and ctrl+s, call `done()`.

    `draft` is the key of the draft: fields of a dialog that was left are restored when a
    dialog with the same key opens. Without a key no draft is stored.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "next", "next field", show=False),
        Binding("ctrl+s", "done", "save", show=False),
        Binding("escape", "leave", "leave", show=False),
        Binding("down", "app.focus_next", "next field", show=False),
        Binding("up", "app.focus_previous", "previous field", show=False),
        Binding("j", "line(1)", "down", show=False),
        Binding("k", "line(-1)", "up", show=False),
        Binding("ctrl+c", "leave", "leave", show=False, priority=True),
    ]
    TITLE_TEXT = ""
    KEYS = "enter next, on the last it saves · ctrl+s saves · esc leaves"

    def __init__(self, draft: str = "") -> None:
        super().__init__()
        self.draft = draft
        self._fresh: dict[str, str] | None = None

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="form", can_focus=False) as form:
            form.border_title = Content(self.TITLE_TEXT)
            form.border_subtitle = Content(self.KEYS)
            yield from self.fields()
            yield Static("", id="message", markup=False)

    def fields(self) -> ComposeResult:
        yield from ()

    def field(self, label: str, widget: Widget) -> Horizontal:
        return Horizontal(Static(label, markup=False), widget, classes="field")

    def notify_user(self, text: str, bad: bool = False) -> None:
        message = self.query_one("#message", Static)
        message.set_class(bad, "bad")
        message.update(Content(("✗ " if bad else "") + clean(text, 2000)))

    def show_error(self, error: WorkbenchError) -> None:
        self.notify_user(error.message + (f"\nnext: {error.hint}" if error.hint else ""), bad=True)

    # drafts

    def written(self) -> dict[str, str]:
        """Return the contents of the fields by id."""
        lines = {str(line.id): line.text for line in self.query(FormLine)}
        choices = {str(choice.id): choice.value for choice in self.query(Choice)}
        return lines | choices | {str(listed.id): str(listed.cursor) for listed in self.query(ListPane)}

    def write(self, fields: dict[str, str]) -> None:
        """Fill the fields with a draft."""
        for listed in self.query(ListPane):
            listed.move(int(fields.get(str(listed.id), listed.cursor)), by_user=False)
        for choice in self.query(Choice):
            choice.choose(fields.get(str(choice.id), choice.value))
        for line in self.query(FormLine):
            line.text = fields.get(str(line.id), line.text)

    def recall(self) -> None:
        """Restore the draft. Called when the fields have their initial contents."""
        self._fresh = self.written()
        kept = self.drafts.pop(self.draft, None) if self.draft else None
        if kept is not None:
            self.write(kept)
            self.notify_user("draft restored")

    @property
    def drafts(self) -> dict[str, dict[str, str]]:
        drafts: dict[str, dict[str, str]] = getattr(self.app, "drafts", {})
        return drafts

    # keys

    def on_input_line_sent(self, event: InputLine.Sent) -> None:
        event.stop()
        self.action_next()

    def action_next(self) -> None:
        """Go to the next field; from the last one, or from none, finish."""
        order = self.focus_chain
        at = order.index(self.focused) if self.focused in order else len(order)
        if at + 1 < len(order):
            self.set_focus(order[at + 1])
        else:
            self.done()

    def action_line(self, by: int) -> None:
        """Go to the next line of the focused list."""
        if isinstance(self.focused, ListPane):
            self.focused.move(self.focused.cursor + by)

    def done(self) -> None:
        self.dismiss(None)

    def action_done(self) -> None:
        self.done()

    def action_leave(self) -> None:
        if self.draft and self._fresh is not None and self.written() != self._fresh:
            self.drafts[self.draft] = self.written()
        self.dismiss(None)
