"""Dialogs over a screen: fields and hints, enter for the next field, esc to leave."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static, TextArea

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


class Field(Vertical):
    """A label, a widget, and below it what is wrong with its content."""

    def __init__(self, label: str, widget: Widget) -> None:
        self.problem = Static("", classes="problem", markup=False)
        super().__init__(Horizontal(Static(label, markup=False), widget), self.problem, classes="field")
        self.show_problem("")

    def show_problem(self, text: str) -> None:
        self.problem.display = bool(text)
        self.problem.update(Content(f"✗ {clean(text, 600)}" if text else ""))


class Form(SafeClicks, ModalScreen[T]):
    """A dialog. `fields()` yields its widgets; enter on the last one, and ctrl+s, call `done()`.

    `problems()` checks the fields as the user types; while there is one, the form is not accepted.

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
    KEYS = "enter next / save · ctrl+s save · esc cancel"

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

    def field(self, label: str, widget: Widget) -> Field:
        return Field(label, widget)

    def field_of(self, id: str) -> Field:
        """Return the field of the widget with this id."""
        return next(part for part in self.query_one(f"#{id}").ancestors if isinstance(part, Field))

    # checks

    def problems(self) -> dict[str, str]:
        """Return what is wrong with the contents of the fields, by id; not that one is still empty."""
        return {}

    @on(TextArea.Changed)
    @on(Choice.Changed)
    @on(ListPane.Moved)
    def check(self) -> dict[str, str]:
        """Show at each field what is wrong with it, and return the same."""
        problems = self.problems()
        for field in self.query(Field):
            inputs = [part for part in field.query("*") if part.id]
            field.show_problem(next((problems[str(part.id)] for part in inputs if part.id in problems), ""))
        return problems

    def accept(self) -> None:
        """Finish, unless something is wrong: then go to that field."""
        for id in self.check():
            self.query_one(f"#{id}").focus()
            return
        self.done()

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
            self.accept()

    def action_line(self, by: int) -> None:
        """Go to the next line of the focused list."""
        if isinstance(self.focused, ListPane):
            self.focused.move(self.focused.cursor + by)

    def done(self) -> None:
        self.dismiss(None)

    def action_done(self) -> None:
        self.accept()

    def action_leave(self) -> None:
        if self.draft and self._fresh is not None and self.written() != self._fresh:
            self.drafts[self.draft] = self.written()
        self.dismiss(None)
