"""The name of a conversation."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Static

from ...workspace.session import Session
from ..view.text import one_line
from .form import Form, FormLine


class NameDialog(Form[str]):
    """Returns the name, "" to remove it; or None."""

    TITLE_TEXT = "Name this conversation"
    KEYS = "enter save · esc cancel"

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session

    def fields(self) -> ComposeResult:
        words = self.session.first_words()
        line = FormLine(id="name", placeholder=one_line(words, 60) or "a few words")
        line.text = self.session.name
        yield self.field("name", line)
        hint = "Shown in the list of open conversations and in Review. Empty: its first message is shown."
        yield Static(hint, classes="hint", markup=False)

    def on_mount(self) -> None:
        self.query_one("#name", FormLine).focus()

    def done(self) -> None:
        self.dismiss(" ".join(self.query_one("#name", FormLine).text.split())[:120])
