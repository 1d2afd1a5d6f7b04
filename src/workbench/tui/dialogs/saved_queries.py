"""The saved queries: open one, or save the current query."""

from __future__ import annotations

import re

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from ..view.text import Line, Span, clean, fit, one_line
from ..widgets.list import ListPane
from .form import Form, FormLine


class Queues(ListPane):
    def __init__(self, queues: dict[str, str], *, id: str) -> None:
        super().__init__(id=id)
        self.queues = list(queues.items())

    @property
    def count(self) -> int:
        return len(self.queues)

    def line(self, index: int, width: int) -> Line:
        name, query = self.queues[index]
        return fit([Span(f"{one_line(name, 40):16} "), Span(one_line(query, 400), "dim")], width)


class SavedQueriesDialog(Form[tuple[str, str]]):
    """Returns a name and a query: a saved one to open it, a new one to save it, "" to delete it."""

    TITLE_TEXT = "Queues"
    KEYS = "enter open or save · esc cancel"

    def __init__(self, queues: dict[str, str], asked: str) -> None:
        super().__init__()
        self.queues, self.asked = queues, asked

    def fields(self) -> ComposeResult:
        if self.queues:
            yield Queues(self.queues, id="queues")
        asked = (
            f"current query: {self.asked}" if self.asked else "there is no current query: type one with / first"
        )
        yield Static(Content(clean(asked, 400)), classes="label")
        yield self.field("save as", FormLine(id="name", placeholder="a name; -name deletes the saved query"))

    def on_mount(self) -> None:
        self.query_one("#queues" if self.queues else "#name").focus()

    def action_next(self) -> None:
        """Open the selected queue, or save under the name that is written."""
        self.done()

    def done(self) -> None:
        words = self.query_one("#name", FormLine).text.strip()
        name = re.sub(r'[\s":]+', "-", words.removeprefix("-")).strip("-")
        if not words and self.queues:
            self.dismiss(self.query_one(Queues).queues[self.query_one(Queues).cursor])
        elif words.startswith("-") and name in self.queues:
            self.dismiss((name, ""))
        elif not name or words.startswith("-"):
            self.notify_user(f"there is no queue {name!r}" if name else "give it a name", bad=True)
        elif not self.asked:
            self.notify_user("there is no current query: leave with esc and type one with /", bad=True)
        else:
            self.dismiss((name, self.asked))
